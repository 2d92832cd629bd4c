//! The queue of what happens. A tenth of the code of std's channels, which have
//! room, order and ends for any number of receivers.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::happening::Happening;

/// One queue; each clone is the same one.
#[derive(Clone, Debug, Default)]
pub struct Queue(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Happening>,
    is_closed: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds something: whether anybody is going to take it.
    pub fn push(&self, happening: Happening) -> bool {
        let mut state = self.lock();
        if !state.is_closed {
            state.waiting.push_back(happening);
            self.0.changed.notify_one();
        }
        !state.is_closed
    }

    /// Takes what is next, if there is something within this time.
    pub fn pop(&self, time: Duration) -> Option<Happening> {
        let is_empty = |state: &mut State| state.waiting.is_empty();
        let waited = self.0.changed.wait_timeout_while(self.lock(), time, is_empty);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.waiting.pop_front()
    }

    /// Nothing more is taken.
    pub fn close(&self) {
        self.lock().is_closed = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_order_until_it_is_closed() {
        let queue = Queue::default();
        assert!(queue.pop(Duration::from_millis(10)).is_none());
        let other = queue.clone();
        let pushing = std::thread::spawn(move || {
            assert!(other.push(Happening::Offered) && other.push(Happening::Interrupted));
        });
        let pop = || queue.pop(Duration::from_secs(60));
        assert!(matches!(pop(), Some(Happening::Offered)));
        assert!(matches!(pop(), Some(Happening::Interrupted)));
        pushing.join().unwrap();
        queue.close();
        assert!(!queue.push(Happening::Offered));
    }
}
