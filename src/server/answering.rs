//! The thread that answers: it accepts connections, owns those that ask, and
//! alone asks the [`Updater`](crate::Updater).

use std::io;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::acceptor::Acceptor;
use super::connection::Connection;
use super::downloads::Downloads;
use super::event_loop::EventLoop;
use super::handler::too_many_downloads;
use super::lifetime::{Heartbeat, Lifetime};
use super::limits::Violation;
use super::listen::BACKLOG;
use super::mailbox::{Inbox, Mailbox};
use super::messages::{ToAnswering, ToSending};
use super::poller::Token;
use super::responder::{Next, Responder};

/// Clients that are accepted before others have their turn.
const ACCEPTED_AT_ONCE: usize = 64;

/// How often to look whether nothing is under way any more after a stop.
const STOP_TICK: Duration = Duration::from_millis(50);

/// How long the end waits for the thread that sends packages, if that waits for
/// a disk.
const DISK_GRACE: Duration = Duration::from_secs(1);

/// The thread that sends packages, as seen from the one that answers.
pub(super) struct Peer {
    pub mailbox: Mailbox<ToSending>,
    /// None once it has ended.
    pub thread: Option<JoinHandle<io::Result<()>>>,
}

/// The thread that answers.
pub(super) struct Answering {
    pub events: EventLoop,
    pub inbox: Inbox<ToAnswering>,
    /// None after a stop.
    pub acceptor: Option<Acceptor>,
    pub responder: Responder,
    /// The downloads that the other thread sends.
    pub downloads: Downloads,
    pub sending: Peer,
    pub lifetime: Lifetime,
}

impl Answering {
    /// Serves until the server is told to stop, and then until nothing is under
    /// way.
    pub fn run(mut self) -> io::Result<()> {
        let mut ready = Vec::new();
        // It may have been stopped before it ran.
        self.read_messages()?;
        loop {
            self.beat();
            if self.is_over() {
                return self.end_sending();
            }
            self.events.wait(self.next_time(), &mut ready)?;
            for token in ready.drain(..) {
                match token {
                    Token::LISTENER => {
                        if let Some(acceptor) = &mut self.acceptor {
                            acceptor.note_arrival();
                        }
                    }
                    Token::WAKE => self.read_messages()?,
                    connection => self.go_on(connection),
                }
            }
            self.accept(ACCEPTED_AT_ONCE);
            self.events.tick();
        }
    }

    /// When there is something to do even if nothing happens.
    fn next_time(&self) -> Option<Instant> {
        let stop = self.lifetime.is_stopping().then(|| Instant::now() + STOP_TICK);
        // Where there is no place, one becomes free by an event or a tick.
        let retry = self.acceptor.as_ref().filter(|_| self.has_place()).and_then(Acceptor::retry);
        [stop, retry, self.lifetime.next()].into_iter().flatten().min()
    }

    fn read_messages(&mut self) -> io::Result<()> {
        for message in self.inbox.take() {
            match message {
                ToAnswering::Stop(grace) => self.stop(grace),
                ToAnswering::Sent(connection) => {
                    self.downloads.end(connection.address());
                    let token = self.events.insert(connection);
                    self.go_on(token);
                }
                ToAnswering::Closed(address) => self.downloads.end(address),
                ToAnswering::SendingEnded => self.join_sending()?,
            }
        }
        Ok(())
    }

    /// Goes on with a connection as far as possible.
    fn go_on(&mut self, token: Token) {
        let Some(connection) = self.events.connections.get_mut(token) else { return };
        let now = self.events.clock.now();
        match self.responder.attend(connection, now) {
            Next::Wait => {}
            Next::Again => self.events.again(token),
            Next::Download(part, persistence) => {
                let address = connection.address();
                if self.downloads.may_begin(address, &self.events.context.limits) {
                    self.responder.begin_download(connection, part, persistence, now);
                    self.hand_over(token);
                } else {
                    let asked = format!("GET {}", part.path());
                    let response = too_many_downloads();
                    self.responder.respond(connection, &response, &asked, persistence, now);
                    self.events.again(token);
                }
            }
            Next::Close => {
                self.events.connections.remove(token);
            }
        }
    }

