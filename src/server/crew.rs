//! The threads that serve connections.
//!
//! | thread | how many | does |
//! | --- | --- | --- |
//! | worker | as many as processors, 2 to 4 | reads and answers requests that are there as a whole |
//! | sender | 2, the second from the first download on | sends packages, as far as there is room |
//! | escort | one for each client that is waited for | reads what has not come of a request, writes what is not taken of an answer |
//!
//! Workers never wait for a client, nor for a package to be read, and senders
//! never for a client. Escorts do nothing else, and the guard ends that in time; a client
//! that sends its request in one piece and takes the answer never meets one.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use super::Work;
use super::activity::Activity;
use super::connection::{Connection, Errand, Next};
use super::gate;
use super::guard;
use super::lot::Ready;
use super::shared::Shared;
use super::thrift::Thrift;
use super::transfer;

/// Least workers: one that meets a document of the worst kind is busy with it
/// for milliseconds, and the others should not wait.
const LEAST_WORKERS: usize = 2;

/// Most workers. Two answer more checks than any rack asks.
const MOST_WORKERS: usize = 4;

/// What threads of C programs have on Linux. Untouched, it costs addresses only;
/// and glibc keeps the stacks of threads that have ended, up to 40 MiB, so fewer
/// if each is larger.
const STACK: usize = 8 * 1024 * 1024;

/// How many workers this machine is to have.
pub(super) fn workers() -> usize {
    thread::available_parallelism().map_or(1, usize::from).clamp(LEAST_WORKERS, MOST_WORKERS)
}

/// Answers requests until the server has ended.
pub(super) fn work(shared: &Arc<Shared>) {
    let mut thrift = Thrift::new();
    let mut view = gate::room();
    while let Some(Ready { mut connection, is_over }) = shared.waiting.next(&mut thrift) {
        let next = carefully(|| connection.attend(shared, is_over, &mut view));
        // Closing runs code of the engine, too.
        let _ = catch_unwind(AssertUnwindSafe(|| proceed(connection, next, shared)));
    }
}

/// The second sender, which a server without downloads does not have. While one
/// waits for the disk, the other can send what is in memory.
#[derive(Debug, Default)]
pub(super) struct SecondSender(Mutex<Option<JoinHandle<()>>>);

impl SecondSender {
    /// Sees to it that it is there. If there is no thread to be had, the first
    /// does all the work.
    fn summon(&self, shared: &Arc<Shared>) {
        let mut sender = self.lock();
        if sender.is_none() {
            let shared = Arc::clone(shared);
            *sender = spawn("sender", Box::new(move || send(&shared))).ok();
        }
    }

    /// Waits until it has ended.
    pub fn join(&self) {
        let sender = self.lock().take();
        // An observer that panicked there is no reason to panic here.
        let _ = sender.map(JoinHandle::join);
    }

    fn lock(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends packages until the server has ended.
pub(super) fn send(shared: &Arc<Shared>) {
    let mut thrift = Thrift::new();
    let mut buffer = transfer::room();
    while let Some(Ready { mut connection, .. }) = shared.sending.next(&mut thrift) {
        let next = carefully(|| Ok(connection.send_more(&mut buffer, shared)));
        let _ = catch_unwind(AssertUnwindSafe(|| proceed(connection, next, shared)));
    }
}

/// Takes a step. What fails or panics ends the connection, and nothing else;
/// the panic hook has told.
fn carefully(step: impl FnOnce() -> io::Result<Next>) -> Next {
    let stepped = catch_unwind(AssertUnwindSafe(step));
    stepped.ok().and_then(Result::ok).unwrap_or(Next::Close)
}

/// Gives a connection to where it goes on.
pub(super) fn proceed(connection: Box<Connection>, next: Next, shared: &Arc<Shared>) {
    let parked = match next {
        Next::Input => shared.waiting.park(connection),
        Next::Room => {
            shared.waiting.release(connection.tracked());
            shared.second_sender.summon(shared);
            shared.sending.park(connection)
        }
        Next::Patience(errand) => {
            shared.waiting.release(connection.tracked());
            return escort(connection, errand, shared);
        }
        Next::Close => return connection.end(shared),
    };
    if let Err((connection, error)) = parked {
        connection.end(shared);
        trouble("a connection cannot be waited for, and was closed", &error, shared);
    }
}

/// Gives a connection a thread of its own, for as long as it needs one.
fn escort(mut connection: Box<Connection>, errand: Errand, shared: &Arc<Shared>) {
    let tracked = Arc::clone(connection.tracked());
    let shared_there = Arc::clone(shared);
    let accompany = move || {
        let shared = shared_there;
        let mut next = Next::Patience(errand);
        while let Next::Patience(errand) = next {
            next = carefully(|| connection.run(errand, &shared));
        }
        if shared.over.load(Ordering::Acquire) {
            next = Next::Close;
        }
        proceed(connection, next, &shared);
    };
    if let Err(error) = spawn("escort", Box::new(accompany)) {
        shared.connections.forget(&tracked);
        trouble("there is no thread for a slow client, which was sent away", &error, shared);
        guard::make_room(shared);
    }
}

/// Starts a thread that outlives whoever starts it.
fn spawn(name: &str, work: Work<'static>) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name(name.to_owned()).stack_size(STACK).spawn(work)
}

fn trouble(what: &str, error: &io::Error, shared: &Shared) {
    shared.observer.observe(&Activity::Trouble { what, error: &error.to_string() });
}
