//! One connection: what it does next, whenever its client has done something.
//!
//! A connection belongs to nobody while it waits ([`Lot`](super::lot::Lot)).
//! When it is ready, a worker takes it ([`crew`](super::crew)), does what can
//! be done without waiting for the client, and says what is [`Next`]. The next
//! request is looked at only when the answer to the last one is written, so
//! requests that a client sends ahead wait in the socket.

use std::fmt;
use std::io::{self, Read, Write};
use std::iter;
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;

use rustix::net::SendFlags;
use tiny_http::Request;

use super::gate::{self, Arrival, MAX_HEAD, Scan};
use super::guard::{Phase, Tracked};
use super::reply::{Persistence, Reply};
use super::shared::Shared;
use super::slots::Slot;
use super::sys;
use super::transfer::{Progress, Transfer};
use super::under_way::Counted;

/// The engine's side of a connection: its requests, one after another.
pub(super) type Requests = Box<dyn Iterator<Item = Result<Request, String>> + Send>;

/// Bytes that are thrown away so that a client can take its answer. One that
/// sends more is not reading.
const MAX_LINGER: u64 = 8 * 1024 * 1024;

/// A connection, between two steps.
pub(super) struct Connection {
    pub(super) requests: Requests,
    tracked: Arc<Tracked>,
    _slot: Slot,
    /// How far the head of the next request was looked at.
    scan: Scan,
    /// What was last set with [`sys::set_receive_low_water`].
    low_water: usize,
    /// Bytes that the connection had received when that was last looked at.
    received: u64,
    /// Bytes of the requests that were read.
    read: u64,
    /// Whether the client sent something before it had its answer, or may have.
    pub(super) is_ahead: bool,
    /// From a request until its answer is sent.
    pub(super) under_way: Option<Counted>,
    transfer: Option<Transfer>,
}

/// What a connection needs.
#[derive(Debug)]
pub(super) enum Next {
    /// Something from the client.
    Input,
    /// Room for more of a download.
    Room,
    /// Somebody who can wait for the client.
    Patience(Errand),
    /// Nothing more: it is to be closed.
    Close,
}

/// Something that may have to wait for the client.
#[derive(Debug)]
pub(super) enum Errand {
    /// To read and answer a request whose head has so many bytes.
    Request { head: usize },
    /// To write the rest of an answer.
    Rest { bytes: Vec<u8>, persistence: Persistence },
    /// To let the client take its answer before the connection is closed.
    Linger,
}

impl Connection {
    pub fn new(requests: Requests, tracked: Arc<Tracked>, slot: Slot) -> Self {
        Self {
            requests,
            tracked,
            _slot: slot,
            scan: Scan::default(),
            low_water: 1,
            received: 0,
            read: 0,
            is_ahead: false,
            under_way: None,
            transfer: None,
        }
    }

    pub fn tracked(&self) -> &Arc<Tracked> {
        &self.tracked
    }

    /// The connection itself, behind the engine's back: what is written here
    /// must not be mixed with what the engine writes.
    pub fn socket(&self) -> &TcpStream {
        self.tracked.socket()
    }

    pub fn enter(&self, phase: Phase, shared: &Shared) {
        self.tracked.enter(phase, shared.connections.now(), self.received);
    }

    /// Goes on when something has come: answers a request if it is all there.
    pub fn attend(&mut self, shared: &Shared, is_over: bool, view: &mut [u8]) -> io::Result<Next> {
        match gate::look(self.tracked.socket(), &mut self.scan, view)? {
            // What there is can be read without waiting: all of it, or its end.
            Arrival::Head { head, whole, seen }
                if is_over || whole.is_some_and(|whole| whole <= seen) =>
            {
                self.wait_for(1)?;
                self.exchange(head, shared)
            }
            // Linux says so early when it is short of memory for the connection.
            Arrival::Head { seen, .. } | Arrival::Partial(seen)
                if seen < self.low_water && !is_over =>
            {
                Ok(Next::Input)
            }
            Arrival::Head { whole: Some(whole), .. } if whole <= MAX_HEAD => {
                self.enter(Phase::Body, shared);
                self.wait_for(whole)?;
                Ok(Next::Input)
            }
            Arrival::Head { head, .. } => {
                self.wait_for(1)?;
                Ok(Next::Patience(Errand::Request { head }))
            }
            Arrival::Partial(seen) if !is_over => {
                self.wait_for(seen + 1)?;
                Ok(Next::Input)
            }
            Arrival::Refused(reply) => {
                self.refuse(&reply, shared)?;
                Ok(Next::Close)
            }
            Arrival::Partial(_) | Arrival::Gone => Ok(Next::Close),
        }
    }

    /// Has nobody disturbed before there are so many bytes, from the beginning
    /// of the request.
    fn wait_for(&mut self, bytes: usize) -> io::Result<()> {
        if self.low_water != bytes {
            sys::set_receive_low_water(self.tracked.socket(), bytes)?;
            self.low_water = bytes;
        }
        Ok(())
    }

    /// Answers what the gate does not let through, and reads no more of it.
    fn refuse(&self, reply: &Reply, shared: &Shared) -> io::Result<()> {
        shared.note(reply, self.tracked.peer(), "");
        sys::send_now(
            self.socket(),
            &reply.render(Persistence::Close, false)?,
            SendFlags::empty(),
        )?;
        // What was not read would make the close a reset, and the client might
        // lose the answer.
        self.socket().shutdown(Shutdown::Write)?;
        gate::discard(self.socket())
    }

