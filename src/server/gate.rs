//! The gate: no request reaches the HTTP engine before its whole head is there.
//!
//! The engine reads a head byte by byte, for as long as it takes and however
//! long it is. So the head is looked at first where it lies, in the socket
//! (`MSG_PEEK`), and only a complete one of a sane length is let through. A
//! client that sends something else than HTTP/1 learns so at once.
//!
//! The engine reads ahead: what a client sends before it has its answer may be
//! in the engine's buffer, where the gate cannot see it. Therefore a connection
//! on which that happened is closed after the answer, and the client asks again
//! (RFC 9112, section 9.3.2, expects no more). No known client does it.

use std::io;
use std::net::TcpStream;

use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};

use super::reply::{Reply, Status};

/// Longest head: request line and headers. Real ones have less than 1 KiB.
pub(super) const MAX_HEAD: usize = 16 * 1024;

/// Most lines of a head: the engine needs 100 bytes for each, however short.
const MAX_LINES: usize = 100;

/// Room for a look at a request, of which no more is touched than is seen.
pub(super) fn room() -> Vec<u8> {
    vec![0; MAX_HEAD]
}

/// What there is of a request.
#[derive(Debug)]
pub(super) enum Arrival {
    /// So many bytes of a head that is not complete.
    Partial(usize),
    /// A complete head.
    Head {
        /// Bytes of the head.
        head: usize,
        /// Bytes of the head and the body, if the head tells.
        whole: Option<usize>,
        /// Bytes that have come, as far as one looks.
        seen: usize,
    },
    /// Something that is not to be read further.
    Refused(Reply),
    /// The client has gone.
    Gone,
}

/// Looks at what has come of a request, and does not wait for more.
pub(super) fn look(socket: &TcpStream, scan: &mut Scan, view: &mut [u8]) -> io::Result<Arrival> {
    let seen = loop {
        match recv(socket, &mut *view, RecvFlags::PEEK | RecvFlags::DONTWAIT) {
            Ok((_, 0)) => return Ok(Arrival::Gone),
            Ok((_, seen)) => break seen,
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => break 0,
            Err(error) => return Err(error.into()),
        }
    };
    Ok(match scan.head(view.get(..seen).unwrap_or_default()) {
        Progress::Complete(head) => {
            let whole = scan.body().and_then(|body| head.checked_add(body));
            Arrival::Head { head, whole, seen }
        }
        Progress::Refused(status, reason) => Arrival::Refused(Reply::refusal(status, reason)),
        Progress::Incomplete if seen >= MAX_HEAD => {
            let reason = "the head of the request is too long";
            Arrival::Refused(Reply::refusal(Status::HeaderTooLarge, reason))
        }
        Progress::Incomplete => Arrival::Partial(seen),
    })
}

/// Throws away what has come and was not read, without waiting for more.
pub(super) fn discard(socket: &TcpStream) -> io::Result<()> {
    let mut buffer = [0; 4096];
    for _ in 0..MAX_HEAD / buffer.len() {
        let (_, seen) = recv(socket, &mut buffer, RecvFlags::DONTWAIT)?;
        if seen < buffer.len() {
            break;
        }
    }
    Ok(())
}

/// How far a head has been looked at.
#[derive(Debug, Default)]
pub(super) struct Scan {
    position: usize,
    line_start: usize,
    lines: usize,
    /// How often each of [`ONCE`] was there.
    once: [usize; ONCE.len()],
    body: Announced,
    /// Where the head ends, once that is known.
    end: Option<usize>,
}

/// Headers of which there may be only one: the engine takes the first, and
/// another program between here and the client may take another (RFC 9112,
/// sections 3.2 and 6.3).
const ONCE: [&[u8]; 3] = [b"Host:", CONTENT_LENGTH, b"Transfer-Encoding:"];

const CONTENT_LENGTH: &[u8] = b"Content-Length:";

/// Headers with which the length of the body is not all that matters: its end is
/// found by reading it, or the client waits for a word before it sends it.
const UNTOLD: [&[u8]; 2] = [b"Transfer-Encoding:", b"Expect:"];

/// What a head tells of the body.
#[derive(Clone, Copy, Debug, Default)]
enum Announced {
    #[default]
    Nothing,
    Length(usize),
    /// Not its length, or not only that.
    Untold,
}

