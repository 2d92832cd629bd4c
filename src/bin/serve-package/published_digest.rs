//! The published digest of a file: `FILE.sha256` beside it, as the release server
//! has it and `sha256sum` writes it.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use omaha::Sha256;

use crate::format::Plain;

/// A published digest, and where it was read.
#[derive(Debug)]
pub struct PublishedDigest {
    pub path: PathBuf,
    pub sha256: Sha256,
}

impl PublishedDigest {
    /// Reads what is published of a file, if something lies beside it.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or does not begin with a SHA-256 in hex: what is
    /// wrong, in words.
    pub fn of(file: &Path) -> Result<Option<Self>, String> {
        /// Bytes that hold the digest, whatever follows.
        const LOOKED_AT: u64 = 4096;
        let mut path = file.as_os_str().to_owned();
        path.push(".sha256");
        let path = PathBuf::from(path);
        let mut text = Vec::new();
        let read = File::open(&path).and_then(|file| file.take(LOOKED_AT).read_to_end(&mut text));
        match read {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("{path:?}: {}", Plain(&error))),
        }
        let text = String::from_utf8_lossy(&text);
        let digest = text.split_whitespace().next().unwrap_or_default();
        let sha256 = Sha256::from_hex(digest).map_err(|error| format!("{path:?}: {error}"))?;
        Ok(Some(Self { path, sha256 }))
    }

    /// Compares it with the digest that the file has.
    ///
    /// # Errors
    ///
    /// When it is another one: what is wrong, in words.
    pub fn compare(&self, found: &Sha256) -> Result<(), String> {
        let Self { path, sha256 } = self;
        if sha256 == found {
            return Ok(());
        }
        Err(format!("its SHA-256 is {found}, but {path:?} says {sha256}; download it again"))
    }
}
