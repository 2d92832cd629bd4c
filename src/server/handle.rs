//! Stopping a server.

use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::time::Duration;

use super::shared::Message;

/// Stops a [`Server`](super::Server) from another thread.
#[derive(Clone, Debug)]
pub struct Handle {
    pub(super) messages: Sender<Message>,
    pub(super) stopping: Arc<AtomicBool>,
    pub(super) stop: Arc<UnixStream>,
    pub(super) grace: Duration,
}

impl Handle {
    /// Lets the server end: no new connections, and
    /// [`run`](super::Server::run) returns when the requests under way have
    /// ended, or after the grace that they are given.
    pub fn stop(&self) {
        self.stop_within(self.grace);
    }

    /// The same with another grace. Of several stops, the one that ends first
    /// counts.
    pub fn stop_within(&self, grace: Duration) {
        self.stopping.store(true, Ordering::Release);
        // Both fail only when the server has ended already.
        let _ = self.stop.shutdown(Shutdown::Both);
        let _ = self.messages.send(Message::Stop(grace));
    }
}
