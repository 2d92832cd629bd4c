//! The machines that are expected (`--expect`).

use std::collections::HashMap;

use super::counts::Counts;
use super::record::{Key, Record};

/// Ids or aliases, and how far the machines with each are.
#[derive(Debug, Default)]
pub struct Expected(HashMap<String, Seen>);

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    is_heard: bool,
    /// How many machines with this name are not done.
    not_done: usize,
}

impl Seen {
    fn is_done(self) -> bool {
        self.is_heard && self.not_done == 0
    }
}

impl Expected {
    /// Reads a list: one id or alias a line; `#` begins a comment.
    pub fn read(text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let names = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
        Self(
            names
                .filter(|name| !name.is_empty())
                .map(|name| (name.into(), Seen::default()))
                .collect(),
        )
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// A machine is so far that may be expected. Call [`Expected::remove`] before
    /// that changes: a name is done when all machines with it are.
    pub fn add(&mut self, key: &Key, record: &Record, counts: &mut Counts) {
        self.note(key, record, counts, true);
    }

    /// A machine is no longer so far. A name is missing again that nobody else has.
    pub fn remove(&mut self, key: &Key, record: &Record, counts: &mut Counts) {
        if !record.is_done() {
            self.note(key, record, counts, false);
        }
    }

    fn note(&mut self, key: &Key, record: &Record, counts: &mut Counts, is_there: bool) {
        if self.0.is_empty() {
            return;
        }
        for name in [key.id(), &*record.alias] {
            let Some(seen) = self.0.get_mut(name) else { continue };
            counts.expected_heard -= usize::from(seen.is_heard);
            counts.expected_done -= usize::from(seen.is_done());
            if is_there {
                seen.is_heard = true;
                seen.not_done += usize::from(!record.is_done());
            } else {
                seen.not_done = seen.not_done.saturating_sub(1);
                seen.is_heard = seen.not_done > 0;
            }
            counts.expected_heard += usize::from(seen.is_heard);
            counts.expected_done += usize::from(seen.is_done());
        }
    }

    /// Those that were never heard, in order.
    pub fn missing(&self) -> Vec<&str> {
        let missing = self.0.iter().filter(|(_, seen)| !seen.is_heard);
        let mut missing: Vec<_> = missing.map(|(name, _)| name.as_str()).collect();
        missing.sort_unstable();
        missing
    }
}
