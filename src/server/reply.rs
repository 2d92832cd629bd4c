//! An answer, before it is bytes.

use std::io::{self, Write};
use std::time::SystemTime;

/// A status, headers and a whole body. A download writes its body itself.
#[derive(Debug)]
pub(super) struct Reply {
    pub status: Status,
    pub headers: Vec<(&'static str, String)>,
    pub content_type: &'static str,
    pub body: Vec<u8>,
    /// Why the request is refused, for the operator, if it is.
    pub refusal: Option<String>,
}

/// Plain text, as people read it who debug with curl.
const TEXT: &str = "text/plain; charset=utf-8";

impl Reply {
    /// One line of text.
    pub fn text(status: Status, line: &str) -> Self {
        Self {
            status,
            headers: Vec::new(),
            content_type: TEXT,
            body: format!("{line}\n").into_bytes(),
            refusal: None,
        }
    }

    /// Nothing but a status and headers.
    pub fn empty(status: Status) -> Self {
        Self { body: Vec::new(), ..Self::text(status, "") }
    }

    /// An Omaha document.
    pub fn xml(status: Status, document: String) -> Self {
        Self {
            status,
            headers: Vec::new(),
            content_type: "text/xml; charset=utf-8",
            body: document.into_bytes(),
            refusal: None,
        }
    }

    /// Refuses with one line of text, which the operator sees as well.
    pub fn refusal(status: Status, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self::text(status, &reason).refusing(reason)
    }

    /// Tells the operator why the request is refused.
    pub fn refusing(mut self, reason: String) -> Self {
        self.refusal = Some(reason);
        self
    }

    /// Adds a header. `value` must be visible ASCII and spaces; nothing that a
    /// client sent goes here.
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The bytes of the answer; for a HEAD, without the body.
    pub fn render(&self, persistence: Persistence, head: bool) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(512 + self.body.len());
        // A 304 has no body, and its length would be that of the package.
        let has_body = self.status != Status::NotModified;
        let length = has_body.then_some(self.body.len() as u64);
        let content_type = has_body.then_some(self.content_type);
        write_head(&mut bytes, self.status, content_type, length, &self.headers, persistence)?;
        if has_body && !head {
            bytes.extend_from_slice(&self.body);
        }
        Ok(bytes)
    }
}

/// Whether the connection is used again after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Persistence {
    KeepAlive,
    Close,
}

/// Writes the head of an answer whose body has `length` bytes.
pub(super) fn write_head(
    sink: &mut impl Write,
    status: Status,
    content_type: Option<&str>,
    length: Option<u64>,
    headers: &[(&'static str, String)],
    persistence: Persistence,
) -> io::Result<()> {
    write!(sink, "HTTP/1.1 {} {}\r\n", status.code(), status.phrase())?;
    write!(sink, "Date: {}\r\n", httpdate::fmt_http_date(SystemTime::now()))?;
    if let Some(content_type) = content_type {
        // Answers are data, whatever a browser might make of them.
        write!(sink, "Content-Type: {content_type}\r\nX-Content-Type-Options: nosniff\r\n")?;
    }
    if let Some(length) = length {
        write!(sink, "Content-Length: {length}\r\n")?;
    }
    for (name, value) in headers {
        write!(sink, "{name}: {value}\r\n")?;
    }
    let connection = match persistence {
        Persistence::KeepAlive => "keep-alive",
        Persistence::Close => "close",
    };
    write!(sink, "Connection: {connection}\r\n\r\n")
}

/// The HTTP statuses that this server answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Ok,
    PartialContent,
    NotModified,
    BadRequest,
    NotFound,
    MethodNotAllowed,
    PreconditionFailed,
    ContentTooLarge,
    UnsupportedMediaType,
    RangeNotSatisfiable,
    HeaderTooLarge,
    InternalServerError,
    ServiceUnavailable,
}

impl Status {
    pub fn code(self) -> u16 {
        match self {
            Self::Ok => 200,
            Self::PartialContent => 206,
            Self::NotModified => 304,
            Self::BadRequest => 400,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::PreconditionFailed => 412,
            Self::ContentTooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::RangeNotSatisfiable => 416,
            Self::HeaderTooLarge => 431,
            Self::InternalServerError => 500,
            Self::ServiceUnavailable => 503,
        }
    }

    fn phrase(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::PartialContent => "Partial Content",
            Self::NotModified => "Not Modified",
            Self::BadRequest => "Bad Request",
            Self::NotFound => "Not Found",
            Self::MethodNotAllowed => "Method Not Allowed",
            Self::PreconditionFailed => "Precondition Failed",
            Self::ContentTooLarge => "Content Too Large",
            Self::UnsupportedMediaType => "Unsupported Media Type",
            Self::RangeNotSatisfiable => "Range Not Satisfiable",
            Self::HeaderTooLarge => "Request Header Fields Too Large",
            Self::InternalServerError => "Internal Server Error",
            Self::ServiceUnavailable => "Service Unavailable",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head() {
        let mut head = Vec::new();
        let headers = [("Allow", "POST".to_owned())];
        let status = Status::MethodNotAllowed;
        write_head(&mut head, status, Some(TEXT), Some(5), &headers, Persistence::Close).unwrap();
        let head = String::from_utf8(head).unwrap();
        assert!(head.starts_with("HTTP/1.1 405 Method Not Allowed\r\nDate: "), "{head}");
        assert!(head.ends_with("Allow: POST\r\nConnection: close\r\n\r\n"), "{head}");
        assert!(head.contains("Content-Length: 5\r\n"), "{head}");
    }
}
