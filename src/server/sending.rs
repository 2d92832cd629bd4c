//! The thread that sends packages: it takes a connection over at its first
//! download and keeps it for more of them. So a slow disk delays no update
//! check.

use std::io;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::connection::Connection;
use super::event_loop::{EventLoop, Next};
use super::handle::{Mailbox, Message};
use super::limits::Phase;
use super::poller::Token;
use super::transfer;

/// How long a connection may be idle here. After that it waits in the other
/// thread, where idle ones make room for others.
const IDLE: Duration = Duration::from_millis(500);

/// How often the progress of downloads is reported.
const PROGRESS: Duration = Duration::from_secs(1);

/// The thread that sends packages.
pub(super) struct Sending {
    events: EventLoop,
    answering: Mailbox,
    /// What is on its way from a file to a connection.
    buffer: Vec<u8>,
    is_stopping: bool,
    /// When it was last told how far the downloads are, in clients' time.
    told: Duration,
}

impl Sending {
    pub fn new(events: EventLoop, answering: Mailbox) -> Self {
        Self { events, answering, buffer: Vec::new(), is_stopping: false, told: Duration::ZERO }
    }

    /// Sends packages until the server ends.
    pub fn run(mut self) -> io::Result<()> {
        let mut ready = Vec::new();
        loop {
            self.events.context.downloads_alive.store(true, Ordering::Relaxed);
            self.events.wait(None, &mut ready)?;
            for token in ready.drain(..) {
                match token {
                    Token::WAKE => {
                        if self.read_messages() {
                            self.cut_all();
                            return Ok(());
                        }
                    }
                    connection => self.go_on(connection),
                }
            }
            if let Some(closed) = self.events.tick() {
                for address in closed {
                    self.answering.send(Message::Closed(address));
                }
                self.hand_back_idle();
                self.tell_progress();
            }
        }
    }

    fn tell_progress(&mut self) {
        let now = self.events.now();
        if now.saturating_sub(self.told) < PROGRESS {
            return;
        }
        self.told = now;
        let observer = &*self.events.context.observer;
        for (_, connection) in self.events.connections.iter() {
            connection.tell_progress(observer);
        }
    }

    /// Whether the server ends.
    fn read_messages(&mut self) -> bool {
        while let Some(message) = self.events.inbox.next() {
            match message {
                Message::Connection(connection) => {
                    // Only a server with downloads has memory for them.
                    if self.buffer.is_empty() {
                        self.buffer = transfer::buffer();
                    }
                    let token = self.events.insert(connection);
                    self.go_on(token);
                }
                Message::Stop(_) => {
                    self.is_stopping = true;
                    self.hand_back_idle();
                }
                Message::End => return true,
                Message::Closed(_) | Message::Ping => {}
            }
        }
        false
    }

    /// Goes on with a connection, as far as is its turn.
    fn go_on(&mut self, token: Token) {
        let mut next = self.events.attend(token);
        if matches!(next, Next::Send) {
            next = self.events.send_more(token, &mut self.buffer);
        }
        match next {
            Next::Wait | Next::Send => {}
            Next::Again => self.events.again(token),
            Next::Begin(part, persistence) => {
                self.events.begin(token, part, persistence);
                self.events.again(token);
            }
            Next::OtherThread => self.hand_back(token),
            Next::Close => {
                if let Some(address) = self.events.close(token) {
                    self.answering.send(Message::Closed(address));
                }
            }
        }
    }

    fn hand_back(&mut self, token: Token) {
        if let Some(connection) = self.events.remove(token) {
            self.answering.send(Message::Connection(connection));
        }
    }

    fn hand_back_idle(&mut self) {
        let (now, is_stopping) = (self.events.now(), self.is_stopping);
        let is_idle = |connection: &Connection| {
            connection.phase() == Phase::Waiting && (is_stopping || connection.age(now) >= IDLE)
        };
        let connections = self.events.connections.iter();
        let idle: Vec<_> = connections
            .filter(|(_, connection)| is_idle(connection))
            .map(|(token, _)| token)
            .collect();
        for token in idle {
            self.hand_back(token);
        }
    }

    /// Ends the downloads that are under way, because the server ends.
    fn cut_all(&mut self) {
        let observer = &*self.events.context.observer;
        for (_, connection) in self.events.connections.iter_mut() {
            connection.cut_download(observer);
        }
    }
}
