//! Tests of reading and writing as a whole.

mod arbitrary;
mod limits;
mod properties;
mod reading;
mod refusals;
mod sources;
mod values;
mod writing;

use crate::protocol::{Request, Response};

/// The request that a document holds.
fn request(document: &str) -> Request {
    Request::read(document.as_bytes()).expect(document)
}

/// The response that a document holds.
fn response(document: &str) -> Response {
    Response::read(document.as_bytes()).expect(document)
}

/// Why a document is not read as a request.
fn refusal(document: impl AsRef<[u8]>) -> String {
    Request::read(document.as_ref()).unwrap_err().to_string()
}

/// Why a document is not read as a response.
fn response_refusal(document: &str) -> String {
    Response::read(document.as_bytes()).unwrap_err().to_string()
}

/// A request with this in it, on one line.
fn with(content: &str) -> String {
    format!(r#"<request protocol="3.0">{content}</request>"#)
}
