//! What several servers say of the same machines, put together.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

use omaha::Version;

use crate::machine_tracker::{Counts, Expected, Key, Record, State};

use super::document::Document;

/// Clocks that differ by less are taken for the same.
const SAME_CLOCK: u64 = 2;

/// What a server answered, and when, by the clock of this machine.
#[derive(Clone, Debug)]
pub struct Answer {
    pub document: Document,
    pub received: u64,
}

/// Every machine once.
#[derive(Debug)]
pub struct Merged {
    pub machines: HashMap<Key, Record>,
    pub counts: Counts,
    pub expected: Expected,
}

impl Merged {
    /// Puts the answers together. Without names of expected machines, those
    /// are expected that a server expects and that it never heard. The
    /// machines are taken out of the answers.
    pub fn of(answers: &mut [Answer], names: Option<&str>) -> Self {
        let shared = shared_ids(answers);
        let mut machines: HashMap<Key, Record> = HashMap::new();
        let mut missing = String::new();
        let mut counts = Counts::default();
        for Answer { document, received } in answers {
            for name in &document.missing {
                missing.extend([name, "\n"]);
            }
            counts.transfers = counts.transfers.saturating_add(size(document.downloads));
            let mut unlisted = document.states;
            for (id, mut record) in std::mem::take(&mut document.machines) {
                let left = &mut unlisted[record.shown() as usize];
                *left = left.saturating_sub(1);
                set_clock(&mut record, document.time, *received);
                let key = match &*id {
                    "" => Key::Address(record.address),
                    _ if shared.contains(&id) => Key::Clone(id, record.address),
                    _ => Key::Id(id),
                };
                match machines.get_mut(&key) {
                    Some(other) => merge(other, record),
                    None => _ = machines.insert(key, record),
                }
            }
            for state in State::ALL {
                // As many as are left out by its own word, and no invented ones.
                counts.add_unknown(state, size(unlisted[state as usize].min(document.omitted)));
            }
        }
        machines.values_mut().for_each(know_update);
        let expected = Expected::read(names.unwrap_or(&missing));
        Self::count(machines, counts, expected)
    }

    fn count(machines: HashMap<Key, Record>, mut counts: Counts, mut expected: Expected) -> Self {
        counts.expected = expected.len();
        for (key, record) in &machines {
            expected.add(key, record, &mut counts);
            counts.add(record);
        }
        Self { machines, counts, expected }
    }

    /// Whether no machine is known or expected.
    pub fn is_empty(&self) -> bool {
        self.counts.machines() == 0 && self.counts.expected == 0
    }

    /// Whether all machines are updated, wait for their reboot, or are up to
    /// date; and there is one.
    pub fn is_all_done(&self) -> bool {
        let Counts { expected, expected_done, .. } = self.counts;
        let machines = self.counts.machines();
        machines > 0 && self.counts.done() == machines && expected_done == expected
    }

    /// The same of those that are expected.
    pub fn is_expected_done(&self) -> bool {
        let Counts { expected, expected_done, .. } = self.counts;
        expected > 0 && expected_done == expected
    }
}

/// The ids that a server tells apart by their addresses.
fn shared_ids(answers: &[Answer]) -> HashSet<Arc<str>> {
    let mut shared = HashSet::new();
    for Answer { document, .. } in answers {
        let mut ids = HashSet::new();
        for (id, _) in &document.machines {
            if !ids.insert(Arc::clone(id)) {
                shared.insert(Arc::clone(id));
            }
        }
    }
    shared
}

/// Of two records of a machine the newer one stays, with the last offer: from
/// step to step, a machine is offered newer versions, wherever it asks.
fn merge(record: &mut Record, mut other: Record) {
    if age_and_rank(&other) > age_and_rank(record) {
        std::mem::swap(record, &mut other);
    }
    let offered = |record: &Record| record.offered.parse::<Version>().ok();
    if offered(&other) > offered(record) {
        (record.offered, record.is_step) = (other.offered, other.is_step);
    }
}

/// A machine with the version that another server has offered is updated.
fn know_update(record: &mut Record) {
    let has_it = !record.offered.is_empty() && record.offered == record.version;
    if has_it && record.state == State::UpToDate {
        record.state = State::Updated;
    }
}

/// Has times by the clock of this machine, so that they can be compared with
/// those of other servers.
fn set_clock(record: &mut Record, theirs: u64, ours: u64) {
    if theirs.abs_diff(ours) >= SAME_CLOCK {
        for time in [&mut record.since, &mut record.first_heard, &mut record.last_heard] {
            *time = time.saturating_add(ours).saturating_sub(theirs);
        }
    }
}

/// What is newer is greater. Times have seconds; within one, what comes later
/// in an update, or else is worse. The rest is for the order of the servers not
/// to matter.
fn age_and_rank(record: &Record) -> (u64, usize, u64, IpAddr) {
    let rank = match record.shown() {
        State::Silent => 0,
        State::Seen => 1,
        State::Offered => 2,
        State::Downloading => 3,
        State::Installing => 4,
        State::WaitingForReboot => 5,
        State::UpToDate => 6,
        State::Updated => 7,
        State::Failed => 8,
        State::CameBackOld => 9,
    };
    (record.last_heard, rank, record.since, record.address)
}

fn size(number: u64) -> usize {
    // No server knows as many, and sums of some of them do not overflow.
    usize::try_from(number.min(u64::from(u32::MAX))).unwrap_or(0)
}

#[cfg(test)]
mod tests;
