//! The bytes of a connection, within the time there is.

use std::io::{self, Read, Write};

use super::limits::Limits;
use super::stream::Stream;
use crate::client::transport::TransportError;

/// Bytes that are received at once, and the longest head of an answer.
const BUFFER: usize = 64 * 1024;

/// A connection, and what came from it and was not looked at yet.
pub struct Wire {
    stream: Stream,
    limits: Limits,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl Wire {
    pub fn new(stream: Stream, limits: Limits) -> Self {
        Self { stream, limits, buffer: vec![0; BUFFER], start: 0, end: 0 }
    }

    /// What came and was not consumed.
    pub fn received(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Puts the lines of a folded header into one, as RFC 9112 (section 5.2)
    /// asks of a client: the parser refuses them, and libcurl, which
    /// `update_engine` uses, takes them. No byte moves.
    pub fn unfold_head(&mut self) {
        let received = &mut self.buffer[self.start..self.end];
        let mut line = 0;
        for at in 0..received.len() {
            if received[at] != b'\n' {
                continue;
            }
            // The empty line is the end of the head.
            if matches!(&received[line..at], [] | [b'\r']) {
                return;
            }
            line = at + 1;
            if matches!(received.get(line), Some(b' ' | b'\t')) {
                received[at] = b' ';
                if at > 0 && received[at - 1] == b'\r' {
                    received[at - 1] = b' ';
                }
            }
        }
    }

    pub fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
    }

    /// Writes the first bytes of a buffer.
    pub fn write(&mut self, buffer: &[u8], length: usize) -> Result<(), TransportError> {
        const DOING: &str = "sending the request";
        let wait = self.limits.wait(DOING)?;
        self.stream
            .socket()
            .set_write_timeout(Some(wait))
            .and_then(|()| self.stream.write_all(&buffer[..length]))
            .and_then(|()| self.stream.flush())
            .map_err(|error| self.explain(error, DOING))
    }

    /// Receives more of the answer's head. `false` at the end.
    pub fn fill(&mut self) -> Result<bool, TransportError> {
        const DOING: &str = "waiting for the answer";
        if self.end - self.start == self.buffer.len() {
            let reason = format!("its head is longer than {BUFFER} bytes");
            return Err(TransportError::Protocol(reason));
        }
        self.read().map_err(|error| self.explain(error, DOING))
    }

    /// Receives more. `false` at the end.
    pub fn read(&mut self) -> io::Result<bool> {
        let wait = self.limits.wait("").map_err(|_| io::ErrorKind::TimedOut)?;
        self.stream.socket().set_read_timeout(Some(wait))?;
        if self.end == self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        loop {
            let free = self.buffer.get_mut(self.end..).unwrap_or_default();
            match self.stream.read(free) {
                Ok(count) => {
                    self.end += count;
                    return Ok(count > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // What a socket with a timeout says on Linux.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn explain(&self, source: io::Error, doing: &'static str) -> TransportError {
        match source.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => self.limits.exceeded(doing),
            io::ErrorKind::InvalidData => TransportError::Tls(source.into()),
            _ => TransportError::Io { doing, source },
        }
    }
}
