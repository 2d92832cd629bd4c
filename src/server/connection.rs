//! One client: what it has sent, what it is owed, and what it is doing.
//!
//! ```text
//! reading → answering → reading … → closing
//!              └─ downloading ─┘
//! ```

use std::io;
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use rustix::net::{SendFlags, sockopt};

use super::activity::{CutCause, Observer};
use super::limits::{self, Judged, Limits, Phase, Verdict};
use super::request_reader::{Progress, RequestReader, WholeRequest};
use super::socket::{self, Received};
use super::sys;
use super::transfer::{Sent, Transfer};
use crate::http::response::{CONTINUE, Persistence, Refusal};

/// A connection, owned by one event loop at a time.
#[derive(Debug)]
pub(super) struct Connection {
    socket: TcpStream,
    peer: SocketAddr,
    requests: RequestReader,
    /// Whether there may be something to receive.
    is_readable: bool,
    /// Whether the end of what the client sends, or of the connection, was told.
    is_hung_up: bool,
    /// Whether that end was reached.
    has_ended: bool,
    /// What the client is to get, and how much of that was sent.
    output: Vec<u8>,
    sent: usize,
    /// Bytes that were handed to the network in all.
    handed_over: u64,
    /// What comes after the output, while a response is under way.
    persistence: Option<Persistence>,
    transfer: Option<Box<Transfer>>,
    phase: Phase,
    /// When the phase began, or the present window of a download.
    since: Duration,
    /// Bytes that the client had taken by then.
    taken_before: u64,
    /// Bytes of a body that is discarded.
    unwanted: u64,
}

/// What a connection has come to.
#[derive(Debug)]
pub(super) enum Step {
    /// It waits for its client.
    Wait,
    /// There is a request to answer.
    Request(WholeRequest),
    /// There is a request that cannot be read, to refuse.
    Refused(Refusal),
    /// It continues when others have had their turn.
    Again,
    /// It is to be closed.
    Close,
}

impl Connection {
    pub fn new(socket: TcpStream, peer: SocketAddr, now: Duration) -> Self {
        Self {
            socket,
            // IPv4 as what it is, even on an IPv6 socket.
            peer: SocketAddr::new(peer.ip().to_canonical(), peer.port()),
            requests: RequestReader::default(),
            is_readable: true,
            is_hung_up: false,
            has_ended: false,
            output: Vec::new(),
            sent: 0,
            handed_over: 0,
            persistence: None,
            transfer: None,
            phase: Phase::New,
            since: now,
            taken_before: 0,
            unwanted: 0,
        }
    }

    pub fn socket(&self) -> &TcpStream {
        &self.socket
    }

    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    pub fn address(&self) -> IpAddr {
        self.peer.ip()
    }

    /// Whether a request is being received or answered, whose head is complete.
    pub fn is_under_way(&self) -> bool {
        match self.phase {
            Phase::Body | Phase::Answering => true,
            Phase::Downloading => !self.has_taken_all(),
            Phase::New | Phase::Waiting | Phase::Closing => false,
        }
    }

    /// Whether it is about to have a response: something has come that was not
    /// read yet, or the response is under way.
    pub fn is_busy(&self) -> bool {
        self.phase == Phase::Answering
            || rustix::io::ioctl_fionread(&self.socket).is_ok_and(|bytes| bytes > 0)
    }

    /// Takes note of an event, or of the end that it told.
    pub fn note_event(&mut self, is_end: bool) {
        self.is_readable = true;
        self.is_hung_up |= is_end;
    }

    /// Another event loop owns it from now on, with a clock of its own.
    pub fn arrive(&mut self, now: Duration) {
        self.is_readable = true;
        self.enter(self.phase, now);
    }

    fn enter(&mut self, phase: Phase, now: Duration) {
        self.phase = phase;
        self.since = now;
        if phase == Phase::Downloading {
            self.taken_before = self.taken_in_all();
        }
    }

