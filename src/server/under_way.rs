//! How many requests are being answered, so that a stop can wait for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts requests under way.
#[derive(Debug, Default)]
pub(super) struct UnderWay(Arc<AtomicUsize>);

/// One request under way, until it is dropped.
#[derive(Debug)]
pub(super) struct Counted(Arc<AtomicUsize>);

impl UnderWay {
    pub fn count(&self) -> Counted {
        self.0.fetch_add(1, Ordering::AcqRel);
        Counted(Arc::clone(&self.0))
    }

    pub fn number(&self) -> usize {
        self.0.load(Ordering::Acquire)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts() {
        let under_way = UnderWay::default();
        let first = under_way.count();
        let second = under_way.count();
        drop(first);
        assert_eq!(under_way.number(), 1);
        drop(second);
        assert_eq!(under_way.number(), 0);
    }
}
