//! Messages to a thread that waits in its event loop.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::poller::Waker;

/// Where a thread of the server gets its messages. Dropping it drops those that
/// it has not read, and those that come later.
#[derive(Debug)]
pub(super) struct Inbox<M>(Mailbox<M>);

impl<M> Inbox<M> {
    /// An empty inbox. Every message wakes the thread.
    pub fn new(waker: Waker) -> Self {
        Self(Mailbox { messages: Arc::new(Mutex::new(Some(VecDeque::new()))), waker })
    }

    /// The next message, if there is one.
    pub fn next(&self) -> Option<M> {
        self.0.lock().as_mut()?.pop_front()
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
    messages: Arc<Mutex<Option<VecDeque<M>>>>,
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
                messages.push_back(message);
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

    fn lock(&self) -> MutexGuard<'_, Option<VecDeque<M>>> {
        // Nothing panics while it holds the lock.
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