    /// Goes on with somebody who can wait.
    pub fn run(&mut self, errand: Errand, shared: &Shared) -> io::Result<Next> {
        // The engine has the same socket. Everywhere else nobody waits for it.
        self.socket().set_nonblocking(false)?;
        let next = self.run_patiently(errand, shared);
        self.socket().set_nonblocking(true)?;
        next
    }

    fn run_patiently(&mut self, errand: Errand, shared: &Shared) -> io::Result<Next> {
        match errand {
            Errand::Request { head } => {
                self.enter(Phase::Body, shared);
                self.exchange(head, shared)
            }
            Errand::Rest { bytes, persistence } => {
                self.socket().write_all(&bytes)?;
                Ok(self.after(persistence, shared))
            }
            Errand::Linger => {
                self.enter(Phase::Answering, shared);
                let socket = self.socket();
                socket.shutdown(Shutdown::Write)?;
                io::copy(&mut socket.take(MAX_LINGER), &mut io::sink())?;
                Ok(Next::Close)
            }
        }
    }

    /// The request is about to be read, whose head has so many bytes.
    pub(super) fn begin(&mut self, head: usize) {
        self.scan = Scan::default();
        self.read += head as u64;
    }

    /// Finds out whether the engine has read more than a request, whose body
    /// had so many bytes, if that is known.
    pub(super) fn look_ahead(&mut self, body: Option<usize>) {
        let Some(body) = body else {
            self.is_ahead = true;
            return;
        };
        self.read += body as u64;
        match self.tracked.received_and_ahead(self.read) {
            Ok((received, is_ahead)) => (self.received, self.is_ahead) = (received, is_ahead),
            Err(_) => self.is_ahead = true,
        }
    }

    /// Sends a whole answer.
    pub(super) fn deliver(
        &mut self,
        bytes: &[u8],
        persistence: Persistence,
        shared: &Shared,
    ) -> io::Result<Next> {
        let sent = sys::send_now(self.socket(), bytes, SendFlags::empty())?;
        Ok(match bytes.get(sent..) {
            None | Some([]) => self.after(persistence, shared),
            Some(rest) => Next::Patience(Errand::Rest { bytes: rest.to_vec(), persistence }),
        })
    }

    /// Begins a download.
    pub(super) fn transfer(&mut self, transfer: Transfer, shared: &Shared) -> Next {
        self.enter(Phase::Sending, shared);
        transfer.announce(&*shared.observer);
        self.transfer = Some(transfer);
        Next::Room
    }

    /// Goes on with a download when there is room.
    pub fn send_more(&mut self, buffer: &mut [u8], shared: &Shared) -> Next {
        let Some(transfer) = &mut self.transfer else { return Next::Close };
        match transfer.advance(self.tracked.socket(), buffer, &*shared.observer) {
            Progress::Under => Next::Room,
            Progress::Done(persistence) => {
                self.transfer = None;
                let next = self.after(persistence, shared);
                // What the client has not taken yet is a download still.
                if matches!(next, Next::Input) && !self.tracked.has_taken_all() {
                    self.enter(Phase::Sending, shared);
                }
                next
            }
            Progress::Cut => Next::Close,
        }
    }

    /// What comes after an answer.
    pub(super) fn after(&mut self, persistence: Persistence, shared: &Shared) -> Next {
        self.under_way = None;
        match persistence {
            Persistence::KeepAlive => {
                self.enter(Phase::Waiting, shared);
                Next::Input
            }
            // If the connection were closed with something unread in it, or
            // still coming, it would be reset, and what was not yet sent of the
            // answer would be lost (RFC 9112, section 9.6).
            Persistence::Close if self.is_ahead || self.has_unread() => {
                Next::Patience(Errand::Linger)
            }
            Persistence::Close => Next::Close,
        }
    }

    /// Whether something had come, when the last request was read, that was not
    /// read with it.
    pub fn has_unread_input(&self) -> bool {
        self.received != self.read
    }

    /// Whether something has come that was not asked for.
    fn has_unread(&self) -> bool {
        rustix::io::ioctl_fionread(self.socket()).is_ok_and(|bytes| bytes > 0)
    }

    /// What comes after the engine has answered by itself, before which it
    /// reads no further.
    pub(super) fn after_refusal(&mut self) -> Next {
        // It keeps its answer until it is dropped. What was not read would make
        // the close a reset, and the client might lose the answer.
        self.requests = Box::new(iter::empty());
        let _ = gate::discard(self.socket());
        Next::Close
    }

    /// Closes the connection.
    pub fn end(self, shared: &Shared) {
        // The engine may have something to write when it is dropped, and nobody
        // can wait for that here. It was set before, unless an escort panicked.
        let _ = self.socket().set_nonblocking(true);
        shared.waiting.forget(&self.tracked);
        let _descriptors = shared.connections.hold_descriptors();
        shared.connections.forget(&self.tracked);
        drop(self);
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tracked = &self.tracked;
        formatter.debug_struct("Connection").field("tracked", tracked).finish_non_exhaustive()
    }
}
