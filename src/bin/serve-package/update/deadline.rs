//! The time that an update may take.

use std::time::{Duration, Instant};

/// `--deadline`, from the moment when the update begins.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    pub time: Duration,
    began: Instant,
}

impl Deadline {
    /// One that begins now.
    pub fn new(time: Duration) -> Self {
        Self { time, began: Instant::now() }
    }

    pub fn has_passed(&self) -> bool {
        self.began.elapsed() >= self.time
    }
}