    /// Bytes that the client has taken: what is in the kernel's buffer is still
    /// on its way.
    fn taken_in_all(&self) -> u64 {
        self.handed_over.saturating_sub(sys::unacknowledged(&self.socket).unwrap_or(0))
    }

    /// Goes on as far as it can without waiting for the client.
    pub fn advance(&mut self, buffer: &mut [u8], now: Duration) -> io::Result<Step> {
        loop {
            if !self.flush()? {
                return Ok(Step::Wait);
            }
            if let Some(persistence) = self.persistence.take()
                && self.after_response(persistence, now)?
            {
                return Ok(Step::Close);
            }
            if self.phase == Phase::Closing {
                return self.discard(buffer);
            }
            match self.next_request(now) {
                Ok(Some(request)) => return Ok(Step::Request(request)),
                Ok(None) if self.has_ended => {
                    return Ok(self.requests.end().map_or(Step::Close, Step::Refused));
                }
                Ok(None) if !self.output.is_empty() => continue,
                Ok(None) => {}
                Err(refusal) => return Ok(Step::Refused(refusal)),
            }
            match self.receive(buffer)? {
                Received::Bytes(length) => self.requests.receive(&buffer[..length]),
                Received::Nothing => return Ok(Step::Wait),
                Received::End => self.has_ended = true,
            }
        }
    }

    /// The next request, if all of it is there.
    fn next_request(&mut self, now: Duration) -> Result<Option<WholeRequest>, Refusal> {
        loop {
            match self.requests.next()? {
                Progress::Partial => return Ok(None),
                Progress::Head { expects_continue } => {
                    self.enter(Phase::Body, now);
                    if expects_continue {
                        self.output.extend_from_slice(CONTINUE);
                    }
                }
                Progress::Whole(request) => return Ok(Some(request)),
            }
        }
    }

    /// Method and target of the request that is being received, as far as they
    /// can be read.
    pub fn method_and_target(&self) -> &str {
        self.requests.method_and_target()
    }

    /// Sends a response, after which the connection is used again or not.
    pub fn respond(&mut self, bytes: Vec<u8>, persistence: Persistence, now: Duration) {
        if self.output.is_empty() {
            self.output = bytes;
        } else {
            self.output.extend_from_slice(&bytes);
        }
        self.persistence = Some(persistence);
        self.enter(Phase::Answering, now);
    }

    /// Sends a part of a package behind this head.
    pub fn download(
        &mut self,
        head: Vec<u8>,
        transfer: Transfer,
        persistence: Persistence,
        now: Duration,
    ) {
        self.respond(head, persistence, now);
        self.transfer = Some(Box::new(transfer));
        self.enter(Phase::Downloading, now);
    }

    /// Sends more of the download, after what is owed before it.
    pub fn send_more(
        &mut self,
        buffer: &mut [u8],
        observer: &dyn Observer,
    ) -> Result<Sent, CutCause> {
        if !self.flush().map_err(CutCause::Client)? {
            return Ok(Sent::Full);
        }
        let Some(transfer) = &mut self.transfer else { return Ok(Sent::Done) };
        let before = transfer.at();
        let sent = transfer.advance(&self.socket, buffer, observer);
        self.handed_over += transfer.at() - before;
        if matches!(sent, Ok(Sent::Done)) {
            self.transfer = None;
        }
        sent
    }

    /// Tells how far its download is, if there is one.
    pub fn tell_progress(&self, observer: &dyn Observer) {
        if let Some(transfer) = &self.transfer {
            transfer.tell(observer);
        }
    }

    /// Ends its download, if there is one.
    pub fn cut_download(&mut self, cause: &CutCause, observer: &dyn Observer) {
        if let Some(transfer) = self.transfer.take() {
            transfer.cut(cause, observer);
        }
    }

