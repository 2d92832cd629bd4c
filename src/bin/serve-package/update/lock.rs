//! One update at a time.

use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

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
        let file = open(&path).map_err(fail)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => {
                Err("another `serve-package update` runs; wait for it, or stop it".into())
            }
            Err(TryLockError::Error(error)) => Err(fail(error)),
        }
    }
}

/// Nobody else may open it: whoever can read it can lock it.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(false).mode(0o600).open(path)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    Ok(file)
}
