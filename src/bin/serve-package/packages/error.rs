//! Why packages cannot be served.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use omaha::payload::PayloadError;
use omaha::{PackageError, PackageName, ParsePackageNameError};

use crate::format::Plain;
use crate::key_file::KeyFileError;

/// Why the packages cannot be served.
#[derive(Debug)]
pub enum StartError {
    /// An extension has no name.
    NoName(PathBuf),
    /// An extension's name is not allowed in a URL.
    Name(ParsePackageNameError),
    /// Two have one name.
    SameName(PackageName),
    /// One cannot be read, or is not a payload.
    Open { flag: &'static str, path: PathBuf, error: Box<PackageError> },
    /// The key cannot be read.
    Key(KeyFileError),
    /// One is a payload that is wrong here.
    Package { path: PathBuf, problem: Problem },
}

/// Why a payload is wrong where it was given.
#[derive(Debug)]
pub enum Problem {
    Twice,
    Extension,
    OperatingSystem,
    Delta,
    DeltaExtension,
    DeltaInFolder,
    /// It is the payload of this under the name of the other.
    Misnamed(&'static str),
    NotSigned(PathBuf),
    Damaged(PayloadError),
    Published(String),
}

impl fmt::Display for StartError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoName(path) => {
                write!(formatter, "{:?}: an extension needs a file name", lossy(path))
            }
            Self::Name(error) => error.fmt(formatter),
            Self::SameName(name) => {
                write!(formatter, "two packages would be called {name}; rename one of the files")
            }
            Self::Open { error, .. } if error.payload().is_some() => {
                write!(formatter, "{error} (--skip-payload-check serves it anyway)")
            }
            Self::Open { flag, path, error } => {
                let Some(reason) = error.source().and_then(|source| source.downcast_ref()) else {
                    return write!(formatter, "{flag} {error}");
                };
                write!(formatter, "cannot read {flag} {path:?}: {}", Plain(reason))?;
                if is_hidden(path, reason) {
                    formatter.write_str(
                        "; the service cannot see /home, /root and /tmp: \
                         put it into /var/lib/serve-package",
                    )?;
                }
                Ok(())
            }
            Self::Key(error) => error.fmt(formatter),
            Self::Package { path, problem } => write!(formatter, "{path:?}: {problem}"),
        }
    }
}

fn lossy(path: &Path) -> String {
    path.display().to_string()
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Twice => formatter.write_str("the file is given twice"),
            Self::Extension => formatter.write_str(
                "it is the payload of an extension, and --package-file expects that of an \
                 operating system; give it with --extension",
            ),
            Self::OperatingSystem => formatter.write_str(
                "it is the payload of an operating system, and --extension expects that of an \
                 extension",
            ),
            Self::Delta => formatter.write_str(
                "it is a delta payload, which applies to one version only, and a full one is \
                 expected; --previous-version says which version it is for",
            ),
            Self::DeltaExtension => {
                formatter.write_str("it is a delta payload, and --extension expects a full one")
            }
            Self::DeltaInFolder => formatter.write_str(
                "it is a delta payload, which applies to one version only, and a full one is \
                 expected",
            ),
            Self::Misnamed(kind) => {
                write!(formatter, "it is the payload of an {kind}, but its name says otherwise")
            }
            Self::NotSigned(key) => {
                write!(
                    formatter,
                    "it is not signed by the key {key:?}, so no machine with this key installs it"
                )
            }
            Self::Damaged(error) => error.fmt(formatter),
            Self::Published(problem) => formatter.write_str(problem),
        }
    }
}

/// Its text includes the cause.
impl Error for StartError {}

/// Whether the sandbox of the unit may be the reason. systemd gives each of
/// its services an invocation id (`systemd.exec(5)`).
pub fn is_hidden(path: &Path, error: &io::Error) -> bool {
    let is_refused = matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied | io::ErrorKind::NotADirectory
    );
    is_refused
        && std::env::var_os("INVOCATION_ID").is_some()
        && ["/home", "/root", "/tmp", "/var/tmp"].iter().any(|folder| path.starts_with(folder))
}

impl From<KeyFileError> for StartError {
    fn from(error: KeyFileError) -> Self {
        Self::Key(error)
    }
}
