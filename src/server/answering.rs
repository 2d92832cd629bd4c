//! The thread that answers: it accepts connections, owns those that ask, and
//! alone asks the [`Updater`](crate::Updater).

use std::io;
use std::net::TcpListener;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::acceptor::Acceptor;
use super::connection::Connection;
use super::connections::Downloads;
use super::event_loop::{EventLoop, Next};
use super::handle::{Mailbox, Message};
use super::handler::too_many_downloads;
use super::lifetime::{Heartbeat, Lifetime};
use super::limits::Violation;
use super::poller::Token;

/// Clients that are accepted before others have their turn.
const ACCEPTED_AT_ONCE: usize = 64;

/// How often to look whether nothing is under way any more after a stop.
const STOP_TICK: Duration = Duration::from_millis(50);

/// The thread that answers.
pub(super) struct Answering {
    events: EventLoop,
    /// None after a stop.
    acceptor: Option<Acceptor>,
    /// The connections that the other thread has.
    downloads: Downloads,
    sending: Mailbox,
    lifetime: Lifetime,
}

impl Answering {
    pub fn new(
        events: EventLoop,
        listener: TcpListener,
        sending: Mailbox,
        lifetime: Lifetime,
    ) -> io::Result<Self> {
        events.watch(&listener, Token::LISTENER)?;
        let acceptor = Some(Acceptor::new(listener));
        Ok(Self { events, acceptor, downloads: Downloads::default(), sending, lifetime })
    }

    /// Serves until the server is told to stop, and then until nothing is under
    /// way.
    pub fn run(mut self) -> io::Result<()> {
        let mut ready = Vec::new();
        // It may have been stopped before it ran.
        self.read_messages();
        loop {
            self.beat();
            if self.is_over() {
                return Ok(());
            }
            self.events.wait(self.next_time(), &mut ready)?;
            for token in ready.drain(..) {
                match token {
                    Token::LISTENER => {
                        if let Some(acceptor) = &mut self.acceptor {
                            acceptor.note_arrival();
                        }
                    }
                    Token::WAKE => self.read_messages(),
                    connection => self.go_on(connection),
                }
            }
            self.accept();
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

    fn read_messages(&mut self) {
        while let Some(message) = self.events.inbox.next() {
            match message {
                Message::Stop(grace) => self.stop(grace),
                Message::Connection(connection) => {
                    self.downloads.end(connection.address());
                    let token = self.events.insert(connection);
                    self.go_on(token);
                }
                Message::Closed(address) => self.downloads.end(address),
                Message::End | Message::Ping => {}
            }
        }
    }

    /// Goes on with a connection as far as possible.
    fn go_on(&mut self, token: Token) {
        match self.events.attend(token) {
            Next::Wait => {}
            Next::Again => self.events.again(token),
            Next::Begin(part, persistence) => {
                let Some(connection) = self.events.connections.get_mut(token) else { return };
                let (address, peer) = (connection.address(), connection.peer());
                if self.downloads.may_begin(address, &self.events.context.limits) {
                    self.events.begin(token, part, persistence);
                    self.hand_over(token);
                } else {
                    let response = too_many_downloads();
                    let asked = format!("GET {}", part.path());
                    self.events.context.note_refusal(&response, peer, &asked);
                    self.events.respond(token, &response, persistence);
                    self.events.again(token);
                }
            }
            // A download is begun above, and the other thread answers nothing
            // that this one does not.
            Next::Send | Next::OtherThread | Next::Close => {
                self.events.connections.remove(token);
            }
        }
    }

    /// Gives a connection to the thread that sends packages.
    fn hand_over(&mut self, token: Token) {
        if let Some(connection) = self.events.remove(token) {
            self.downloads.begin(connection.address());
            self.sending.send(Message::Connection(connection));
        }
    }

    fn number(&self) -> usize {
        self.events.connections.len() + self.downloads.total()
    }

    fn has_place(&self) -> bool {
        self.number() < self.events.context.limits.max_connections
    }

    fn accept(&mut self) {
        for _ in 0..ACCEPTED_AT_ONCE {
            let Some(acceptor) = &mut self.acceptor else { return };
            if acceptor.retry().is_none() {
                return;
            }
            // A connection is closed to make room only if another one is pending.
            if !self.has_place() && self.acceptor.as_mut().is_some_and(Acceptor::look) {
                self.make_room();
            }
            if !self.has_place() {
                return;
            }
            let Some(acceptor) = &mut self.acceptor else { return };
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
        self.accept();
        self.acceptor = None;
        self.events.context.is_stopping.store(true, Ordering::Relaxed);
        self.lifetime.stop(grace);
        self.sending.send(Message::Stop(grace));
    }

    fn under_way(&self) -> usize {
        self.events.connections.under_way() + self.downloads.total()
    }

    fn beat(&mut self) {
        if self.lifetime.is_beat_due() {
            let sending = self.events.context.downloads_alive.swap(false, Ordering::Relaxed);
            self.sending.send(Message::Ping);
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
}

impl Drop for Answering {
    /// However it ends, the other thread ends too.
    fn drop(&mut self) {
        self.sending.send(Message::End);
    }
}
