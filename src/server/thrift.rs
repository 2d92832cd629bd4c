//! Giving memory back that a thread no longer uses.

use rustix::event::Timespec;

use super::sys;

/// How long a thread has nothing to do before it gives memory back. Between two
/// checks of a busy rack is less.
const CALM: Timespec = Timespec { tv_sec: 5, tv_nsec: 0 };

/// Whether a thread may have memory to give back. See
/// [`sys::give_back_memory`].
#[derive(Debug)]
pub(super) struct Thrift {
    has_worked: bool,
}

impl Thrift {
    /// For a thread that begins, after preparations that are over.
    pub fn new() -> Self {
        Self { has_worked: true }
    }

    /// How long to wait for work before [`rest`](Self::rest).
    pub fn patience(&self) -> Option<&'static Timespec> {
        self.has_worked.then_some(&CALM)
    }

    /// There is something to do.
    pub fn work(&mut self) {
        self.has_worked = true;
    }

    /// There was nothing to do for a while.
    pub fn rest(&mut self) {
        if self.has_worked {
            sys::give_back_memory();
            self.has_worked = false;
        }
    }
}