/// What a look at a head has come to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Progress {
    Incomplete,
    Complete(usize),
    Refused(Status, &'static str),
}

impl Scan {
    /// Goes on in a head of which these bytes, from its beginning, are known.
    pub fn head(&mut self, bytes: &[u8]) -> Progress {
        const NOT_HTTP: Progress = Progress::Refused(Status::BadRequest, "this is not HTTP/1");
        if let Some(end) = self.end {
            return Progress::Complete(end);
        }
        while let Some(&byte) = bytes.get(self.position) {
            let before = self.position.checked_sub(1).and_then(|before| bytes.get(before));
            self.position += 1;
            match (before, byte) {
                (Some(b'\r'), b'\n') => {
                    let line_end = self.position - 2;
                    let line = bytes.get(self.line_start..line_end).unwrap_or_default();
                    if line.is_empty() && self.lines > 0 {
                        self.end = Some(self.position);
                        return Progress::Complete(self.position);
                    }
                    if self.lines == 0 && !is_request_line(line) {
                        return NOT_HTTP;
                    }
                    if self.lines > 0 && !is_header(line) {
                        let reason = "a header has no name, or something other than a name";
                        return Progress::Refused(Status::BadRequest, reason);
                    }
                    for (name, number) in ONCE.iter().zip(&mut self.once) {
                        *number += usize::from(value_of(line, name).is_some());
                        if *number > 1 {
                            let reason = "a header is there twice that may be there once";
                            return Progress::Refused(Status::BadRequest, reason);
                        }
                    }
                    if let Some(length) = value_of(line, CONTENT_LENGTH) {
                        self.body.announce(length);
                    } else if UNTOLD.iter().any(|name| value_of(line, name).is_some()) {
                        self.body = Announced::Untold;
                    }
                    self.lines += 1;
                    self.line_start = self.position;
                    if self.lines > MAX_LINES {
                        let reason = "the request has too many headers";
                        return Progress::Refused(Status::HeaderTooLarge, reason);
                    }
                }
                (Some(b'\r'), _) | (_, b'\n') => {
                    let reason = "a line of the request does not end in CR LF";
                    return Progress::Refused(Status::BadRequest, reason);
                }
                // Not the beginning of a method: TLS, or any other protocol.
                (None, byte) if !byte.is_ascii_alphabetic() => return NOT_HTTP,
                (_, b'\r' | b'\t' | b' '..=b'~' | 0x80..) => {}
                _ => return NOT_HTTP,
            }
        }
        Progress::Incomplete
    }

    /// How long the body will be, if the head told.
    pub fn body(&self) -> Option<usize> {
        match self.body {
            Announced::Nothing => Some(0),
            Announced::Length(length) => Some(length),
            Announced::Untold => None,
        }
    }
}

impl Announced {
    /// Takes note of a `Content-Length`. One that is no number is refused where
    /// the body is read.
    fn announce(&mut self, length: &[u8]) {
        let length = str::from_utf8(length.trim_ascii()).ok();
        // `parse` alone would take "+80".
        let length = length.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        *self = match (*self, length.and_then(|text| text.parse().ok())) {
            (Self::Nothing, Some(length)) => Self::Length(length),
            _ => Self::Untold,
        };
    }
}

/// `Name: value`. What is folded (RFC 9112, section 5.2) or has a space before
/// the colon (section 5.1) is no header here, and would be one to the engine:
/// the two must agree on where a request ends.
fn is_header(line: &[u8]) -> bool {
    let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !name.is_empty() && name.len() < line.len() && name.iter().all(is_token)
}

/// The value of a header, if the line has this name. `name` ends in a colon.
fn value_of<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (start, value) = line.split_at_checked(name.len())?;
    start.eq_ignore_ascii_case(name).then_some(value)
}

