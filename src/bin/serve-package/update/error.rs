//! Why an update, or a step of it, cannot be done.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::Path;

use crate::format::Plain;

/// A sentence for the operator: what is wrong, and what to do. Nothing depends
/// on which error it is.
#[derive(Debug)]
pub struct UpdateError(String);

impl UpdateError {
    /// Something about a file, and what the system says.
    pub fn file(path: &Path, what: &str, error: &io::Error) -> Self {
        Self(format!("{path:?} {what}: {}", Plain(error)))
    }
}

impl From<String> for UpdateError {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for UpdateError {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<io::Error> for UpdateError {
    fn from(error: io::Error) -> Self {
        Self(Plain(&error).to_string())
    }
}

impl fmt::Display for UpdateError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Error for UpdateError {}