    /// What comes after a response. Whether the connection is to be closed at once.
    fn after_response(&mut self, persistence: Persistence, now: Duration) -> io::Result<bool> {
        match persistence {
            // What a client has not taken yet of a download is one still.
            Persistence::KeepAlive if self.phase == Phase::Downloading && !self.has_taken_all() => {
            }
            Persistence::KeepAlive => self.enter(Phase::Waiting, now),
            Persistence::Close => {
                // If a connection is closed with something unread in it, it is
                // reset, and what was not yet sent of the response is lost
                // (RFC 9112, section 9.6).
                if !self.has_unread() {
                    return Ok(true);
                }
                self.requests.forget();
                self.socket.shutdown(Shutdown::Write)?;
                self.enter(Phase::Closing, now);
            }
        }
        Ok(false)
    }

    /// Whether something has come, or may still come, that was not asked for.
    fn has_unread(&self) -> bool {
        self.requests.is_under_way()
            || rustix::io::ioctl_fionread(&self.socket).is_ok_and(|bytes| bytes > 0)
    }

    /// Throws away what comes until the client closes its end.
    fn discard(&mut self, buffer: &mut [u8]) -> io::Result<Step> {
        for _ in 0..DISCARDED_AT_ONCE {
            match self.receive(buffer)? {
                Received::Bytes(length) => self.unwanted += length as u64,
                Received::Nothing => return Ok(Step::Wait),
                Received::End => return Ok(Step::Close),
            }
        }
        Ok(Step::Again)
    }

    fn receive(&mut self, buffer: &mut [u8]) -> io::Result<Received> {
        if !self.is_readable {
            return Ok(Received::Nothing);
        }
        let received = socket::receive(&self.socket, buffer)?;
        self.is_readable = match received {
            // If that was all, the next arrival is an event of its own. An end
            // that was told already is not.
            Received::Bytes(length) => length == buffer.len() || self.is_hung_up,
            Received::Nothing => false,
            Received::End => true,
        };
        Ok(received)
    }

    /// Sends what is owed, as far as there is room. Whether that was all.
    fn flush(&mut self) -> io::Result<bool> {
        if self.output.is_empty() {
            return Ok(true);
        }
        // The head of a download goes with its first bytes.
        let flags = if self.transfer.is_some() { SendFlags::MORE } else { SendFlags::empty() };
        let sent = socket::send(&self.socket, &self.output[self.sent..], flags)?;
        self.sent += sent;
        self.handed_over += sent as u64;
        if self.sent < self.output.len() {
            return Ok(false);
        }
        (self.output, self.sent) = (Vec::new(), 0);
        Ok(true)
    }

    /// What the limits say of it, and which of them it violates.
    pub fn judge(&mut self, now: Duration, limits: &Limits) -> Verdict {
        if self.phase == Phase::Downloading && self.transfer.is_none() && self.has_taken_all() {
            self.enter(Phase::Waiting, now);
        }
        let verdict = limits::judge(self, now, limits);
        if verdict == Verdict::NewWindow {
            self.enter(Phase::Downloading, now);
        }
        verdict
    }

    /// Has the close be a reset, so that what the client does not take is gone
    /// at once.
    pub fn reset_on_close(&self) {
        let _ = sockopt::set_socket_linger(&self.socket, Some(Duration::ZERO));
    }
}

impl Judged for Connection {
    fn phase(&self) -> Phase {
        self.phase
    }

    fn age(&self, now: Duration) -> Duration {
        now.saturating_sub(self.since)
    }

    fn taken(&self) -> u64 {
        self.taken_in_all().saturating_sub(self.taken_before)
    }

    fn has_taken_all(&self) -> bool {
        sys::unacknowledged(&self.socket).is_ok_and(|bytes| bytes == 0)
    }

    fn has_begun(&self) -> bool {
        self.requests.is_under_way()
    }

    fn unwanted(&self) -> u64 {
        self.unwanted
    }
}

/// How many buffers are discarded before other connections have their turn.
const DISCARDED_AT_ONCE: usize = 16;

#[cfg(test)]
mod tests;
