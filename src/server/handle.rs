//! Stopping a server from another thread.

use std::time::Duration;

use super::mailbox::Mailbox;
use super::messages::ToAnswering;

/// Stops a [`Server`](super::Server) from another thread.
#[derive(Clone, Debug)]
pub struct Handle {
    mailbox: Mailbox<ToAnswering>,
    grace: Duration,
}

impl Handle {
    pub(super) fn new(mailbox: Mailbox<ToAnswering>, grace: Duration) -> Self {
        Self { mailbox, grace }
    }

    /// Lets the server end: no new connections, and
    /// [`run`](super::Server::run) returns when the requests under way have
    /// ended, or after the grace that the server had when this handle was made.
    pub fn stop(&self) {
        self.stop_within(self.grace);
    }

    /// The same with another grace. Of several stops, the one that ends first
    /// counts.
    pub fn stop_within(&self, grace: Duration) {
        self.mailbox.send(ToAnswering::Stop(grace));
    }
}
