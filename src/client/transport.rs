//! How requests travel: a trait, so that tests can script it.

use std::error::Error;
use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;

use super::HttpUrl;

/// Sends one HTTP request and returns the answer as it comes: redirects are
/// not followed, and no status is an error.
pub trait Transport: fmt::Debug + Send + Sync {
    /// Sends a request and waits for the head of the answer.
    ///
    /// # Errors
    ///
    /// When there is no answer, or something that is not HTTP.
    fn send(&self, request: &HttpRequest<'_>) -> Result<HttpAnswer, TransportError>;
}

impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn send(&self, request: &HttpRequest<'_>) -> Result<HttpAnswer, TransportError> {
        self.as_ref().send(request)
    }
}

/// A request to be sent.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct HttpRequest<'a> {
    /// Where to.
    pub url: &'a HttpUrl,
    /// What to send: the body of a `POST`, or none for a `GET`.
    pub body: Option<&'a [u8]>,
    /// Headers besides those that the transport adds: `Host`, `Accept`,
    /// `User-Agent`, `Content-Length` and `Connection`, and `Authorization` for
    /// a URL that names a user.
    pub headers: &'a [(&'static str, &'a str)],
    /// How long all may take, up to the end of the answer's body. Without it,
    /// only standing still is limited.
    pub timeout: Option<Duration>,
}

impl<'a> HttpRequest<'a> {
    /// A `GET` without further headers and without a limit of time.
    pub fn get(url: &'a HttpUrl) -> Self {
        Self { url, body: None, headers: &[], timeout: None }
    }

    /// A `POST` without further headers and without a limit of time.
    pub fn post(url: &'a HttpUrl, body: &'a [u8]) -> Self {
        Self { body: Some(body), ..Self::get(url) }
    }

    /// The same with these headers.
    #[must_use]
    pub fn with_headers(self, headers: &'a [(&'static str, &'a str)]) -> Self {
        Self { headers, ..self }
    }

    /// The same within this time.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }
    }
}

/// The answer to a request.
#[non_exhaustive]
pub struct HttpAnswer {
    /// The status.
    pub status: u16,
    /// The headers. Bytes that are not UTF-8 are replaced.
    pub headers: Vec<(String, String)>,
    /// The body. A body that was cut ends with an error of the kind
    /// [`UnexpectedEof`](io::ErrorKind::UnexpectedEof), one that stands still
    /// with [`TimedOut`](io::ErrorKind::TimedOut), one that is not valid HTTP
    /// with [`InvalidData`](io::ErrorKind::InvalidData).
    pub body: Box<dyn Read + Send>,
}

impl HttpAnswer {
    /// An answer with these headers and this body.
    pub fn new(
        status: u16,
        headers: Vec<(String, String)>,
        body: impl Read + Send + 'static,
    ) -> Self {
        Self { status, headers, body: Box::new(body) }
    }

    /// The value of the first header of this name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for HttpAnswer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("HttpAnswer")
            .field("status", &self.status)
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}

/// Why there is no answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum TransportError {
    /// The URL is `https`, and this program was built without TLS.
    NoTls,
    /// The host's name leads to no address.
    Resolve {
        /// The host.
        host: String,
        /// What the system says.
        source: io::Error,
    },
    /// No connection to any address of the host.
    Connect {
        /// Host and port.
        to: String,
        /// What the system says of the last address.
        source: io::Error,
    },
    /// The other side cannot be trusted, or does not speak TLS.
    Tls(Box<dyn Error + Send + Sync>),
    /// The connection broke.
    Io {
        /// During what: `sending the request`, `waiting for the answer`.
        doing: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// Nothing came for too long.
    Timeout {
        /// During what.
        doing: &'static str,
        /// How long was waited at that point.
        after: Duration,
    },
    /// The connection was closed without an answer.
    Closed,
    /// The request cannot be sent, because a header is malformed.
    Request(String),
    /// The answer is not HTTP/1.
    Protocol(String),
}

impl TransportError {
    /// Whether another try may succeed: the network and the server come and
    /// go, but a program does not learn TLS or HTTP meanwhile.
    pub fn is_temporary(&self) -> bool {
        !matches!(self, Self::NoTls | Self::Tls(_) | Self::Request(_) | Self::Protocol(_))
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTls => formatter.write_str(
                "the URL is https, but this program was built without TLS; \
                 use http, or build it with the feature tls",
            ),
            Self::Resolve { host, .. } => write!(formatter, "no address is known for {host}"),
            Self::Connect { to, .. } => write!(formatter, "cannot connect to {to}"),
            Self::Tls(_) => formatter.write_str("TLS failed"),
            Self::Io { doing, .. } => write!(formatter, "the connection broke while {doing}"),
            Self::Timeout { doing, after } => {
                let tenths = (after.as_millis() + 50) / 100;
                write!(formatter, "gave up {doing} after {}.{} s", tenths / 10, tenths % 10)
            }
            Self::Closed => formatter.write_str("the connection was closed without an answer"),
            Self::Request(reason) => write!(formatter, "the request cannot be sent: {reason}"),
            Self::Protocol(reason) => write!(formatter, "the answer is not HTTP/1: {reason}"),
        }
    }
}

impl Error for TransportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Resolve { source, .. }
            | Self::Connect { source, .. }
            | Self::Io { source, .. } => Some(source),
            Self::Tls(error) => Some(error.as_ref()),
            _ => None,
        }
    }
}
