//! When to ask again.

use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use super::environment::between;

/// Says when the next update check or ping is due: first after 2 to 12
/// minutes, then every 40 to 50, each time by chance, so that machines which
/// were switched on together do not ask together.
///
/// It neither waits nor looks at a clock; time and chance come from the caller.
///
/// ```
/// use std::time::{Duration, Instant};
/// use omaha::client::PingTimer;
///
/// let start = Instant::now();
/// let mut timer = PingTimer::start(start, 0);
/// assert_eq!(timer.wait(start), Duration::from_secs(2 * 60));
/// // … later:
/// let now = timer.due();
/// assert!(timer.is_due(now));
/// timer.sent(now, 0);
/// assert_eq!(timer.wait(now), Duration::from_secs(40 * 60));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PingTimer {
    due: Instant,
    interval: Duration,
}

impl PingTimer {
    /// The first request is between these after the start.
    const FIRST: RangeInclusive<Duration> =
        Duration::from_secs(2 * 60)..=Duration::from_secs(12 * 60);

    /// About how long there is from one request to the next.
    const INTERVAL: Duration = Duration::from_secs(45 * 60);

    /// What a server may ask for instead. `update_engine` has these limits.
    const ALLOWED: RangeInclusive<Duration> =
        Duration::from_secs(45 * 60)..=Duration::from_secs(4 * 60 * 60);

    /// How far from it chance may lead, either way.
    const SPREAD: Duration = Duration::from_secs(5 * 60);

    /// A timer for a client that starts now.
    pub fn start(now: Instant, random: u64) -> Self {
        let wait = between(*Self::FIRST.start(), *Self::FIRST.end(), random);
        Self { due: after(now, wait), interval: Self::INTERVAL }
    }

    /// A request was sent now: the next one is an interval later.
    pub fn sent(&mut self, now: Instant, random: u64) {
        let shortest = self.interval.saturating_sub(Self::SPREAD);
        self.due = after(now, between(shortest, self.interval + Self::SPREAD, random));
    }

    /// The server asked for another interval (`PollInterval`), or for none in
    /// particular. It counts from the next [`sent`](Self::sent) on, and is
    /// brought between 45 minutes and 4 hours, as `update_engine` does.
    pub fn set_poll_interval(&mut self, interval: Option<Duration>) {
        let clamp =
            |interval: Duration| interval.clamp(*Self::ALLOWED.start(), *Self::ALLOWED.end());
        self.interval = interval.map_or(Self::INTERVAL, clamp);
    }

    /// When the next request is due.
    pub fn due(&self) -> Instant {
        self.due
    }

    /// Whether it is due by now.
    pub fn is_due(&self, now: Instant) -> bool {
        self.due <= now
    }

    /// How long there is until then.
    pub fn wait(&self, now: Instant) -> Duration {
        self.due.saturating_duration_since(now)
    }
}

/// Later; where the clock cannot tell that time, at once is better than never.
fn after(now: Instant, wait: Duration) -> Instant {
    now.checked_add(wait).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn first_soon_then_rarely() {
        let start = Instant::now();
        for (random, first, then) in [(0, 2, 40), (u64::MAX / 2 + 1, 7, 45)] {
            let mut timer = PingTimer::start(start, random);
            assert_eq!(timer.wait(start), first * MINUTE);
            let now = start + Duration::from_secs(10_000);
            timer.sent(now, random);
            assert_eq!(timer.due(), now + then * MINUTE);
        }
        let latest = PingTimer::start(start, u64::MAX).wait(start);
        assert!(latest < 12 * MINUTE && latest > 11 * MINUTE, "{latest:?}");
    }

    #[test]
    fn due() {
        let start = Instant::now();
        let timer = PingTimer::start(start, 0);
        assert!(!timer.is_due(start) && !timer.is_due(timer.due() - Duration::from_nanos(1)));
        assert!(timer.is_due(timer.due()) && timer.is_due(timer.due() + MINUTE));
        assert_eq!(timer.wait(timer.due() + MINUTE), Duration::ZERO);
    }

    #[test]
    fn the_server_may_ask_for_another_interval() {
        let start = Instant::now();
        let mut timer = PingTimer::start(start, 0);
        for (asked, minutes) in [(Some(60), 55), (Some(1), 40), (Some(100_000), 235), (None, 40)] {
            timer.set_poll_interval(asked.map(|minutes| minutes * MINUTE));
            timer.sent(start, 0);
            assert_eq!(timer.wait(start), minutes * MINUTE, "{asked:?}");
        }
    }
}
