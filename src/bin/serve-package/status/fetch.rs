//! Fetching `/status.json`.

use std::io::Read;
use std::time::Duration;

use omaha::client::{HttpRequest, HttpTransport, HttpUrl, Transport};

use super::document::Document;
use crate::format::{OneLine, sentence};

/// Longer than 10,000 machines, whatever they say of themselves.
const MAX_LENGTH: u64 = 64 * 1024 * 1024;

/// Asks a server how its machines are.
///
/// # Errors
///
/// Why there is no answer that can be read.
pub fn fetch(url: &HttpUrl, timeout: Duration) -> Result<Document, String> {
    let transport = HttpTransport::new().with_idle_timeout(timeout);
    let request = HttpRequest::get(url).with_timeout(timeout);
    let answer = transport.send(&request).map_err(|error| sentence(&error))?;
    let mut body = Vec::new();
    let read = answer.body.take(MAX_LENGTH + 1).read_to_end(&mut body);
    match answer.status {
        200 => {}
        404 => return Err("HTTP status 404: does the server run with --status?".to_owned()),
        status => {
            let body = String::from_utf8_lossy(&body);
            return Err(match body.lines().next() {
                Some(first) => format!("HTTP status {status}: {}", OneLine(first)),
                None => format!("HTTP status {status}"),
            });
        }
    }
    read.map_err(|error| format!("the answer ended too early: {}", sentence(&error)))?;
    if body.len() as u64 > MAX_LENGTH {
        return Err(format!("the answer is longer than {MAX_LENGTH} bytes"));
    }
    let text =
        String::from_utf8(body).map_err(|error| format!("not a status document: {error}"))?;
    Document::read(&text).map_err(|error| format!("not a status document: {error}"))
}