/// `METHOD TARGET HTTP/1.x`, of the engine's versions.
fn is_request_line(line: &[u8]) -> bool {
    let mut words = line.split(|byte| *byte == b' ');
    let method = words.next().unwrap_or_default();
    let target = words.next().unwrap_or_default();
    let version = words.next().unwrap_or_default();
    method.iter().all(u8::is_ascii_alphabetic)
        && !target.is_empty()
        && matches!(version, b"HTTP/1.0" | b"HTTP/1.1")
        && words.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scan(head: &[u8]) -> Progress {
        Scan::default().head(head)
    }

    #[test]
    fn complete() {
        for head in [
            "GET / HTTP/1.1\r\n\r\n",
            "POST /v1/update HTTP/1.0\r\nHost: a\r\nContent-Length: 5\r\n\r\n",
            "GET /\u{e9} HTTP/1.1\r\nX: \t\u{e9}\r\n\r\n",
        ] {
            assert_eq!(scan(head.as_bytes()), Progress::Complete(head.len()), "{head:?}");
            let with_body = format!("{head}body");
            assert_eq!(scan(with_body.as_bytes()), Progress::Complete(head.len()));
        }
    }

    #[test]
    fn announced_bodies() {
        for (headers, body) in [
            ("", Some(0)),
            ("Content-Length: 5\r\n", Some(5)),
            ("content-length:0\r\nHost: a\r\n", Some(0)),
            ("Content-Length: +5\r\n", None),
            ("Content-Length: 99999999999999999999\r\n", None),
            ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", None),
            ("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", None),
            ("Expect: 100-continue\r\nContent-Length: 5\r\n", None),
        ] {
            let head = format!("POST / HTTP/1.1\r\n{headers}\r\n");
            let mut scan = Scan::default();
            assert_eq!(scan.head(head.as_bytes()), Progress::Complete(head.len()));
            assert_eq!(scan.body(), body, "{headers}");
            // A second look, with more behind it.
            let more = format!("{head}GET");
            assert_eq!(scan.head(more.as_bytes()), Progress::Complete(head.len()));
        }
    }

    #[test]
    fn incomplete() {
        for head in ["G", "GET / HTTP/1.1", "GET / HTTP/1.1\r", "GET / HTTP/1.1\r\nHost: a\r\n"] {
            assert_eq!(scan(head.as_bytes()), Progress::Incomplete, "{head:?}");
        }
    }

    #[test]
    fn refused_at_once() {
        for head in [
            &b"\x16\x03\x01\x02\x00\x01"[..],
            b"PRI * HTTP/2.0\r\n",
            b"GET /\r\n",
            b"GET / HTTP/0.9\r\n",
            b"GET  / HTTP/1.1\r\n",
            b"GET / HTTP/1.1 x\r\n",
            b"\r\n",
            b" GET / HTTP/1.1\r\n",
            b"GET / HTTP/1.1\n",
            b"GET / HTTP/1.1\rX",
            b"GET /\0 HTTP/1.1\r\n",
            b"GET / HTTP/1.1\r\nA: \x01",
            b"GET / HTTP/1.1\r\nA\r\n",
            b"GET / HTTP/1.1\r\n: a\r\n",
            b"GET / HTTP/1.1\r\n Content-Length: 5\r\n",
            b"GET / HTTP/1.1\r\nA: b\r\n\tfolded\r\n",
            b"GET / HTTP/1.1\r\nContent-Length : 5\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\nX: y\r\nhost: a\r\n",
            b"GET / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n",
        ] {
            let text = String::from_utf8_lossy(head);
            assert!(matches!(scan(head), Progress::Refused(Status::BadRequest, _)), "{text:?}");
        }
    }

    #[test]
    fn too_many_headers() {
        let head = format!("GET / HTTP/1.1\r\n{}", "a:\r\n".repeat(200));
        let progress = scan(head.as_bytes());
        assert!(matches!(progress, Progress::Refused(Status::HeaderTooLarge, _)), "{progress:?}");
    }

    proptest! {
        /// However a head arrives, in whatever pieces, the end is the same.
        #[test]
        fn pieces_do_not_matter(
            head in "[A-Z]{0,4} ?/[a-z\r\n\t]{0,8} HTTP/1.[01]\r\n([a-zA-Z:\r\n\t]{0,6}(\r\n)?){0,4}",
            cuts in proptest::collection::vec(0usize..80, 0..5),
        ) {
            let bytes = head.as_bytes();
            let whole = scan(bytes);
            let mut scan = Scan::default();
            let mut cuts = cuts;
            cuts.sort_unstable();
            let mut progress = Progress::Incomplete;
            for cut in cuts.into_iter().map(|cut| cut.min(bytes.len())).chain([bytes.len()]) {
                progress = scan.head(&bytes[..cut]);
                if progress != Progress::Incomplete {
                    break;
                }
            }
            prop_assert_eq!(progress, whole);
        }

        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            scan(&bytes);
        }
    }
}
