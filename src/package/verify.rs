//! Whether some content is the package that a manifest describes.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::digest::{Digests, Sha1, Sha256};
use crate::protocol::response::Package;

impl Package {
    /// Reads some content to its end and checks that it is this package's: its
    /// size, its SHA-1 if there is one, its SHA-256 if there is one, in this
    /// order. A package without digests is checked for its size only.
    ///
    /// Not more than one byte beyond the size is read, so this ends even if
    /// the content does not.
    ///
    /// ```
    /// use omaha::{Sha1, protocol::response::Package};
    ///
    /// let package = Package::default()
    ///     .with_name("update.gz")
    ///     .with_size(3_u64)
    ///     .with_sha1("a9993e364706816aba3e25717850c26c9cd0d89d".parse::<Sha1>()?);
    /// assert!(package.verify(&b"abc"[..]).is_ok());
    /// assert_eq!(
    ///     package.verify(&b"ab"[..]).unwrap_err().to_string(),
    ///     "\"update.gz\": the size is 2 bytes, expected 3"
    /// );
    /// # Ok::<(), omaha::ParseDigestError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When reading fails, and when something is not as the package says.
    pub fn verify(&self, reader: impl Read) -> Result<(), VerifyError> {
        self.compare(reader).map_err(|kind| self.error(kind))
    }

    /// Checks the file of the package's name in a directory, as
    /// [`Package::verify`] does.
    ///
    /// The name comes from a server. It must be a plain file name, so that it
    /// cannot lead out of the directory. A symbolic link in the directory is
    /// followed.
    ///
    /// # Errors
    ///
    /// Those of [`Package::verify`]; when the name is not a plain file name;
    /// and when there is no regular file of that name.
    pub fn verify_in(&self, directory: &Path) -> Result<(), VerifyError> {
        if !is_plain(&self.name) {
            return Err(self.error(VerifyErrorKind::Name));
        }
        let path = directory.join(&self.name);
        let result = open(&path).map_err(VerifyErrorKind::Io);
        result
            .and_then(|file| self.compare(file))
            .map_err(|kind| VerifyError { path: Some(path), ..self.error(kind) })
    }

    fn compare(&self, reader: impl Read) -> Result<(), VerifyErrorKind> {
        // One byte more than expected tells that there is more.
        let limit = self.size.saturating_add(1);
        let found = Digests::from_reader(reader.take(limit)).map_err(VerifyErrorKind::Io)?;
        self.check(&found)
    }

    /// Whether these are the digests of this package's content, or of its
    /// beginning and one byte more.
    fn check(&self, found: &Digests) -> Result<(), VerifyErrorKind> {
        if found.size != self.size {
            return Err(VerifyErrorKind::Size {
                expected: self.size,
                found: (found.size < self.size).then_some(found.size),
            });
        }
        if let Some(expected) = self.sha1.filter(|sha1| *sha1 != found.sha1) {
            let found = found.sha1;
            return Err(VerifyErrorKind::Sha1 { expected, found });
        }
        if let Some(expected) = self.sha256.filter(|sha256| *sha256 != found.sha256) {
            let found = found.sha256;
            return Err(VerifyErrorKind::Sha256 { expected, found });
        }
        Ok(())
    }

    /// Checks the digests of content that was hashed while it came.
    #[cfg(feature = "client")]
    pub(crate) fn verify_digests(&self, found: &Digests) -> Result<(), VerifyError> {
        self.check(found).map_err(|kind| self.error(kind))
    }

    /// The content's length is not this package's.
    #[cfg(feature = "client")]
    pub(crate) fn wrong_size(&self, found: Option<u64>) -> VerifyError {
        self.error(VerifyErrorKind::Size { expected: self.size, found })
    }

    fn error(&self, kind: VerifyErrorKind) -> VerifyError {
        VerifyError { name: self.name.clone(), path: None, kind }
    }
}

/// Whether a name stands for a file in a directory, whichever directory it is.
/// A backslash separates paths on Windows only; no package's name needs one.
pub(crate) fn is_plain(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(['/', '\\', '\0'])
}

/// Opens a regular file. Anything else is refused before it is opened, because
/// to open a named pipe is to wait for somebody who writes to it.
fn open(path: &Path) -> io::Result<File> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    File::open(path)
}

/// Why some content is not a package's: which package, and what is wrong.
#[derive(Debug)]
pub struct VerifyError {
    name: String,
    path: Option<PathBuf>,
    kind: VerifyErrorKind,
}

/// What is wrong with the content of a package.
#[derive(Debug)]
#[non_exhaustive]
pub enum VerifyErrorKind {
    /// The package's name is not a plain file name.
    Name,
    /// The content cannot be read.
    Io(io::Error),
    /// The size is another one.
    #[non_exhaustive]
    Size {
        /// In bytes, as the package says.
        expected: u64,
        /// In bytes, or `None` for more than expected: the rest was not read.
        found: Option<u64>,
    },
    /// The SHA-1 is another one.
    #[non_exhaustive]
    Sha1 {
        /// As the package says.
        expected: Sha1,
        /// Of the content.
        found: Sha1,
    },
    /// The SHA-256 is another one.
    #[non_exhaustive]
    Sha256 {
        /// As the package says.
        expected: Sha256,
        /// Of the content.
        found: Sha256,
    },
}

impl VerifyError {
    /// The package's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file, if it was [`Package::verify_in`] that looked for one.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// What is wrong.
    pub fn kind(&self) -> &VerifyErrorKind {
        &self.kind
    }
}

impl fmt::Display for VerifyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Quoted and escaped: the name comes from the network.
        match &self.path {
            Some(path) => write!(formatter, "{path:?}: ")?,
            None => write!(formatter, "{:?}: ", self.name)?,
        }
        match &self.kind {
            VerifyErrorKind::Name => formatter.write_str("the name is not a plain file name"),
            VerifyErrorKind::Io(_) => formatter.write_str("cannot be read"),
            VerifyErrorKind::Size { expected, found } => match found {
                Some(1) => write!(formatter, "the size is 1 byte, expected {expected}"),
                Some(found) => write!(formatter, "the size is {found} bytes, expected {expected}"),
                None => {
                    write!(formatter, "the size is more than {expected} bytes, expected {expected}")
                }
            },
            VerifyErrorKind::Sha1 { expected, found } => {
                write!(formatter, "the SHA-1 is {found}, expected {expected}")
            }
            VerifyErrorKind::Sha256 { expected, found } => {
                write!(formatter, "the SHA-256 is {found}, expected {expected}")
            }
        }
    }
}

impl std::error::Error for VerifyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            VerifyErrorKind::Io(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
