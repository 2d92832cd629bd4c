//! The time of an event loop.

use std::time::{Duration, Instant};

/// Longest step of the clock. What is longer was no client's doing: the process
/// was stopped (SIGSTOP), the machine suspended, or the loop held up.
const MAX_STEP: Duration = Duration::from_secs(1);

/// Counts the time in which clients could do something. It moves only when it
/// is told to, so everything within one turn of the loop happens at once.
#[derive(Debug)]
pub(super) struct Clock {
    now: Duration,
    last: Instant,
}

impl Clock {
    pub fn new() -> Self {
        Self { now: Duration::ZERO, last: Instant::now() }
    }

    /// Lets the clock catch up with the real time, except for what is longer
    /// than a step.
    pub fn advance(&mut self) {
        let now = Instant::now();
        self.now += now.duration_since(self.last).min(MAX_STEP);
        self.last = now;
    }

    /// The time since the clock was made.
    pub fn now(&self) -> Duration {
        self.now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_gap_counts_as_one_step() {
        let mut clock = Clock::new();
        let Some(long_ago) = clock.last.checked_sub(Duration::from_secs(3600)) else { return };
        clock.last = long_ago;
        clock.advance();
        assert_eq!(clock.now(), MAX_STEP);
        clock.advance();
        assert!(clock.now() < MAX_STEP * 2);
    }
}