    /// Gives a connection to the thread that sends packages.
    fn hand_over(&mut self, token: Token) {
        if let Some(connection) = self.events.remove(token) {
            self.downloads.begin(connection.address());
            self.sending.mailbox.send(ToSending::Download(connection));
        }
    }

    fn number(&self) -> usize {
        self.events.connections.len() + self.downloads.total()
    }

    fn has_place(&self) -> bool {
        self.number() < self.events.context.limits.max_connections
    }

    /// Accepts clients that wait, as many as there is a place for, and at most
    /// this many.
    fn accept(&mut self, most: usize) {
        for _ in 0..most {
            let has_place = self.has_place();
            let Some(acceptor) = &mut self.acceptor else { return };
            if acceptor.retry().is_none() {
                return;
            }
            if !has_place {
                // A connection is closed to make room only if another one is pending.
                if acceptor.look() {
                    self.make_room();
                }
                if !self.has_place() {
                    return;
                }
                continue;
            }
            match acceptor.accept() {
                Ok(Some((socket, address))) => {
                    let connection = Connection::new(socket, address, self.events.now());
                    let token = self.events.insert(Box::new(connection));
                    self.go_on(token);
                }
                Ok(None) => return,
                // Descriptors or memory are short.
                Err(error) => {
                    let what = "a connection could not be accepted";
                    self.events.context.trouble(what, &error.to_string());
                    self.make_room();
                    return;
                }
            }
        }
    }

    /// Makes room for more connections at the expense of idle or slow ones: of
    /// one in 32 at once, so that the look at all of them is worth it.
    fn make_room(&mut self) {
        let number = (self.events.context.limits.max_connections / 32).max(1);
        for token in self.events.connections.most_dispensable(number, self.events.now()) {
            self.events.expel(token, Violation::Crowded);
        }
    }

    fn stop(&mut self, grace: Duration) {
        // Whoever waits to be accepted at this moment is not sent away.
        self.accept(BACKLOG);
        self.acceptor = None;
        self.responder.stop();
        self.lifetime.stop(grace);
    }

    fn under_way(&self) -> usize {
        self.events.connections.under_way() + self.downloads.total()
    }

    fn beat(&mut self) {
        if self.lifetime.is_beat_due() {
            let sending = self.events.context.downloads_alive.swap(false, Ordering::Relaxed);
            self.sending.mailbox.wake();
            let (under_way, stopping) = (self.under_way(), self.lifetime.is_stopping());
            self.lifetime.beat(&Heartbeat { under_way, stopping, sending });
        }
    }

    /// Whether a server that was told to stop has nothing left to wait for.
    fn is_over(&self) -> bool {
        if !self.lifetime.is_stopping() {
            return false;
        }
        let under_way = self.under_way();
        // A client that was accepted just before is not left without an answer.
        if under_way == 0 && !self.events.connections.any_new(self.events.now()) {
            return true;
        }
        let is_over = self.lifetime.is_over();
        if is_over && under_way > 0 {
            let what = "stopped before every request had its answer";
            self.events.context.trouble(what, &format!("{under_way} under way"));
        }
        is_over
    }

    /// Has the other thread end, and waits until it has, unless a disk holds it up.
    fn end_sending(&mut self) -> io::Result<()> {
        self.sending.mailbox.send(ToSending::End);
        let until = Instant::now() + DISK_GRACE;
        let mut ready = Vec::new();
        while self.sending.thread.is_some() && Instant::now() < until {
            for message in self.inbox.take() {
                if let ToAnswering::SendingEnded = message {
                    self.join_sending()?;
                }
            }
            self.events.wait(Some(until), &mut ready)?;
            self.events.tick();
        }
        Ok(())
    }

    /// How the other thread has ended.
    fn join_sending(&mut self) -> io::Result<()> {
        let Some(thread) = self.sending.thread.take() else { return Ok(()) };
        // A panic there is already logged by the panic hook.
        let panicked = |_| Err(io::Error::other("the thread that sends packages has panicked"));
        thread.join().unwrap_or_else(panicked)
    }
}

impl Drop for Answering {
    /// However it ends, the other thread ends too.
    fn drop(&mut self) {
        self.sending.mailbox.send(ToSending::End);
    }
}
