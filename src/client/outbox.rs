//! Events that are sent while the program does something else.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::exchange::Exchange;
use super::{ClientError, TransportError};
use crate::protocol::Request;

/// Sends requests one after another, in the order in which they were handed
/// over, on a thread of its own that exists while there are any.
#[derive(Clone, Debug, Default)]
pub(super) struct Outbox(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    idle: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    events: VecDeque<QueuedEvent>,
    has_worker: bool,
}

/// A request about one application, and who waits for what becomes of it.
#[derive(Debug)]
struct QueuedEvent {
    exchange: Exchange,
    request: Request,
    app: String,
    completion: Arc<Completion>,
}

#[derive(Debug, Default)]
struct Completion {
    result: Mutex<Option<Result<(), ClientError>>>,
    known: Condvar,
}

/// An event on its way. Dropping this does not stop it.
#[derive(Debug)]
pub struct Pending(Arc<Completion>);

impl Pending {
    /// Waits until the event was sent and acknowledged, or given up.
    ///
    /// # Errors
    ///
    /// Why it was given up.
    pub fn wait(self) -> Result<(), ClientError> {
        let mut result = lock(&self.0.result);
        loop {
            match result.take() {
                Some(result) => return result,
                None => result = self.0.known.wait(result).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

impl Outbox {
    /// Hands over a request about one application.
    pub fn post(&self, exchange: Exchange, request: Request, app: String) -> Pending {
        let completion = Arc::new(Completion::default());
        let pending = Pending(Arc::clone(&completion));
        let mut queue = lock(&self.0.queue);
        queue.events.push_back(QueuedEvent { exchange, request, app, completion });
        let needs_worker = !queue.has_worker;
        queue.has_worker = true;
        drop(queue);
        if needs_worker {
            let outbox = self.clone();
            let thread = thread::Builder::new().name("omaha-events".to_owned());
            if thread.spawn(move || outbox.work()).is_err() {
                // No thread can be had: late is better than never.
                self.work();
            }
        }
        pending
    }

    /// Waits until everything was sent or given up.
    pub fn flush(&self) {
        let mut queue = lock(&self.0.queue);
        while queue.has_worker {
            queue = self.0.idle.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn work(&self) {
        let _cleanup = PanicCleanup(self);
        while let Some(event) = self.next() {
            event.send();
        }
    }

    fn next(&self) -> Option<QueuedEvent> {
        let mut queue = lock(&self.0.queue);
        let event = queue.events.pop_front();
        if event.is_none() {
            queue.has_worker = false;
            self.0.idle.notify_all();
        }
        event
    }
}

impl QueuedEvent {
    fn send(self) {
        let answer = self.exchange.send(&self.request);
        let result = answer.and_then(|answer| self.exchange.app(&answer, &self.app).map(drop));
        self.completion.complete(result);
    }
}

/// Waiting threads are woken, even if a transport panicked.
impl Drop for QueuedEvent {
    fn drop(&mut self) {
        self.completion.complete(Err(ClientError::Transport(TransportError::Closed)));
    }
}

impl Completion {
    /// Only the first result counts.
    fn complete(&self, result: Result<(), ClientError>) {
        lock(&self.result).get_or_insert(result);
        self.known.notify_all();
    }
}

/// Lets another worker begin where a transport panicked.
struct PanicCleanup<'a>(&'a Outbox);

impl Drop for PanicCleanup<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let mut queue = lock(&self.0.0.queue);
            queue.events.clear();
            queue.has_worker = false;
            self.0.0.idle.notify_all();
        }
    }
}

/// What is behind these locks is whole at any time.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
