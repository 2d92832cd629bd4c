//! Stopping a server, and what its threads tell each other.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::connection::Connection;
use super::poller::Waker;

/// Stops a [`Server`](super::Server) from another thread.
#[derive(Clone, Debug)]
pub struct Handle {
    mailbox: Mailbox,
    grace: Duration,
}

impl Handle {
    pub(super) fn new(mailbox: Mailbox, grace: Duration) -> Self {
        Self { mailbox, grace }
    }

    /// Lets the server end: no new connections, and
    /// [`run`](super::Server::run) returns when the requests under way have
    /// ended, or after the grace that they are given.
    pub fn stop(&self) {
        self.stop_within(self.grace);
    }

    /// The same with another grace. Of several stops, the one that ends first
    /// counts.
    pub fn stop_within(&self, grace: Duration) {
        self.mailbox.send(Message::Stop(grace));
    }
}

/// A message to a thread of the server.
#[derive(Debug)]
pub(super) enum Message {
    /// To end when nothing is under way, or after so long.
    Stop(Duration),
    /// To take a connection over.
    Connection(Box<Connection>),
    /// That a connection is closed which was taken over, from this address.
    Closed(IpAddr),
    /// To end now.
    End,
    /// To show that it is running.
    Ping,
}

/// Where a thread of the server gets its messages. Dropping it drops those that
/// it has not read, and those that come later.
#[derive(Debug)]
pub(super) struct Inbox {
    mailbox: Mailbox,
}

impl Inbox {
    /// An empty inbox. Every message wakes the thread.
    pub fn new(waker: Waker) -> Self {
        let messages = Arc::new(Mutex::new(Some(VecDeque::new())));
        Self { mailbox: Mailbox { messages, waker } }
    }

    /// The next message, if there is one.
    pub fn next(&self) -> Option<Message> {
        self.mailbox.lock().as_mut()?.pop_front()
    }

    /// What other threads send messages with.
    pub fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        let unread = self.mailbox.lock().take();
        drop(unread);
    }
}

/// Sends messages to a thread of the server.
#[derive(Clone, Debug)]
pub(super) struct Mailbox {
    /// None when nobody reads them any more.
    messages: Arc<Mutex<Option<VecDeque<Message>>>>,
    waker: Waker,
}

impl Mailbox {
    /// Sends a message, unless the thread has ended.
    pub fn send(&self, message: Message) {
        let unread = match &mut *self.lock() {
            Some(messages) => {
                messages.push_back(message);
                None
            }
            // A connection that is dropped is closed, which needs no lock.
            None => Some(message),
        };
        if unread.is_none() {
            self.waker.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<VecDeque<Message>>> {
        // Nothing panics while it holds the lock.
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
