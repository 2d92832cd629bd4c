//! The real transport: HTTP/1.1 over TCP, and TLS where that is built in.
//!
//! The protocol is `ureq-proto`'s, which does no I/O; the sockets are here. One
//! connection serves one request: an update client makes a handful in an hour.

mod body;
mod limits;
mod stream;
#[cfg(feature = "tls")]
mod tls;
mod wire;

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ureq_proto::client::state::{RecvResponse, SendRequest};
use ureq_proto::client::{Call, RecvResponseResult, SendRequestResult};
use ureq_proto::http;

use super::transport::{HttpAnswer, HttpRequest, Transport, TransportError};
use crate::protocol::response::SERVER as PRODUCT;
use body::Body;
use limits::Limits;
use stream::Connector;
use wire::Wire;

/// HTTP/1.1 over TCP, and over TLS with the feature `tls`.
///
/// Proxies are not used, as `update_engine` is without one by default.
pub struct HttpTransport {
    connector: Connector,
    idle_timeout: Duration,
}

impl HttpTransport {
    /// How long a connection may take to be made, and how long nothing may
    /// come from it. `update_engine` gives up a download that stands still for
    /// 90 seconds.
    const IDLE_TIMEOUT: Duration = Duration::from_secs(90);

    /// A transport that waits 90 seconds for whatever comes next.
    pub fn new() -> Self {
        Self { connector: Connector::default(), idle_timeout: Self::IDLE_TIMEOUT }
    }

    /// How long to wait for a connection, and for the next bytes on it.
    #[must_use]
    pub fn with_idle_timeout(mut self, idle_timeout: Duration) -> Self {
        // A socket's timeout of nothing would mean none at all.
        self.idle_timeout = idle_timeout.max(Duration::from_millis(1));
        self
    }
}

impl Default for HttpTransport {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for HttpTransport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let idle_timeout = &self.idle_timeout;
        formatter
            .debug_struct("HttpTransport")
            .field("idle_timeout", idle_timeout)
            .finish_non_exhaustive()
    }
}

impl Transport for HttpTransport {
    fn send(&self, request: &HttpRequest<'_>) -> Result<HttpAnswer, TransportError> {
        let limits = Limits::begin(self.idle_timeout, request.timeout);
        let call = prepare(request)?;
        let stream = self.connector.connect(request.url, &limits)?;
        let mut wire = Wire::new(stream, limits);
        let call = send(&mut wire, call, request.body.unwrap_or_default())?;
        receive(wire, call)
    }
}

fn prepare(request: &HttpRequest<'_>) -> Result<Call<SendRequest>, TransportError> {
    let HttpRequest { url, .. } = request;
    let method = if request.body.is_some() { "POST" } else { "GET" };
    // A user and a zone are for us, not for the request.
    let scheme = if url.is_https() { "https" } else { "http" };
    let uri = format!("{scheme}://{}{}", url.authority(), url.path_and_query());
    let mut builder = http::Request::builder()
        .method(method)
        .uri(uri)
        .header("accept", "*/*")
        .header("user-agent", PRODUCT)
        .header("connection", "close");
    if let Some(body) = request.body {
        builder = builder.header("content-length", body.len());
    }
    if let Some(user_info) = url.user_info() {
        builder = builder.header("authorization", basic(user_info));
    }
    for (name, value) in request.headers {
        builder = builder.header(*name, *value);
    }
    let request = builder.body(()).map_err(|error| TransportError::Request(error.to_string()))?;
    Ok(Call::new(request).map_err(protocol)?.proceed())
}

/// The credentials in a URL as libcurl sends them (RFC 7617).
fn basic(user_info: &str) -> String {
    let (user, password) = user_info.split_once(':').unwrap_or((user_info, ""));
    let credentials = [unescape(user), b":".to_vec(), unescape(password)].concat();
    format!("Basic {}", BASE64.encode(credentials))
}

/// Replaces `%XX` by the byte that it stands for.
fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let digits = after.get(..2).and_then(|digits| str::from_utf8(digits).ok());
        let escaped = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        if let Some(byte) = escaped.filter(|_| *first == b'%') {
            bytes.push(byte);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    bytes
}

fn send(
    wire: &mut Wire,
    mut call: Call<SendRequest>,
    mut body: &[u8],
) -> Result<Call<RecvResponse>, TransportError> {
    // Enough for the longest line: a URL or a header.
    let mut buffer = vec![0; 64 * 1024];
    while !call.can_proceed() {
        let length = call.write(&mut buffer).map_err(protocol)?;
        wire.write(&buffer, length)?;
    }
    let mut call = match call.proceed().map_err(protocol)? {
        Some(SendRequestResult::SendBody(call)) => call,
        Some(SendRequestResult::RecvResponse(call)) => return Ok(call),
        // Only with `Expect`, which is never sent.
        Some(SendRequestResult::Await100(_)) | None => return Err(unreachable_state()),
    };
    while !body.is_empty() {
        let (used, length) = call.write(body, &mut buffer).map_err(protocol)?;
        body = &body[used..];
        wire.write(&buffer, length)?;
    }
    call.proceed().ok_or_else(unreachable_state)
}

fn receive(mut wire: Wire, mut call: Call<RecvResponse>) -> Result<HttpAnswer, TransportError> {
    let head = loop {
        wire.unfold_head();
        let (used, head) = call.try_response(wire.received(), false).map_err(protocol)?;
        wire.consume(used);
        if let Some(head) = head {
            break head;
        }
        // After an informational answer, the next one may have come already.
        if used == 0 && !wire.fill()? {
            return Err(TransportError::Closed);
        }
    };
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers =
        head.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value)));
    let (status, headers) = (head.status().as_u16(), headers.collect());
    Ok(match call.proceed() {
        Some(RecvResponseResult::RecvBody(call)) => {
            HttpAnswer::new(status, headers, Body::new(wire, call))
        }
        _ => HttpAnswer::new(status, headers, std::io::empty()),
    })
}

fn protocol(error: ureq_proto::Error) -> TransportError {
    // It may quote the answer.
    TransportError::Protocol(error.to_string().escape_debug().take(200).collect())
}

/// For what the documentation of `ureq-proto` rules out.
fn unreachable_state() -> TransportError {
    TransportError::Protocol("the request could not be written".to_owned())
}

#[cfg(test)]
mod tests;
