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
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};

use super::reply::{Reply, Status};
use super::sys;

/// Longest head: request line and headers. Real ones have less than 1 KiB.
const MAX_HEAD: usize = 16 * 1024;

/// Most lines of a head: the engine needs 100 bytes for each, however short.
const MAX_LINES: usize = 100;

/// What is looked at first; the head of every known client fits.
const FIRST_LOOK: usize = 1024;

/// What came of waiting for a request.
#[derive(Debug)]
pub(super) enum Arrival {
    /// A complete head of so many bytes.
    Head(usize),
    /// Something that is not to be read further.
    Refused(Reply),
    /// The client went away, or was sent away.
    Gone,
    /// Nothing complete came in time.
    Late,
}

/// Waits for the head of a request. `left` tells how long it may still take.
pub(super) fn wait_for_head(
    socket: &TcpStream,
    left: impl Fn() -> Duration,
) -> io::Result<Arrival> {
    let mut scan = Scan::default();
    let mut buffer = vec![0; FIRST_LOOK];
    let mut seen = 0;
    let mut is_over = false;
    loop {
        let before = seen;
        match recv(socket, &mut buffer, RecvFlags::PEEK | RecvFlags::DONTWAIT) {
            Ok((_, 0)) => return Ok(Arrival::Gone),
            Ok((_, now)) => seen = now,
            Err(Errno::INTR) => continue,
            Err(Errno::AGAIN) => {}
            Err(error) => return Err(error.into()),
        }
        match scan.head(buffer.get(..seen).unwrap_or_default()) {
            Progress::Complete(length) => return Ok(Arrival::Head(length)),
            Progress::Refused(status, reason) => {
                return Ok(Arrival::Refused(Reply::refusal(status, reason)));
            }
            Progress::Incomplete if seen >= MAX_HEAD => return Ok(Arrival::Refused(too_long())),
            Progress::Incomplete if seen == buffer.len() => {
                buffer.resize(MAX_HEAD, 0);
                continue;
            }
            Progress::Incomplete => {}
        }
        // What came together with the end was looked at.
        if is_over && seen == before {
            return Ok(Arrival::Gone);
        }
        let left = left();
        if left.is_zero() {
            return Ok(Arrival::Late);
        }
        is_over = wait_for_more(socket, seen, left)?;
    }
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

fn too_long() -> Reply {
    Reply::refusal(Status::HeaderTooLarge, "the head of the request is too long")
}

/// Waits until there is more than what was seen, or some time has passed.
/// True if there will be no more.
fn wait_for_more(socket: &TcpStream, seen: usize, patience: Duration) -> io::Result<bool> {
    if seen > 0 {
        sys::set_receive_low_water(socket, seen + 1)?;
    }
    let mut events = [PollFd::new(socket, PollFlags::IN | PollFlags::RDHUP)];
    let patience = Timespec::try_from(patience).map_err(io::Error::other)?;
    let polled = poll(&mut events, Some(&patience));
    if seen > 0 {
        // The engine must not wait for more than it needs.
        sys::set_receive_low_water(socket, 1)?;
    }
    match polled {
        Ok(_) | Err(Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    let [event] = &events;
    let over = PollFlags::RDHUP | PollFlags::HUP | PollFlags::ERR;
    Ok(event.revents().intersects(over))
}

/// How far a head has been looked at.
#[derive(Debug, Default)]
pub(super) struct Scan {
    position: usize,
    line_start: usize,
    lines: usize,
    /// How often each of [`ONCE`] was there.
    once: [usize; ONCE.len()],
}

/// Headers of which there may be only one: the engine takes the first, and
/// another program between here and the client may take another (RFC 9112,
/// sections 3.2 and 6.3).
const ONCE: [&[u8]; 3] = [b"Host:", b"Content-Length:", b"Transfer-Encoding:"];

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
        while let Some(&byte) = bytes.get(self.position) {
            let before = self.position.checked_sub(1).and_then(|before| bytes.get(before));
            self.position += 1;
            match (before, byte) {
                (Some(b'\r'), b'\n') => {
                    let line_end = self.position - 2;
                    let line = bytes.get(self.line_start..line_end).unwrap_or_default();
                    if line.is_empty() && self.lines > 0 {
                        return Progress::Complete(self.position);
                    }
                    if self.lines == 0 && !is_request_line(line) {
                        return NOT_HTTP;
                    }
                    for (name, number) in ONCE.iter().zip(&mut self.once) {
                        let start = line.get(..name.len());
                        *number += usize::from(start.is_some_and(|s| s.eq_ignore_ascii_case(name)));
                        if *number > 1 {
                            let reason = "a header is there twice that may be there once";
                            return Progress::Refused(Status::BadRequest, reason);
                        }
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
