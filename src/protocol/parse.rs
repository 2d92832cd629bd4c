//! Reading a document that came by HTTP.

use std::error::Error;
use std::fmt;
use std::io::Read;

use super::{ContentTypeError, ReadError, Request, Response};
use crate::media_type;

impl Request {
    /// Reads a request as [`read`](Self::read) does, from a body whose
    /// `Content-Type` is the first argument; none or an empty one is as good
    /// as `text/xml`.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Self::read), and before anything is read that the body
    /// claims to be something else than XML in UTF-8.
    pub fn parse(content_type: Option<&str>, body: impl Read) -> Result<Self, ParseError> {
        media_type::check(content_type)?;
        Ok(Self::read(body)?)
    }
}

impl Response {
    /// Reads a response as [`read`](Self::read) does, from a body whose
    /// `Content-Type` is the first argument; none or an empty one is as good
    /// as `text/xml`.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Self::read), and before anything is read that the body
    /// claims to be something else than XML in UTF-8.
    pub fn parse(content_type: Option<&str>, body: impl Read) -> Result<Self, ParseError> {
        media_type::check(content_type)?;
        Ok(Self::read(body)?)
    }
}

/// Why a body is not an Omaha document.
#[derive(Debug)]
#[non_exhaustive]
pub enum ParseError {
    /// It does not claim to be one.
    ContentType(ContentTypeError),
    /// It is none.
    Read(ReadError),
}

impl From<ContentTypeError> for ParseError {
    fn from(error: ContentTypeError) -> Self {
        Self::ContentType(error)
    }
}

impl From<ReadError> for ParseError {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

/// The message of the error within, whose own source is the source.
impl fmt::Display for ParseError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ContentType(error) => error.fmt(formatter),
            Self::Read(error) => error.fmt(formatter),
        }
    }
}

impl Error for ParseError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::ContentType(error) => error.source(),
            Self::Read(error) => error.source(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &[u8] = br#"<request protocol="3.0"></request>"#;

    #[test]
    fn the_content_type_comes_first() {
        for right in [None, Some(""), Some("text/xml; charset=utf-8"), Some("application/xml")] {
            assert!(Request::parse(right, DOCUMENT).is_ok(), "{right:?}");
        }
        let error = Request::parse(Some("text/html"), &b"no XML"[..]).unwrap_err();
        assert!(matches!(error, ParseError::ContentType(ContentTypeError::MediaType)), "{error}");
        let error = Response::parse(Some("text/xml"), DOCUMENT).unwrap_err();
        assert!(matches!(error, ParseError::Read(_)), "{error}");
    }
}
