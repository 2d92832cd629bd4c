//! Whether and when to try again.

use std::time::Duration;

use super::environment::between;

/// How often something is tried, and how long to wait between two tries: each
/// time about twice as long as the time before, with ±50 % jitter, so that
/// machines which failed together do not come back together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retry {
    /// How many tries there are, the first one included. None means one.
    pub tries: u32,
    /// About how long to wait after the first try.
    pub first: Duration,
    /// About how long to wait at most.
    pub longest: Duration,
}

impl Retry {
    /// What go-omaha does for requests: 7 tries, about 1, 2, 4, 8, 16 and 32
    /// seconds apart.
    pub const REQUEST: Self =
        Self { tries: 7, first: Duration::from_secs(1), longest: Duration::from_secs(64) };

    /// For a download, which continues where it was cut: up to 20 times without
    /// progress, and about 20 seconds apart at most.
    pub const DOWNLOAD: Self =
        Self { tries: 21, first: Duration::from_secs(1), longest: Duration::from_secs(20) };

    /// One try only.
    pub const NEVER: Self = Self { tries: 1, ..Self::REQUEST };

    /// So many tries, the first one included, with about so long to wait after
    /// the first, and at most.
    pub const fn new(tries: u32, first: Duration, longest: Duration) -> Self {
        Self { tries, first, longest }
    }

    /// The same with another number of tries.
    #[must_use]
    pub const fn with_tries(self, tries: u32) -> Self {
        Self { tries, ..self }
    }

    /// How long to wait when this many tries have failed, or `None` when there
    /// is no other. `random` is a uniformly random number.
    ///
    /// ```
    /// use std::time::Duration;
    /// use omaha::client::Retry;
    ///
    /// let shortest = Duration::from_millis(500);
    /// assert_eq!(Retry::REQUEST.delay(1, 0), Some(shortest));
    /// assert_eq!(Retry::REQUEST.delay(2, 0), Some(2 * shortest));
    /// assert_eq!(Retry::REQUEST.delay(7, 0), None);
    /// ```
    pub fn delay(&self, failed: u32, random: u64) -> Option<Duration> {
        if failed >= self.tries {
            return None;
        }
        let doubled = 2_u32.saturating_pow(failed.saturating_sub(1));
        let about = self.first.saturating_mul(doubled).min(self.longest);
        Some(between(about / 2, about.saturating_add(about / 2), random))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIDDLE: u64 = u64::MAX / 2 + 1;

    #[test]
    fn each_wait_is_twice_the_one_before() {
        let delays: Vec<_> = (1..=7).map(|failed| Retry::REQUEST.delay(failed, MIDDLE)).collect();
        let seconds = |n| Some(Duration::from_secs(n));
        assert_eq!(
            delays,
            [seconds(1), seconds(2), seconds(4), seconds(8), seconds(16), seconds(32), None]
        );
    }

    #[test]
    fn chance_halves_it_or_adds_a_half() {
        let delay = |random| Retry::REQUEST.delay(3, random).unwrap();
        assert_eq!(delay(0), Duration::from_secs(2));
        assert_eq!(delay(u64::MAX), Duration::from_nanos(5_999_999_999));
    }

    #[test]
    fn there_is_a_longest_wait() {
        assert_eq!(Retry::DOWNLOAD.delay(20, MIDDLE), Some(Duration::from_secs(20)));
        assert_eq!(Retry::DOWNLOAD.delay(21, MIDDLE), None);
        let patient = Retry::REQUEST.with_tries(u32::MAX);
        assert_eq!(patient.delay(u32::MAX - 1, MIDDLE), Some(Duration::from_secs(64)));
    }

    #[test]
    fn one_try_is_one_try() {
        assert_eq!(Retry::NEVER.delay(1, 0), None);
        assert_eq!(Retry::NEVER.with_tries(0).delay(1, 0), None);
    }
}
