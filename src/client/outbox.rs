//! Events that are sent while the program does something else.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};

use super::exchange::Exchange;
use super::{ClientError, TransportError};
use crate::protocol::Request;

/// Sends requests one after another, in the order in which they were handed
/// over, on a thread of its own that exists from the first one on.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    worker: Mutex<Option<Worker>>,
}

#[derive(Debug)]
struct Worker {
    letters: Sender<Box<Letter>>,
    thread: JoinHandle<()>,
}

#[derive(Debug)]
struct Letter {
    exchange: Exchange,
    request: Request,
    app: String,
    result: SyncSender<Result<(), ClientError>>,
}

/// An event on its way. Dropping this does not stop it.
#[derive(Debug)]
pub struct Pending {
    result: Receiver<Result<(), ClientError>>,
}

impl Pending {
    /// Waits until the event was sent and acknowledged, or given up.
    ///
    /// # Errors
    ///
    /// Why it was given up.
    pub fn wait(self) -> Result<(), ClientError> {
        // The worker answers every letter, unless it panicked.
        self.result.recv().unwrap_or(Err(ClientError::Transport(TransportError::Closed)))
    }
}

impl Outbox {
    /// Hands over a request about one application.
    pub fn post(&self, exchange: Exchange, request: Request, app: String) -> Pending {
        let (result, pending) = sync_channel(1);
        let letter = Box::new(Letter { exchange, request, app, result });
        if let Err(letter) = self.hand_over(letter) {
            // No thread can be had: late is better than never.
            deliver(letter);
        }
        Pending { result: pending }
    }

    fn hand_over(&self, letter: Box<Letter>) -> Result<(), Box<Letter>> {
        let mut worker = self.worker.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if worker.is_none() {
            *worker = Worker::start();
        }
        match &*worker {
            Some(worker) => worker.letters.send(letter).map_err(|error| error.0),
            None => Err(letter),
        }
    }

    /// Waits until everything was sent or given up.
    pub fn flush(&self) {
        let worker = self.worker.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        if let Some(Worker { letters, thread }) = worker {
            drop(letters);
            // What a letter came to is in its own result.
            let _ = thread.join();
        }
    }
}

impl Worker {
    fn start() -> Option<Self> {
        let (letters, inbox) = channel();
        let work = move || inbox.into_iter().for_each(deliver);
        let thread = thread::Builder::new().name("omaha-events".to_owned()).spawn(work).ok()?;
        Some(Self { letters, thread })
    }
}

fn deliver(letter: Box<Letter>) {
    let Letter { exchange, request, app, result } = *letter;
    let sent = exchange.send(&request).and_then(|answer| exchange.app(&answer, &app).map(drop));
    // Nobody has to wait for it.
    let _ = result.send(sent);
}
