//! Stopping a server, and what its threads tell each other.

use std::net::IpAddr;
use std::sync::mpsc::{Receiver, Sender, channel};
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

/// Where a thread of the server gets its messages.
#[derive(Debug)]
pub(super) struct Inbox {
    receiver: Receiver<Message>,
    mailbox: Mailbox,
}

impl Inbox {
    /// An empty inbox. Every message wakes the thread.
    pub fn new(waker: Waker) -> Self {
        let (sender, receiver) = channel();
        Self { receiver, mailbox: Mailbox { sender, waker } }
    }

    /// The next message, if there is one.
    pub fn next(&self) -> Option<Message> {
        self.receiver.try_recv().ok()
    }

    /// What other threads send messages with.
    pub fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }
}

/// Sends messages to a thread of the server.
#[derive(Clone, Debug)]
pub(super) struct Mailbox {
    sender: Sender<Message>,
    waker: Waker,
}

impl Mailbox {
    /// Sends a message, unless the thread has ended.
    pub fn send(&self, message: Message) {
        if self.sender.send(message).is_ok() {
            self.waker.wake();
        }
    }
}
