//! Tells scripts where the server answers.

use std::fmt;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Writes the address, such as `127.0.0.1:8000`, and a line break into a file,
/// so that a reader sees all of it or nothing: written beside it and renamed.
///
/// # Errors
///
/// When the folder cannot be written to.
pub fn write(path: &Path, address: SocketAddr) -> Result<(), ReadyFileError> {
    let fail = |source| ReadyFileError { path: path.to_owned(), source };
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}", std::process::id()));
    let beside = PathBuf::from(beside);
    fs::write(&beside, format!("{address}\n")).map_err(fail)?;
    fs::rename(&beside, path).map_err(|error| {
        // Nothing half-made is left; the rename's error is the one to tell.
        let _ = fs::remove_file(&beside);
        fail(error)
    })
}

/// Why the file cannot be written.
#[derive(Debug)]
pub struct ReadyFileError {
    path: PathBuf,
    source: io::Error,
}

impl fmt::Display for ReadyFileError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "--ready-file {:?} cannot be written: {}", self.path, self.source)
    }
}

impl std::error::Error for ReadyFileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}
