//! An HTTP response, before it is bytes.

use std::borrow::Cow;

/// What a client gets that waits to be told to send its body.
pub(crate) const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// Plain text, as people read it who debug with curl.
const TEXT: &str = "text/plain; charset=utf-8";

/// A status, headers and a whole body. A download has no body here.
#[derive(Debug)]
pub(crate) struct Response {
    pub status: Status,
    headers: Vec<(&'static str, String)>,
    content_type: &'static str,
    body: Vec<u8>,
    /// The length to announce, if it is not that of `body`.
    length: Option<u64>,
    /// Why the request is refused, for the operator, if it is.
    pub refusal: Option<Cow<'static, str>>,
}

/// A request that is not served: the status, and why, in one line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub status: Status,
    pub reason: Cow<'static, str>,
}

impl Refusal {
    pub fn new(status: Status, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { status, reason: reason.into() }
    }

    pub fn bad_request(reason: &'static str) -> Self {
        Self::new(Status::BadRequest, reason)
    }
}

/// The reason is the body, and the operator sees it as well.
impl From<Refusal> for Response {
    fn from(Refusal { status, reason }: Refusal) -> Self {
        let body = format!("{reason}\n").into_bytes();
        Self { refusal: Some(reason), ..Self::new(status, TEXT, body) }
    }
}

impl Response {
    pub fn new(status: Status, content_type: &'static str, body: Vec<u8>) -> Self {
        Self { status, headers: Vec::new(), content_type, body, length: None, refusal: None }
    }

    /// Nothing but a status and headers.
    pub fn empty(status: Status) -> Self {
        Self::new(status, TEXT, Vec::new())
    }

    /// An Omaha document.
    pub fn xml(status: Status, document: String) -> Self {
        Self::new(status, "text/xml; charset=utf-8", document.into_bytes())
    }

    /// The head of a response whose body, this many bytes of a package, is sent
    /// separately.
    pub fn package(status: Status, length: u64) -> Self {
        let response = Self::new(status, "application/octet-stream", Vec::new());
        Self { length: Some(length), ..response }
    }

    /// Says the same to the client, and tells the operator that it was refused.
    pub fn refusing(self, reason: &'static str) -> Self {
        Self { refusal: Some(reason.into()), ..self }
    }

    /// Adds a header. `value` must be visible ASCII and spaces; nothing that a
    /// client sent goes here.
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    #[cfg(test)]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The same without its body, for HEAD.
    pub fn head(self) -> Self {
        Self { length: self.length.or(Some(self.body.len() as u64)), body: Vec::new(), ..self }
    }

    /// The bytes of the response, with this `Date`.
    pub fn render(&self, date: &str, persistence: Persistence) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(512 + self.body.len());
        let mut add = |texts: &[&str]| {
            for text in texts {
                bytes.extend_from_slice(text.as_bytes());
            }
        };
        add(&["HTTP/1.1 ", self.status.line(), "\r\nDate: ", date]);
        // A 304 has no body, and its length would be that of the package.
        if self.status != Status::NotModified {
            let length = self.length.unwrap_or(self.body.len() as u64).to_string();
            // Responses are data, whatever a browser might make of them.
            add(&["\r\nContent-Type: ", self.content_type, "\r\nX-Content-Type-Options: nosniff"]);
            add(&["\r\nContent-Length: ", &length]);
        }
        for (name, value) in &self.headers {
            add(&["\r\n", name, ": ", value]);
        }
        add(&["\r\nConnection: ", persistence.as_str(), "\r\n\r\n"]);
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// Whether the connection is used again after a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Persistence {
    KeepAlive,
    Close,
}

impl Persistence {
    fn as_str(self) -> &'static str {
        match self {
            Self::KeepAlive => "keep-alive",
            Self::Close => "close",
        }
    }
}

/// The HTTP statuses that this server answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
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
    ExpectationFailed,
    HeaderTooLarge,
    InternalServerError,
    NotImplemented,
    ServiceUnavailable,
}

impl Status {
    pub fn code(self) -> u16 {
        self.line().split(' ').next().and_then(|code| code.parse().ok()).unwrap_or_default()
    }

    /// Its part of the status line.
    fn line(self) -> &'static str {
        match self {
            Self::Ok => "200 OK",
            Self::PartialContent => "206 Partial Content",
            Self::NotModified => "304 Not Modified",
            Self::BadRequest => "400 Bad Request",
            Self::NotFound => "404 Not Found",
            Self::MethodNotAllowed => "405 Method Not Allowed",
            Self::PreconditionFailed => "412 Precondition Failed",
            Self::ContentTooLarge => "413 Content Too Large",
            Self::UnsupportedMediaType => "415 Unsupported Media Type",
            Self::RangeNotSatisfiable => "416 Range Not Satisfiable",
            Self::ExpectationFailed => "417 Expectation Failed",
            Self::HeaderTooLarge => "431 Request Header Fields Too Large",
            Self::InternalServerError => "500 Internal Server Error",
            Self::NotImplemented => "501 Not Implemented",
            Self::ServiceUnavailable => "503 Service Unavailable",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: &str = "Sun, 09 Sep 2001 01:46:40 GMT";

    #[test]
    fn a_refusal() {
        let response = Response::from(Refusal::new(Status::MethodNotAllowed, "only POST"));
        let response = response.with_header("Allow", "POST");
        assert_eq!(response.status.code(), 405);
        let bytes = response.render(DATE, Persistence::Close);
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            format!(
                "HTTP/1.1 405 Method Not Allowed\r\nDate: {DATE}\r\n\
                 Content-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n\
                 Content-Length: 10\r\nAllow: POST\r\nConnection: close\r\n\r\nonly POST\n"
            )
        );
    }

    #[test]
    fn without_a_body() {
        let refusal = || Response::from(Refusal::bad_request("no"));
        let whole = refusal().render(DATE, Persistence::Close);
        let head = refusal().head().render(DATE, Persistence::Close);
        assert_eq!([&head[..], b"no\n"].concat(), whole);
        let bytes = Response::empty(Status::NotModified).render(DATE, Persistence::KeepAlive);
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            format!("HTTP/1.1 304 Not Modified\r\nDate: {DATE}\r\nConnection: keep-alive\r\n\r\n")
        );
    }
}
