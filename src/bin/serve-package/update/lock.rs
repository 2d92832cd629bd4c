//! One update at a time.

use std::fs::{File, TryLockError};

use super::error::UpdateError;
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
    pub fn take(root: &Root) -> Result<Self, UpdateError> {
        let path = root.path(PATH);
        let fail = |error| UpdateError::file(&path, "cannot be locked", &error);
        let file = File::create(&path).map_err(fail)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => {
                Err("another `serve-package update` runs; wait for it, or stop it".into())
            }
            Err(TryLockError::Error(error)) => Err(fail(error)),
        }
    }
}
