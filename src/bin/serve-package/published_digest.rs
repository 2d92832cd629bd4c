//! The published digest of a file: `FILE.sha256` beside it, as the release server
//! has it and `sha256sum` writes it.

use std::fs::{self, File};
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
    /// When it cannot be read, or has no SHA-256 in hex: what is wrong, in words.
    pub fn of(file: &Path) -> Result<Option<Self>, String> {
        let mut path = file.as_os_str().to_owned();
        path.push(".sha256");
        let path = PathBuf::from(path);
        let text = match beginning(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("{path:?}: {}", Plain(&error))),
        };
        let text = String::from_utf8_lossy(&text);
        let text = text.trim_start_matches('\u{feff}').trim();
        let line = text.lines().next().ok_or_else(|| format!("{path:?} is empty"))?;
        // As `sha256sum --tag` writes it, or else first.
        let digest = match line.strip_prefix("SHA256 (") {
            Some(line) => line.rsplit(' ').next(),
            None => line.split_whitespace().next(),
        };
        let sha256 = Sha256::from_hex(digest.unwrap_or_default())
            .map_err(|error| format!("{path:?}: {error}"))?;
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

/// As much of a file as holds the digest, whatever follows.
fn beginning(path: &Path) -> io::Result<Vec<u8>> {
    const LOOKED_AT: u64 = 4096;
    let metadata = fs::metadata(path)?;
    // To open a pipe would wait for its writer.
    if !metadata.is_file() && !metadata.is_dir() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut text = Vec::new();
    File::open(path)?.take(LOOKED_AT).read_to_end(&mut text)?;
    Ok(text)
}
