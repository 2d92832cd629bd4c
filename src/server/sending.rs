//! The thread that sends packages: it takes a connection over for a download,
//! and gives it back when that is sent. So a slow disk delays no update check.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::activity::CutCause;
use super::event_loop::EventLoop;
use super::mailbox::{Inbox, Mailbox};
use super::messages::{ToAnswering, ToSending};
use super::poller::Token;
use super::transfer::{self, Sent};

/// How often the progress of downloads is reported.
const PROGRESS: Duration = Duration::from_secs(1);

/// The thread that sends packages.
pub(super) struct Sending {
    events: EventLoop,
    inbox: Inbox<ToSending>,
    answering: Mailbox<ToAnswering>,
    /// What is on its way from a file to a connection.
    buffer: Vec<u8>,
    /// When it was last told how far the downloads are, in clients' time.
    told: Duration,
}

impl Sending {
    pub fn new(
        events: EventLoop,
        inbox: Inbox<ToSending>,
        answering: Mailbox<ToAnswering>,
    ) -> Self {
        Self { events, inbox, answering, buffer: Vec::new(), told: Duration::ZERO }
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
                            return Ok(());
                        }
                    }
                    connection => self.go_on(connection),
                }
            }
            if let Some(closed) = self.events.tick() {
                for address in closed {
                    self.answering.send(ToAnswering::Closed(address));
                }
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
        for message in self.inbox.take() {
            match message {
                ToSending::Download(connection) => {
                    // Only a server with downloads has memory for them.
                    if self.buffer.is_empty() {
                        self.buffer = transfer::buffer();
                    }
                    let token = self.events.insert(connection);
                    self.go_on(token);
                }
                ToSending::End => return true,
            }
        }
        false
    }

    /// Sends more of a connection's download, as much as is its turn. What fails
    /// or panics closes that connection, and does nothing else; a panic is
    /// already logged by the panic hook.
    fn go_on(&mut self, token: Token) {
        let Some(connection) = self.events.connections.get_mut(token) else { return };
        let (buffer, observer) = (&mut self.buffer, &*self.events.context.observer);
        let sent = catch_unwind(AssertUnwindSafe(|| connection.send_more(buffer, observer)));
        match sent.unwrap_or(Err(CutCause::Stopped)) {
            Ok(Sent::Room) => self.events.again(token),
            Ok(Sent::Full) => {}
            Ok(Sent::Done) => {
                if let Some(connection) = self.events.remove(token) {
                    self.answering.send(ToAnswering::Sent(connection));
                }
            }
            Err(cause) => {
                if let Some(address) = self.events.close(token, &cause) {
                    self.answering.send(ToAnswering::Closed(address));
                }
            }
        }
    }
}

impl Drop for Sending {
    /// However it ends, what is under way is cut, and the other thread learns
    /// of it.
    fn drop(&mut self) {
        let observer = &*self.events.context.observer;
        for (_, connection) in self.events.connections.iter_mut() {
            connection.cut_download(&CutCause::Stopped, observer);
        }
        for message in self.inbox.take() {
            if let ToSending::Download(mut connection) = message {
                connection.cut_download(&CutCause::Stopped, observer);
            }
        }
        self.answering.send(ToAnswering::SendingEnded);
    }
}
