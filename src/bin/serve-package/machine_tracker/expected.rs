//! The machines that are expected (`--expect`).

use std::collections::HashMap;

use super::counts::Counts;
use super::record::{Key, Record};

/// Ids or aliases, and whether a machine with it was heard and is done.
#[derive(Debug, Default)]
pub struct Expected(HashMap<String, Seen>);

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    is_heard: bool,
    is_done: bool,
}

impl Expected {
    /// Reads a list: one id or alias a line; `#` begins a comment.
    pub fn read(text: &str) -> Self {
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

    /// Takes note of how far a machine is that may be expected.
    pub fn note(&mut self, key: &Key, record: &Record, counts: &mut Counts) {
        if self.0.is_empty() {
            return;
        }
        for name in [key.id(), &*record.alias] {
            let Some(seen) = self.0.get_mut(name) else { continue };
            counts.expected_heard += usize::from(!seen.is_heard);
            counts.expected_done -= usize::from(seen.is_done);
            *seen = Seen { is_heard: true, is_done: record.is_done() };
            counts.expected_done += usize::from(seen.is_done);
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
