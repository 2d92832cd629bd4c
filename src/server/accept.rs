//! The accepting thread: takes connections and gives each its thread.
//!
//! The engine's own accepting thread dies, and the port with it, when the
//! process runs out of descriptors or threads. This one uses the same parts of
//! the engine, but what fails is shed, and the next connection is tried.

use std::io;
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Resource, getrlimit};

use super::activity::Activity;
use super::{Shared, connection};

/// Most connections at a time: twice a rack of 500 machines.
const MAX_CONNECTIONS: usize = 1000;

/// Descriptors of one connection: the engine holds a reading and a writing one.
const DESCRIPTORS_EACH: u64 = 2;

/// Descriptors kept for everything else: standard streams, packages, listener.
const DESCRIPTORS_KEPT: u64 = 32;

/// Room for the engine's and our own frames and a download's small ones; the
/// default of 2 MiB would be most of the address space of a full house.
const STACK: usize = 256 * 1024;

/// How long to wait after a failure that the next try would share.
const PAUSE: Duration = Duration::from_millis(50);

/// How often a full house looks whether it is to stop.
const PATIENCE: Duration = Duration::from_millis(200);

/// Accepts connections until the server stops.
pub(super) fn run(listener: TcpListener, stop: &UnixStream, shared: &Arc<Shared>) {
    let Ok(plain) = tiny_http::SslContextWrap::build_ssl_capabilities(None) else {
        return shared.fail(io::Error::other("the HTTP engine refuses to work without TLS"));
    };
    let listener = tiny_http::Listener::from(listener);
    let slots = Arc::new(Slots::new(limit()));
    while !shared.stopping.load(Ordering::Relaxed) {
        let Some(slot) = slots.take(PATIENCE) else { continue };
        if let Err(error) = wait(&listener, stop) {
            return shared.fail(error);
        }
        if shared.stopping.load(Ordering::Relaxed) {
            return;
        }
        // The engine panics when it cannot duplicate the descriptor.
        let accepted = catch_unwind(AssertUnwindSafe(|| {
            tiny_http::Server::accept_connection(&listener, &plain)
        }));
        let requests = match accepted {
            Ok(Ok(Some(requests))) => requests,
            Ok(Ok(None)) => continue,
            Ok(Err(error)) if is_transient(&error) => continue,
            Ok(Err(error)) => {
                pause(shared, &error.to_string());
                continue;
            }
            Err(_) => {
                pause(shared, "the connection's descriptor cannot be duplicated");
                continue;
            }
        };
        let shared_there = Arc::clone(shared);
        let spawned = thread::Builder::new().name("connection".to_owned()).stack_size(STACK).spawn(
            move || {
                let _slot = slot;
                connection::serve(requests, &shared_there);
            },
        );
        if let Err(error) = spawned {
            pause(shared, &error.to_string());
        }
    }
}

/// Waits for a connection, or to be stopped.
fn wait(listener: &tiny_http::Listener, stop: &UnixStream) -> io::Result<()> {
    let mut events = [PollFd::new(listener, PollFlags::IN), PollFd::new(stop, PollFlags::IN)];
    match poll(&mut events, None) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The client was gone before it was accepted, or somebody else took it.
fn is_transient(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, Interrupted, WouldBlock};
    matches!(error.kind(), ConnectionAborted | Interrupted | WouldBlock)
}

fn pause(shared: &Shared, error: &str) {
    let what = "a connection could not be accepted";
    shared.observer.observe(&Activity::Trouble { what, error });
    thread::sleep(PAUSE);
}

/// As many connections as the descriptors suffice for.
fn limit() -> usize {
    let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let affordable = descriptors.saturating_sub(DESCRIPTORS_KEPT) / DESCRIPTORS_EACH;
    usize::try_from(affordable).unwrap_or(usize::MAX).clamp(1, MAX_CONNECTIONS)
}

/// Counts connections.
#[derive(Debug)]
struct Slots {
    free: Mutex<usize>,
    freed: Condvar,
}

/// The right to one connection, given back when dropped.
#[derive(Debug)]
struct Slot(Arc<Slots>);

impl Slots {
    fn new(free: usize) -> Self {
        Self { free: Mutex::new(free), freed: Condvar::new() }
    }

    /// Takes a slot, waiting for one for so long.
    fn take(self: &Arc<Self>, patience: Duration) -> Option<Slot> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut free, _) = self
            .freed
            .wait_timeout_while(free, patience, |free| *free == 0)
            .unwrap_or_else(PoisonError::into_inner);
        *free = free.checked_sub(1)?;
        Some(Slot(Arc::clone(self)))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_come_back() {
        let slots = Arc::new(Slots::new(2));
        let first = slots.take(Duration::ZERO).unwrap();
        let _second = slots.take(Duration::ZERO).unwrap();
        assert!(slots.take(Duration::ZERO).is_none());
        drop(first);
        assert!(slots.take(Duration::ZERO).is_some());
    }
}
