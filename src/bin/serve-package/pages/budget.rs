//! How much the status pages may cost. A client that asks again and again gets
//! no more than this, and those who do not read what they asked for hold no
//! more than this, for the time that a connection may be idle.

use std::time::{Duration, Instant};

/// Bytes of pages in a second.
const RATE: usize = 4 * 1024 * 1024;

/// Bytes at once after a while without.
const BURST: isize = 16 * 1024 * 1024;

/// What a page costs at least, in bytes: the look at all machines.
const LEAST: usize = 16 * 1024;

/// What is left. It may be overdrawn by one page.
#[derive(Debug)]
pub struct Budget {
    left: isize,
    since: Instant,
}

impl Budget {
    pub fn new(now: Instant) -> Self {
        Self { left: BURST, since: now }
    }

    /// Whether one more page may be made.
    pub fn is_left(&mut self, now: Instant) -> bool {
        let elapsed = now.saturating_duration_since(self.since).min(Duration::from_secs(60));
        let earned = usize::try_from(elapsed.as_millis()).unwrap_or(0).saturating_mul(RATE) / 1000;
        if earned > 0 {
            self.left = self.left.saturating_add_unsigned(earned).min(BURST);
            self.since = now;
        }
        self.left > 0
    }

    /// A page of this many bytes was made.
    pub fn spend(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub_unsigned(bytes.max(LEAST));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_spent_and_comes_back() {
        let start = Instant::now();
        let mut budget = Budget::new(start);
        let mut made = 0;
        while budget.is_left(start) {
            budget.spend(1024 * 1024);
            made += 1;
        }
        assert_eq!(made, 16);
        assert!(budget.is_left(start + Duration::from_secs(1)));
    }
}
