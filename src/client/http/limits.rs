//! How long a request may take.

use std::time::{Duration, Instant};

use crate::client::transport::TransportError;

/// The time that is left for a request.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long nothing may happen on the connection.
    idle_timeout: Duration,
    /// When all must have ended, and how much time that is from the beginning.
    end: Option<(Instant, Duration)>,
}

impl Limits {
    /// Begins to count.
    pub fn begin(idle_timeout: Duration, timeout: Option<Duration>) -> Self {
        // A clock that cannot tell the end never gets there.
        let end = |timeout| Some((Instant::now().checked_add(timeout)?, timeout));
        Self { idle_timeout, end: timeout.and_then(end) }
    }

    /// How long to wait for what comes next; never zero, which a socket would
    /// take for ever.
    pub fn wait(&self, doing: &'static str) -> Result<Duration, TransportError> {
        let Some((end, timeout)) = self.end else { return Ok(self.idle_timeout) };
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(TransportError::Timeout { doing, after: timeout });
        }
        Ok(left.min(self.idle_timeout))
    }

    /// Says that nothing happened while there was time.
    pub fn exceeded(&self, doing: &'static str) -> TransportError {
        let is_over = |(end, _): &(Instant, Duration)| *end <= Instant::now();
        let after = self.end.filter(is_over).map_or(self.idle_timeout, |(_, timeout)| timeout);
        TransportError::Timeout { doing, after }
    }
}
