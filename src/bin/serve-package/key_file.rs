//! The key that payloads must be signed with.

use std::error::Error;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use omaha::payload::{KeyError, PublicKey};

use crate::format::Plain;

/// Where Flatcar and Container Linux have the key that their `update_engine`
/// verifies payloads with.
const OF_MACHINE: &str = "/usr/share/update_engine/update-payload-key.pub.pem";

/// A public key, and where it was read.
#[derive(Debug)]
pub struct KeyFile {
    pub path: PathBuf,
    pub key: PublicKey,
}

impl KeyFile {
    /// Reads a key.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or is not a public key.
    pub fn read(path: &Path) -> Result<Self, KeyFileError> {
        let fail = |problem| KeyFileError { path: path.to_owned(), problem };
        let text = fs::read(path).map_err(|error| fail(Problem::Io(error)))?;
        let key = PublicKey::from_pem(&String::from_utf8_lossy(&text));
        let key = key.map_err(|error| fail(Problem::Key(error)))?;
        Ok(Self { path: path.to_owned(), key })
    }

    /// The key of this machine, if it has one.
    ///
    /// # Errors
    ///
    /// When it has one that is none.
    pub fn of_machine() -> Result<Option<Self>, KeyFileError> {
        let path = Path::new(OF_MACHINE);
        if path.exists() { Self::read(path).map(Some) } else { Ok(None) }
    }
}

/// Why there is no key in a file.
#[derive(Debug)]
pub struct KeyFileError {
    path: PathBuf,
    problem: Problem,
}

#[derive(Debug)]
enum Problem {
    Io(io::Error),
    Key(KeyError),
}

impl fmt::Display for KeyFileError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, problem } = self;
        match problem {
            Problem::Io(error) => {
                write!(formatter, "cannot read the key {path:?}: {}", Plain(error))
            }
            Problem::Key(error) => write!(formatter, "key {path:?}: {error}"),
        }
    }
}

impl Error for KeyFileError {}
