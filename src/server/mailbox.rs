//! Messages to a thread that waits in its event loop.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::poller::Waker;

/// Where a thread of the server gets its messages. Dropping it drops those that
/// it has not read, and those that come later.
#[derive(Debug)]
pub(super) struct Inbox<M>(Mailbox<M>);

impl<M> Inbox<M> {
    /// An empty inbox. Every message wakes the thread.
    pub fn new(waker: Waker) -> Self {
        Self(Mailbox { messages: Arc::new(Mutex::new(Some(Vec::new()))), waker })
    }

    /// The messages that are there, oldest first. Those that come meanwhile wake
    /// the thread again, so that others have their turn between.
    pub fn take(&self) -> Vec<M> {
        self.0.lock().as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// What other threads send messages with.
    pub fn mailbox(&self) -> Mailbox<M> {
        self.0.clone()
    }
}

impl<M> Drop for Inbox<M> {
    fn drop(&mut self) {
        let unread = self.0.lock().take();
        drop(unread);
    }
}

/// Sends messages to a thread of the server.
#[derive(Debug)]
pub(super) struct Mailbox<M> {
    /// None when nobody reads them any more.
    messages: Arc<Mutex<Option<Vec<M>>>>,
    waker: Waker,
}

impl<M> Clone for Mailbox<M> {
    fn clone(&self) -> Self {
        Self { messages: Arc::clone(&self.messages), waker: self.waker.clone() }
    }
}

impl<M> Mailbox<M> {
    /// Sends a message, unless the thread has ended.
    pub fn send(&self, message: M) {
        let unread = match &mut *self.lock() {
            Some(messages) => {
                messages.push(message);
                None
            }
            // What is dropped with it needs no lock.
            None => Some(message),
        };
        if unread.is_none() {
            self.wake();
        }
    }

    /// Wakes the thread without a message.
    pub fn wake(&self) {
        self.waker.wake();
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<M>>> {
        // Nothing panics while it holds the lock.
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
