//! Why a package cannot be had.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::client::{RedirectError, TransportError};
use crate::package::{VerifyError, VerifyErrorKind};
use crate::protocol::ErrorCode;
use crate::quoted::Quoted;

/// Why a download failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum DownloadError {
    /// There is no answer.
    Transport(TransportError),
    /// The answer is a redirect that is not followed.
    Redirect(RedirectError),
    /// The answer has neither the content nor a part of it.
    #[non_exhaustive]
    Http {
        /// The status.
        status: u16,
    },
    /// The content broke off.
    #[non_exhaustive]
    Cut {
        /// Bytes so far.
        at: u64,
        /// Bytes in all, as the package says.
        total: u64,
        /// Why.
        source: io::Error,
    },
    /// The server answered the request for a part with another one.
    #[non_exhaustive]
    Range {
        /// Where the part should begin.
        at: u64,
        /// The answer's `Content-Range`, if there is one.
        found: Option<String>,
    },
    /// The server has other content by now than when the download began.
    #[non_exhaustive]
    Changed {
        /// The entity tag at the beginning.
        before: String,
        /// The entity tag now.
        after: String,
    },
    /// The content is encoded, which was not requested.
    Encoding(String),
    /// The package's name is not a plain file name.
    Name(String),
    /// The package has no size, without which nothing can be verified.
    NoSize,
    /// The content is not the package's.
    Verify(VerifyError),
    /// The content could not be written.
    Write(io::Error),
    /// The file could not be created, or not be put in place.
    #[non_exhaustive]
    File {
        /// Its path.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl DownloadError {
    /// Whether the download may be continued.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Transport(error) => error.is_temporary(),
            Self::Http { status, .. } => matches!(status, 408 | 429 | 500 | 502 | 503 | 504),
            Self::Cut { source, .. } => source.kind() != io::ErrorKind::InvalidData,
            _ => false,
        }
    }

    /// `update_engine`'s number for it.
    pub fn error_code(&self) -> ErrorCode {
        match self {
            Self::Verify(error) => match error.kind() {
                VerifyErrorKind::Size { .. } => ErrorCode::PAYLOAD_SIZE_MISMATCH,
                _ => ErrorCode::PAYLOAD_HASH_MISMATCH,
            },
            Self::NoSize | Self::Name(_) => ErrorCode::OMAHA_RESPONSE_INVALID,
            Self::Write(_) | Self::File { .. } => ErrorCode::DOWNLOAD_WRITE_ERROR,
            _ => ErrorCode::DOWNLOAD_TRANSFER_ERROR,
        }
    }
}

impl fmt::Display for DownloadError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transport(error) => error.fmt(formatter),
            Self::Redirect(error) => error.fmt(formatter),
            Self::Http { status } => write!(formatter, "the answer has HTTP status {status}"),
            Self::Cut { at, total, .. } => write!(formatter, "cut at byte {at} of {total}"),
            Self::Range { at, found } => {
                write!(formatter, "asked for what follows byte {at}, the server sent ")?;
                match found {
                    Some(found) => write!(formatter, "{}", Quoted(found)),
                    None => formatter.write_str("a part without saying which"),
                }
            }
            Self::Changed { before, after } => write!(
                formatter,
                "the package was changed during the download: its entity tag was {} and is {}",
                Quoted(before),
                Quoted(after)
            ),
            Self::Encoding(found) => {
                write!(
                    formatter,
                    "the content is encoded as {}, which was not requested",
                    Quoted(found)
                )
            }
            Self::Name(name) => {
                write!(formatter, "the name {} is not that of a file", Quoted(name))
            }
            Self::NoSize => formatter.write_str("the manifest gives the package no size"),
            Self::Verify(error) => error.fmt(formatter),
            Self::Write(_) => formatter.write_str("cannot write"),
            Self::File { path, .. } => write!(formatter, "cannot write {path:?}"),
        }
    }
}

impl Error for DownloadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            // These speak for themselves, in `Display` and here.
            Self::Transport(error) => error.source(),
            Self::Redirect(error) => error.source(),
            Self::Cut { source, .. } | Self::Write(source) | Self::File { source, .. } => {
                Some(source)
            }
            Self::Verify(error) => error.source(),
            _ => None,
        }
    }
}

impl From<VerifyError> for DownloadError {
    fn from(error: VerifyError) -> Self {
        Self::Verify(error)
    }
}
