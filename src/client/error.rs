//! Why there is no usable answer, and `update_engine`'s number for it.

use std::error::Error;
use std::fmt;
use std::io;

use super::app_status::Explained;
use super::{RedirectError, TransportError, events};
use crate::protocol::request::Event;
use crate::protocol::{AppStatus, ErrorCode, ReadError, UpdateStatus, limits};
use crate::quoted::Quoted;

/// Why a request has no usable answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum ClientError {
    /// There is no answer.
    Transport(TransportError),
    /// The answer is a redirect that is not followed.
    Redirect(RedirectError),
    /// The answer's status is not 2xx.
    #[non_exhaustive]
    Http {
        /// The status.
        status: u16,
        /// What the body says, shortened to one line; may be empty.
        detail: String,
    },
    /// The answer broke off.
    Cut(io::Error),
    /// The answer is empty.
    Empty,
    /// The answer is longer than [`limits::DOCUMENT`].
    TooLarge,
    /// The answer's content type is not that of an XML document in UTF-8.
    ContentType(String),
    /// The answer is not an Omaha response.
    Document(ReadError),
    /// The answer says nothing about the application.
    #[non_exhaustive]
    AppMissing {
        /// The application's id.
        id: String,
    },
    /// The server will not deal with the application.
    #[non_exhaustive]
    AppStatus {
        /// The application's id.
        id: String,
        /// The server's word for it.
        status: AppStatus,
    },
    /// The answer to an update check says nothing of updates.
    #[non_exhaustive]
    UpdateCheckMissing {
        /// The application's id.
        id: String,
    },
    /// The answer to an update check is neither `ok` nor `noupdate`.
    #[non_exhaustive]
    UpdateStatus {
        /// The application's id.
        id: String,
        /// The server's word for it.
        status: UpdateStatus,
        /// The server's word for the application. Where it is not `ok`, it is
        /// the reason: Nebraska answers `error-internal` beside it.
        app_status: AppStatus,
    },
}

impl ClientError {
    /// Whether another try may succeed: the network failed, or the HTTP status
    /// is 408, 429, 500, 502, 503 or 504.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Transport(error) => error.is_temporary(),
            Self::Cut(error) => error.kind() != io::ErrorKind::InvalidData,
            Self::Http { status, .. } => matches!(status, 408 | 429 | 500 | 502 | 503 | 504),
            _ => false,
        }
    }

    /// `update_engine`'s number for it.
    pub fn error_code(&self) -> ErrorCode {
        match self {
            Self::Transport(_) | Self::Cut(_) => ErrorCode::OMAHA_REQUEST_ERROR,
            Self::Redirect(error) => ErrorCode::from_http_status(error.status()),
            Self::Http { status, .. } => ErrorCode::from_http_status(*status),
            Self::Empty => ErrorCode::OMAHA_REQUEST_EMPTY_RESPONSE,
            Self::ContentType(_) | Self::Document(_) => ErrorCode::OMAHA_REQUEST_XML_PARSE_ERROR,
            Self::TooLarge
            | Self::AppMissing { .. }
            | Self::AppStatus { .. }
            | Self::UpdateCheckMissing { .. }
            | Self::UpdateStatus { .. } => ErrorCode::OMAHA_RESPONSE_INVALID,
        }
    }

    /// The event that tells the server, unless the failure is the server's own
    /// well-formed word, which it knows already.
    pub fn event(&self) -> Option<Event> {
        match self {
            Self::AppStatus { .. } | Self::UpdateStatus { .. } => None,
            _ => Some(events::failed(self.error_code())),
        }
    }

    /// The status of the application, if that is why: not `ok`, but one such
    /// as `error-noPackageFound`.
    pub fn app_status(&self) -> Option<&AppStatus> {
        match self {
            Self::AppStatus { status, .. } | Self::UpdateStatus { app_status: status, .. } => {
                Some(status).filter(|status| **status != AppStatus::Ok)
            }
            _ => None,
        }
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transport(error) => error.fmt(formatter),
            Self::Redirect(error) => error.fmt(formatter),
            Self::Http { status, detail } => {
                write!(formatter, "the answer has HTTP status {status}")?;
                if detail.is_empty() { Ok(()) } else { write!(formatter, ": {}", Quoted(detail)) }
            }
            Self::Cut(_) => formatter.write_str("the answer ended too early"),
            Self::Empty => formatter.write_str("the answer is empty"),
            Self::TooLarge => {
                write!(formatter, "the answer is longer than {} bytes", limits::DOCUMENT)
            }
            Self::ContentType(found) => write!(
                formatter,
                "the answer's content type is {}, not text/xml or application/xml in UTF-8",
                Quoted(found)
            ),
            Self::Document(_) => formatter.write_str("the answer cannot be read"),
            Self::AppMissing { id } => {
                write!(formatter, "the answer says nothing about application {}", Quoted(id))
            }
            Self::AppStatus { id, status } => write!(
                formatter,
                "the server refuses application {} with status {}",
                Quoted(id),
                Explained(status)
            ),
            Self::UpdateCheckMissing { id } => {
                write!(formatter, "the answer for application {} has no <updatecheck>", Quoted(id))
            }
            Self::UpdateStatus { id, status, app_status: AppStatus::Ok } => write!(
                formatter,
                "the server answers the update check of application {} with status {}; \
                 clients know ok and noupdate",
                Quoted(id),
                Quoted(status.as_str())
            ),
            Self::UpdateStatus { id, status, app_status } => write!(
                formatter,
                "the server refuses application {} with status {}, and its update check with \
                 status {}",
                Quoted(id),
                Explained(app_status),
                Quoted(status.as_str())
            ),
        }
    }
}

impl Error for ClientError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            // These speak for themselves, in `Display` and here.
            Self::Transport(error) => error.source(),
            Self::Redirect(error) => error.source(),
            Self::Cut(error) => Some(error),
            Self::Document(error) => Some(error),
            _ => None,
        }
    }
}

/// Why a client cannot be made, or an application not added.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SettingsError {
    /// The user id is empty.
    NoUserId,
    /// The application's id is empty.
    NoAppId,
    /// The application's version is empty.
    NoVersion {
        /// The application's id.
        id: String,
    },
    /// There is such an application already.
    DuplicateApp {
        /// The application's id.
        id: String,
    },
    /// There is no such application.
    UnknownApp {
        /// The application's id.
        id: String,
    },
}

impl fmt::Display for SettingsError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoUserId => {
                formatter.write_str("the user id is empty; it must identify this installation")
            }
            Self::NoAppId => formatter.write_str("an application's id is empty"),
            Self::NoVersion { id } => {
                write!(formatter, "the version of application {} is empty", Quoted(id))
            }
            Self::DuplicateApp { id } => {
                write!(formatter, "there is an application {} already", Quoted(id))
            }
            Self::UnknownApp { id } => {
                write!(formatter, "there is no application {}", Quoted(id))
            }
        }
    }
}

impl Error for SettingsError {}
