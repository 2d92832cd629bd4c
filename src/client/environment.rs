//! What the client takes from its surroundings besides the network: time and
//! chance.

use std::fmt::Debug;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

/// Time and chance. Tests bring their own, and so need no sleep.
pub trait Environment: Debug + Send + Sync {
    /// Waits.
    fn sleep(&self, duration: Duration);

    /// A uniformly random `u64`.
    fn random(&self) -> u64;
}

impl<T: Environment + ?Sized> Environment for Arc<T> {
    fn sleep(&self, duration: Duration) {
        self.as_ref().sleep(duration);
    }

    fn random(&self) -> u64 {
        self.as_ref().random()
    }
}

/// The real thing.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEnvironment;

impl Environment for SystemEnvironment {
    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }

    /// From the keys of the standard library's hash maps, which the system's
    /// source of randomness provides. Good enough to spread requests in time
    /// and to name sessions; nothing here is secret.
    fn random(&self) -> u64 {
        RandomState::new().hash_one(())
    }
}

/// A duration between two others: the shorter one for 0, nearly the longer one
/// for the largest number.
pub(super) fn between(shortest: Duration, longest: Duration, random: u64) -> Duration {
    let width = longest.saturating_sub(shortest).as_nanos();
    let part = width.saturating_mul(u128::from(random)) >> u64::BITS;
    shortest.saturating_add(Duration::from_nanos(u64::try_from(part).unwrap_or(u64::MAX)))
}

/// A random identity: a UUID of version 4 (RFC 9562, section 5.4).
pub(super) fn uuid(environment: &dyn Environment) -> String {
    let bits = u128::from(environment.random()) << 64 | u128::from(environment.random());
    let bits = bits & !(0xF << 76 | 0b11 << 62) | 0x4 << 76 | 0b10 << 62;
    let digits = format!("{bits:032x}");
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn between_two_durations() {
        let (short, long) = (Duration::from_secs(2), Duration::from_secs(12));
        assert_eq!(between(short, long, 0), short);
        assert_eq!(between(short, long, u64::MAX / 2 + 1), Duration::from_secs(7));
        assert_eq!(between(short, long, u64::MAX), long - Duration::from_nanos(1));
        assert_eq!(between(long, short, u64::MAX), long);
        let huge = Duration::MAX;
        assert!(between(Duration::ZERO, huge, u64::MAX) <= huge);
    }

    #[test]
    fn identities() {
        let one = uuid(&SystemEnvironment);
        assert_ne!(one, uuid(&SystemEnvironment));
        assert_eq!(one.len(), 36);
        let at = |index: usize| one.as_bytes()[index];
        assert_eq!(at(14), b'4', "{one}");
        assert!(matches!(at(19), b'8' | b'9' | b'a' | b'b'), "{one}");
        assert!([8, 13, 18, 23].iter().all(|index| at(*index) == b'-'), "{one}");
    }
}
