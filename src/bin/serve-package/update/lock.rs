//! One update at a time.

use std::fmt;
use std::fs::{File, TryLockError};
use std::io;

use super::root::Root;

const PATH: &str = "/run/serve-package-update.lock";

/// Held while the machine's settings are changed. The system takes it away from
/// a process that ends, however it does.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock.
    ///
    /// # Errors
    ///
    /// When another process has it, or its file cannot be made.
    pub fn take(root: &Root) -> Result<Self, LockError> {
        let file = File::create(root.path(PATH)).map_err(LockError::Io)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(LockError::Taken),
            Err(TryLockError::Error(error)) => Err(LockError::Io(error)),
        }
    }
}

/// Why the lock cannot be had.
#[derive(Debug)]
pub enum LockError {
    Taken,
    Io(io::Error),
}

impl fmt::Display for LockError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken => {
                formatter.write_str("another `serve-package update` runs; wait for it, or stop it")
            }
            Self::Io(error) => write!(formatter, "the lock {PATH} cannot be taken: {error}"),
        }
    }
}

impl std::error::Error for LockError {}
