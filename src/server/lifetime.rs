//! How long a server runs: until it is told to stop, and a little longer.

use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::TryLockError;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use super::activity::Activity;
use super::shared::{Message, Shared};

/// How often to look whether the last request has ended after a stop, or the
/// updater is free again.
const TICK: Duration = Duration::from_millis(20);

/// Longer than any transfer takes, and no instant overflows with it.
const FOREVER: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// How the server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Heartbeat {
    /// Requests that are being answered, downloads among them.
    pub under_way: usize,
    /// Whether the server was told to stop.
    pub stopping: bool,
}

/// Somebody to be told regularly that the server is alive.
pub(super) struct Pulse {
    pub every: Duration,
    pub beat: Box<dyn FnMut(&Heartbeat) + Send>,
}

/// How long a server runs, and what it tells meanwhile.
pub(super) struct Lifetime<'a> {
    pub shared: &'a Shared,
    pub inbox: Receiver<Message>,
    pub pulse: Option<Pulse>,
}

impl Lifetime<'_> {
    /// Waits until the server is told to stop, and then until nothing is under
    /// way.
    pub fn pass(mut self) -> Result<(), ServeError> {
        let mut deadline: Option<Instant> = None;
        let mut next_beat = Instant::now();
        loop {
            let now = Instant::now();
            if self.pulse.is_some() && now >= next_beat {
                next_beat = now + self.beat_if_alive(deadline.is_some());
            }
            let patience = match (deadline, &self.pulse) {
                (Some(_), _) => Some(TICK),
                (None, Some(_)) => Some(next_beat.saturating_duration_since(now)),
                (None, None) => None,
            };
            match self.receive(patience) {
                Some(Message::Stop(grace)) => {
                    let end = Instant::now() + grace.min(FOREVER);
                    deadline = Some(deadline.map_or(end, |deadline| deadline.min(end)));
                    self.beat(true);
                }
                Some(Message::Failed(error)) => return Err(ServeError(error)),
                None => {}
            }
            if deadline.is_some_and(|deadline| self.is_over(deadline)) {
                return Ok(());
            }
        }
    }

    /// Tells that the server is alive, unless the updater is held just now: a
    /// stuck one holds it for ever. How long until the next time.
    fn beat_if_alive(&mut self, stopping: bool) -> Duration {
        let is_held = matches!(self.shared.updater.try_lock(), Err(TryLockError::WouldBlock));
        if is_held { TICK } else { self.beat(stopping) }
    }

    fn beat(&mut self, stopping: bool) -> Duration {
        let Some(pulse) = &mut self.pulse else { return Duration::MAX };
        let heartbeat = Heartbeat { under_way: self.shared.under_way.number(), stopping };
        // A beat that panics is no reason to stop answering; the panic hook has
        // told, and a watchdog behind it will notice.
        let _ = catch_unwind(AssertUnwindSafe(|| (pulse.beat)(&heartbeat)));
        pulse.every
    }

    /// The next message, or none after a while. The inbox cannot be
    /// disconnected: the other side of it is shared.
    fn receive(&self, patience: Option<Duration>) -> Option<Message> {
        match patience {
            None => self.inbox.recv().ok(),
            Some(patience) => self.inbox.recv_timeout(patience).ok(),
        }
    }

    /// Whether a server that was told to stop has nothing left to wait for.
    fn is_over(&self, deadline: Instant) -> bool {
        let left = self.shared.under_way.number();
        // A client that was accepted just before is not left without an answer.
        let is_idle = left == 0 && !self.shared.connections.any_new();
        if !is_idle && Instant::now() < deadline {
            return false;
        }
        if left > 0 {
            let what = "stopped before every request had its answer";
            let error = &format!("{left} under way");
            self.shared.observer.observe(&Activity::Trouble { what, error });
        }
        true
    }
}

/// Why a [`Server`](super::Server) cannot go on.
#[derive(Debug)]
pub struct ServeError(io::Error);

impl From<io::Error> for ServeError {
    fn from(error: io::Error) -> Self {
        Self(error)
    }
}

impl fmt::Display for ServeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "connections can no longer be accepted: {}", self.0)
    }
}

impl std::error::Error for ServeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}
