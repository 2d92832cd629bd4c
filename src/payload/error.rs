//! Why a file is not a payload that can be installed.

use std::fmt;
use std::io;

use super::format::Format;
use crate::digest::Sha256;

/// Why a file is not a payload that can be installed.
#[derive(Debug)]
#[non_exhaustive]
pub enum PayloadError {
    /// It cannot be read.
    Io(io::Error),
    /// It does not begin like a payload, but like this.
    NotAPayload(Format),
    /// It is in this version of the format, and not in version 1.
    Version(u64),
    /// It ends too early.
    #[non_exhaustive]
    Cut {
        /// In which part it ends.
        part: Part,
        /// Bytes that the file should have at least, as far as it was read.
        expected: u64,
        /// Bytes that it has.
        found: u64,
    },
    /// Something follows after its end.
    #[non_exhaustive]
    TooLong {
        /// Bytes that the file should have.
        expected: u64,
        /// Bytes that it has, or `None` if the rest was not read.
        found: Option<u64>,
    },
    /// The header announces a manifest of this many bytes, more than
    /// [`Payload::MAX_MANIFEST`](super::Payload::MAX_MANIFEST).
    ManifestTooLong(u64),
    /// Some part contradicts the format.
    #[non_exhaustive]
    Malformed {
        /// Which part.
        part: Part,
        /// What is wrong.
        problem: String,
    },
    /// The manifest announces no signatures, and no machine would install it.
    Unsigned,
    /// An operation of an operating system's payload has data without a SHA-256.
    NoDigest,
    /// The manifest does not say the SHA-256 of what results.
    NoPartitionInfo,
    /// The data of an operation are not those that the manifest describes.
    #[non_exhaustive]
    Damaged {
        /// Which operation, counted from 1.
        operation: u32,
        /// Where in the file its data begin.
        offset: u64,
        /// Bytes of its data.
        length: u64,
        /// As the manifest says.
        expected: Sha256,
        /// Of the data.
        found: Sha256,
    },
}

/// A part of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Part {
    /// The first 20 bytes.
    Header,
    /// The list of operations.
    Manifest,
    /// The data of the operations.
    Data,
    /// The signatures at the end.
    Signatures,
}

impl PayloadError {
    pub(super) fn manifest(problem: impl fmt::Display) -> Self {
        Self::Malformed { part: Part::Manifest, problem: problem.to_string() }
    }

    pub(super) fn data(problem: impl fmt::Display) -> Self {
        Self::Malformed { part: Part::Data, problem: problem.to_string() }
    }

    pub(super) fn signatures(problem: impl fmt::Display) -> Self {
        Self::Malformed { part: Part::Signatures, problem: problem.to_string() }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Header => "header",
            Self::Manifest => "manifest",
            Self::Data => "operations' data",
            Self::Signatures => "signatures",
        })
    }
}

impl fmt::Display for PayloadError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(_) => formatter.write_str("the payload cannot be read"),
            Self::NotAPayload(format) => write!(formatter, "it is {format}, not an update payload"),
            Self::Version(version) => write!(
                formatter,
                "it is a payload in version {version} of the format; expected version 1"
            ),
            Self::Cut { part, expected, found } => write!(
                formatter,
                "it is a payload that was cut in its {part}: it has {found} bytes, expected at \
                 least {expected}; download it again"
            ),
            Self::TooLong { expected, found } => {
                write!(formatter, "it is a payload of {expected} bytes with something after it: ")?;
                match found {
                    Some(found) => write!(formatter, "the file has {found}"),
                    None => write!(formatter, "the file has more"),
                }?;
                formatter.write_str("; download it again")
            }
            Self::ManifestTooLong(length) => write!(
                formatter,
                "it is not a valid payload: its header announces a manifest of {length} bytes; \
                 expected at most {}",
                super::Payload::MAX_MANIFEST
            ),
            Self::Malformed { part, problem } => {
                write!(formatter, "it is not a valid payload: {part}: {problem}")
            }
            Self::Unsigned => {
                formatter.write_str("it is a payload without signatures, which no machine installs")
            }
            Self::NoDigest => {
                formatter.write_str("it is not a valid payload: an operation has no SHA-256")
            }
            Self::NoPartitionInfo => formatter
                .write_str("it is not a valid payload: it has no SHA-256 of the new partition"),
            Self::Damaged { operation, offset, length, expected, found } => write!(
                formatter,
                "it is a damaged payload: the {length} bytes of operation {operation}, at byte \
                 {offset}, have the SHA-256 {found}, expected {expected}; download it again"
            ),
        }
    }
}

impl std::error::Error for PayloadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for PayloadError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
