//! The connection guard: keeps one client from harming the others.
//!
//! The HTTP engine waits for a client for ever, whatever it does or does not
//! do. The guard looks at every connection several times a second, and shuts
//! down those that break a rule; then whoever waits for one of them goes on,
//! and finds it at its end.
//!
//! | threat | rule | limit |
//! | --- | --- | --- |
//! | connections that send nothing, or drip a head | a complete head within [`Limits::idle_timeout`] of the connection or the last answer | 30 s |
//! | endless request lines and headers | the [gate](super::gate): so many bytes and lines before anything is read | 16 KiB, 100 lines |
//! | bodies that fill the memory together | so many bytes of large bodies at a time, else 503 | 16 MiB |
//! | bodies announced and withheld, or dripped | a body ends in time | 60 s |
//! | bodies without end | so many bytes, wanted or not | 8 MiB |
//! | answers that are never read | taken in time | 60 s |
//! | downloads that are never read | [`Limits::min_rate`], over each minute | 1000 bytes/s |
//! | more connections than there is room for | one goes of the address that has most: the one that waited longest, or else was slow longest; never a download | [`Limits::max_connections`] |
//! | one address that takes every download | above a quarter of all downloads it waits (503) when they become few | see [`Limits`] |
//!
//! What it does not do: it knows no clients but by their addresses, so many
//! machines behind one address share what that address is allowed.
//!
//! The guard's clock stands still while the process does (SIGSTOP, a suspended
//! machine), and no change of the system's time moves it.

mod connections;
mod rule;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

pub(super) use connections::{Connections, DESCRIPTORS_EACH, Tracked};
pub use rule::Offence;
pub(super) use rule::Phase;

use super::activity::Activity;
use super::shared::Shared;
use super::sys;
use rule::Judgement;

/// How often the guard looks.
const TICK: Duration = Duration::from_millis(200);

/// How often memory is given back, if connections came or went meanwhile.
const THRIFT: Duration = Duration::from_secs(5);

/// What connections may do. The defaults suit a rack of 500 machines that all
/// update at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at a time; fewer where the descriptors do not suffice.
    /// Three quarters of them may be downloads.
    pub max_connections: usize,
    /// How long a connection may be without a complete request.
    pub idle_timeout: Duration,
    /// Bytes per second that a download must be taken with, over each minute.
    pub min_rate: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_connections: 1000, idle_timeout: Duration::from_secs(30), min_rate: 1000 }
    }
}

/// Watches the connections until the server has ended.
pub(super) fn run(shared: &Arc<Shared>) {
    let mut last = Instant::now();
    // When memory was given back, and what there was then.
    let mut thrift = (shared.connections.now(), shared.connections.turnover());
    while !shared.over.load(Ordering::Relaxed) {
        look(shared);
        let (now, turnover) = (shared.connections.now(), shared.connections.turnover());
        if now.saturating_sub(thrift.0) >= THRIFT && turnover != thrift.1 {
            sys::give_back_memory();
            thrift = (now, turnover);
        }
        thread::park_timeout(TICK);
        let now = Instant::now();
        // A longer gap is time in which no client could do anything either.
        shared.connections.advance((now - last).min(TICK * 5));
        last = now;
    }
}

/// Looks at every connection once.
fn look(shared: &Shared) {
    for connection in shared.connections.all() {
        if shared.over.load(Ordering::Relaxed) {
            // Those that are shut down now have their last answer to send.
            return;
        }
        if connection.is_gone() {
            connection.reset();
            continue;
        }
        match connection.judge(shared.connections.now(), &shared.limits) {
            Judgement::Fine | Judgement::NewWindow => {}
            Judgement::Offence(offence) => expel(shared, &connection, offence),
        }
    }
}

/// Shuts a connection down and tells the operator.
pub(super) fn expel(shared: &Shared, connection: &Tracked, offence: Offence) {
    if connection.shut_down() {
        // These two did nothing wrong, and nothing comes from them.
        if !matches!(offence, Offence::Crowded | Offence::Idle) {
            connection.reset();
        }
        let address = connection.address();
        shared.observer.observe(&Activity::Expelled { address, offence });
    }
}

/// Makes room for more connections at the expense of idle or slow ones: of one
/// in 32 at once, so that the look at all of them is worth it.
pub(super) fn make_room(shared: &Shared) {
    let number = (shared.limits.max_connections / 32).max(1);
    for connection in shared.connections.most_dispensable(number) {
        expel(shared, &connection, Offence::Crowded);
    }
}
