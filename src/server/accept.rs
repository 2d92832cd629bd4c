//! Accepting connections.
//!
//! The engine's own accepting thread dies, and the port with it, when the
//! process runs out of descriptors or threads. This one uses the same parts of
//! the engine, but what fails is shed, and the next connection is tried.

use std::fmt::Display;
use std::io;
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};

use super::activity::Activity;
use super::connection::{Connection, Next, Requests};
use super::shared::Shared;
use super::slots::Slots;
use super::thrift::Thrift;
use super::{crew, guard, sys};

/// Descriptors kept for everything else: standard streams, packages, listener.
const DESCRIPTORS_KEPT: u64 = 32;

/// How long to wait after a failure that the next try would share.
const PAUSE: Duration = Duration::from_millis(50);

/// How often a full house tries to make room.
const PATIENCE: Duration = Duration::from_millis(50);

/// Accepts connections until the server stops.
pub(super) fn run(listener: TcpListener, stop: &UnixStream, shared: &Arc<Shared>) {
    let Ok(plain) = tiny_http::SslContextWrap::build_ssl_capabilities(None) else {
        return shared.fail(io::Error::other("the HTTP engine refuses to work without TLS"));
    };
    let port = match listener.local_addr() {
        Ok(address) => address.port(),
        Err(error) => return shared.fail(error),
    };
    let listener = tiny_http::Listener::from(listener);
    let slots = Arc::new(Slots::new(shared.limits.max_connections));
    let mut thrift = Thrift::new();
    while !shared.stopping.load(Ordering::Relaxed) {
        if let Err(error) = wait(&listener, stop, &mut thrift) {
            // The kernel has no memory for it. The listener is as good as ever.
            shed(shared, &error);
            continue;
        }
        if shared.stopping.load(Ordering::Relaxed) {
            return;
        }
        let Some(slot) = slots.take(Duration::ZERO).or_else(|| {
            guard::make_room(shared);
            slots.take(PATIENCE)
        }) else {
            continue;
        };

        let descriptors = shared.connections.hold_descriptors();
        let accepted = sys::lowest_free_descriptor(&listener).and_then(|expected| {
            // The engine panics when it cannot duplicate the descriptor.
            catch_unwind(AssertUnwindSafe(|| {
                tiny_http::Server::accept_connection(&listener, &plain)
            }))
            .unwrap_or_else(|_| Err(io::Error::other("its descriptor cannot be duplicated")))
            .map(|accepted| (accepted.map(boxed), shared.connections.track(expected, port)))
        });
        drop(descriptors);

        let (requests, tracked) = match accepted {
            Ok((Some(requests), Some(tracked))) => (requests, tracked),
            // The client was gone before it was accepted.
            Ok(_) => continue,
            Err(error) if is_transient(&error) => continue,
            Err(error) => {
                shed(shared, &error);
                continue;
            }
        };
        let connection = Box::new(Connection::new(requests, tracked, slot));
        crew::proceed(connection, Next::Input, shared);
    }
}

/// The engine's side of a connection. Its own error type has no name.
fn boxed<E: Display>(
    requests: impl Iterator<Item = Result<tiny_http::Request, E>> + Send + 'static,
) -> Requests {
    Box::new(requests.map(|request| request.map_err(|error| error.to_string())))
}

/// Waits for a connection, or to be stopped.
fn wait(listener: &tiny_http::Listener, stop: &UnixStream, thrift: &mut Thrift) -> io::Result<()> {
    let mut events = [PollFd::new(listener, PollFlags::IN), PollFd::new(stop, PollFlags::IN)];
    loop {
        match poll(&mut events, thrift.patience()) {
            Ok(0) => thrift.rest(),
            Ok(_) | Err(Errno::INTR) => {
                thrift.work();
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// The client was gone before it was accepted, or somebody else took it.
fn is_transient(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, Interrupted, WouldBlock};
    matches!(error.kind(), ConnectionAborted | Interrupted | WouldBlock)
}

/// Descriptors, threads or memory are short: gives back what an idle
/// connection holds, and takes a breath.
fn shed(shared: &Shared, error: &io::Error) {
    let (what, error) = ("a connection could not be accepted", &error.to_string());
    shared.observer.observe(&Activity::Trouble { what, error });
    guard::make_room(shared);
    thread::sleep(PAUSE);
}

/// As many of the wanted connections as the descriptors suffice for.
pub(super) fn affordable(wanted: usize) -> usize {
    let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let left = usize::try_from(descriptors.saturating_sub(DESCRIPTORS_KEPT)).unwrap_or(usize::MAX);
    wanted.min(left / guard::DESCRIPTORS_EACH).max(1)
}
