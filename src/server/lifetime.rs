//! How long a server runs, and what it tells meanwhile.

use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// Longer than any transfer takes, and no instant overflows with it.
const FOREVER: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Shortest time between two heartbeats.
const SHORTEST: Duration = Duration::from_millis(10);

/// How the server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Heartbeat {
    /// Requests that are being answered, downloads among them.
    pub under_way: usize,
    /// Whether the server was told to stop.
    pub stopping: bool,
    /// Whether the thread that sends packages has gone on since the last
    /// heartbeat. It does not while it waits for a disk.
    pub sending: bool,
}

/// A callback that reports regularly that the server is alive.
pub(super) struct Pulse {
    pub every: Duration,
    pub beat: Box<dyn FnMut(&Heartbeat) + Send>,
}

/// When a server is to tell that it is alive, and when it is to end.
pub(super) struct Lifetime {
    pulse: Option<Pulse>,
    next_beat: Instant,
    deadline: Option<Instant>,
}

impl Lifetime {
    /// It begins now, with a heartbeat.
    pub fn new(pulse: Option<Pulse>) -> Self {
        Self { pulse, next_beat: Instant::now(), deadline: None }
    }

    /// When something is to be done.
    pub fn next(&self) -> Option<Instant> {
        let beat = self.pulse.is_some().then_some(self.next_beat);
        [beat, self.deadline].into_iter().flatten().min()
    }

    /// Whether it is time for a heartbeat.
    pub fn is_beat_due(&self) -> bool {
        self.pulse.is_some() && Instant::now() >= self.next_beat
    }

    /// Tells that the server is alive. A panic there is no reason to stop
    /// answering; it is logged by the panic hook, and a watchdog will notice.
    pub fn beat(&mut self, heartbeat: &Heartbeat) {
        let Some(pulse) = &mut self.pulse else { return };
        let _ = catch_unwind(AssertUnwindSafe(|| (pulse.beat)(heartbeat)));
        self.next_beat = Instant::now() + pulse.every.clamp(SHORTEST, FOREVER);
    }

    /// Lets it end, with a heartbeat, when nothing is under way or after so
    /// long, whichever stop is the first.
    pub fn stop(&mut self, grace: Duration) {
        let end = Instant::now() + grace.min(FOREVER);
        self.deadline = Some(self.deadline.map_or(end, |deadline| deadline.min(end)));
        self.next_beat = Instant::now();
    }

    pub fn is_stopping(&self) -> bool {
        self.deadline.is_some()
    }

    /// Whether there is no more time for what is under way.
    pub fn is_over(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }
}

/// Why a [`Server`](super::Server) stopped serving.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServeError {
    /// The system cannot tell what connections are ready (`epoll(7)`).
    EventLoop(io::Error),
    /// The connection inside the process to the HTTP engine cannot be had.
    Engine(io::Error),
    /// The thread that sends packages cannot be started.
    Thread(io::Error),
}

impl fmt::Display for ServeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::EventLoop(_) => "the server cannot wait for its connections",
            Self::Engine(_) => "the HTTP engine cannot be started",
            Self::Thread(_) => "the thread that sends packages cannot be started",
        })
    }
}

impl std::error::Error for ServeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::EventLoop(error) | Self::Engine(error) | Self::Thread(error) => Some(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_interval_will_do() {
        for every in [Duration::ZERO, Duration::MAX] {
            let pulse = Pulse { every, beat: Box::new(|_| {}) };
            let mut lifetime = Lifetime::new(Some(pulse));
            assert!(lifetime.is_beat_due());
            lifetime.beat(&Heartbeat { under_way: 0, stopping: false, sending: true });
            assert!(lifetime.next().unwrap() > Instant::now());
        }
    }

    #[test]
    fn of_several_stops_the_first_to_end_counts() {
        let mut lifetime = Lifetime::new(None);
        assert!(!lifetime.is_stopping() && lifetime.next().is_none());
        lifetime.stop(Duration::MAX);
        assert!(lifetime.is_stopping() && !lifetime.is_over());
        lifetime.stop(Duration::ZERO);
        lifetime.stop(Duration::MAX);
        assert!(lifetime.is_over());
    }
}
