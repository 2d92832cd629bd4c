//! The machines that were heard of, and how far each has come.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use omaha::protocol::{EventResult, EventType};
use omaha::server::{Activity, Machine};

/// Most machines that are told apart. Ids are the clients' word, so somebody
/// could invent them without end; this many take about 32 MB.
const MAX_MACHINES: usize = 1_000_000;

/// How far a machine has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// It asked, and was offered nothing.
    Seen,
    /// It was offered the update.
    UnderWay,
    /// It reported a completed update.
    Updated,
    /// It reported an error, and nothing better since.
    Failed,
}

/// What is remembered of a machine.
#[derive(Clone, Copy, Debug)]
struct Record {
    progress: Progress,
    /// Whether it has ever reported a completed update.
    completed: bool,
}

/// Numbers of machines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub seen: usize,
    pub under_way: usize,
    pub updated: usize,
    pub failed: usize,
    /// Those that have ever reported a completed update, whatever came then.
    pub completed: usize,
    /// Downloads that are running now.
    pub transfers: usize,
}

/// The machines that were heard of.
#[derive(Debug, Default)]
pub struct Fleet {
    /// By a hash of the machine's id, or else of its address.
    machines: HashMap<u64, Record>,
    hasher: RandomState,
    counts: Counts,
}

impl Fleet {
    /// Takes note of what happened.
    pub fn note(&mut self, activity: &Activity<'_>) {
        match activity {
            Activity::Checked { machine, offered: Some(_), .. } => {
                self.advance(machine, Progress::UnderWay);
            }
            Activity::Checked { machine, offered: None, .. } | Activity::Pinged { machine } => {
                self.advance(machine, Progress::Seen);
            }
            Activity::Reported { machine, event, .. } => {
                let is_complete = event.event_type == EventType::UPDATE_COMPLETE;
                if event.result == EventResult::ERROR {
                    self.advance(machine, Progress::Failed);
                } else if is_complete && event.result == EventResult::SUCCESS {
                    self.advance(machine, Progress::Updated);
                } else {
                    self.advance(machine, Progress::Seen);
                }
            }
            Activity::DownloadStarted(_) => self.counts.transfers += 1,
            Activity::DownloadFinished { .. } | Activity::DownloadCut { .. } => {
                self.counts.transfers = self.counts.transfers.saturating_sub(1);
            }
            _ => {}
        }
    }

    pub fn counts(&self) -> Counts {
        self.counts
    }

    fn advance(&mut self, machine: &Machine<'_>, progress: Progress) {
        if is_nobody(machine.id) {
            return;
        }
        let key = match machine.id {
            "" => self.hasher.hash_one(machine.address.ip()),
            id => self.hasher.hash_one(id),
        };
        let record = self.machines.get(&key).copied();
        let before = record.map(|record| record.progress);
        let after = match (before, progress) {
            // A check does not undo what was reported: until its reboot, an
            // updated machine has the version that it had.
            (Some(before), Progress::Seen) => before,
            (Some(Progress::Updated), Progress::UnderWay) => Progress::Updated,
            _ => progress,
        };
        if before.is_none() && self.machines.len() >= MAX_MACHINES {
            return;
        }
        if let Some(before) = before {
            *self.count_of(before) -= 1;
        }
        *self.count_of(after) += 1;
        let had_completed = record.is_some_and(|record| record.completed);
        let completed = had_completed || after == Progress::Updated;
        self.counts.completed += usize::from(completed && !had_completed);
        self.machines.insert(key, Record { progress: after, completed });
        self.counts.seen = self.machines.len();
    }

    fn count_of(&mut self, progress: Progress) -> &mut usize {
        match progress {
            // Counted by the number of machines; this is kept in balance only.
            Progress::Seen => &mut self.counts.seen,
            Progress::UnderWay => &mut self.counts.under_way,
            Progress::Updated => &mut self.counts.updated,
            Progress::Failed => &mut self.counts.failed,
        }
    }
}

/// Whether this is the machine id that `serve-package check` has by default: it
/// asks as a machine would, but is none.
fn is_nobody(id: &str) -> bool {
    id.len() == 32 && id.bytes().all(|byte| byte == b'0')
}

#[cfg(test)]
mod tests {
    use super::*;
    use omaha::Reason;
    use omaha::Version;
    use omaha::protocol::VersionText;
    use omaha::protocol::request::Event;

    fn machine<'a>(id: &'a str, host: u8, version: &'a VersionText) -> Machine<'a> {
        let address = ([10, 0, 0, host], 1).into();
        Machine { id, alias: "", app_id: "{app}", version, board: "", oem: "", oem_version: "", track: "", address }
    }

    struct Script {
        fleet: Fleet,
        version: VersionText,
        offered: Version,
    }

    impl Script {
        fn new() -> Self {
            let offered = "2.0.0".parse().unwrap();
            Self { fleet: Fleet::default(), version: "1.0.0".into(), offered }
        }

        fn check(&mut self, id: &str, host: u8, offered: bool) -> &mut Self {
            let machine = machine(id, host, &self.version);
            let offered = offered.then_some(&self.offered);
            let reason = &Reason::Older;
            self.fleet.note(&Activity::Checked { machine, offered, reason });
            self
        }

        fn report(&mut self, id: &str, host: u8, kind: i64, result: i64) -> &mut Self {
            let machine = machine(id, host, &self.version);
            let event = Event {
                event_type: EventType::new(kind),
                result: EventResult::new(result),
                ..Event::default()
            };
            self.fleet.note(&Activity::Reported { machine, event: &event, with_check: false });
            self
        }

        fn counts(&self) -> (usize, usize, usize, usize) {
            let Counts { seen, under_way, updated, failed, .. } = self.fleet.counts();
            (seen, under_way, updated, failed)
        }
    }

    #[test]
    fn a_machine_by_its_id_wherever_it_is() {
        let mut script = Script::new();
        script.check("a", 1, true).report("a", 2, 13, 1).report("a", 3, 3, 1);
        assert_eq!(script.counts(), (1, 0, 1, 0));
        script.report("a", 3, 3, 1);
        assert_eq!(script.counts(), (1, 0, 1, 0));
    }

    #[test]
    fn who_only_checks_the_server_does_not_count() {
        let mut script = Script::new();
        let nobody = "0".repeat(32);
        script.check(&nobody, 1, true).report(&nobody, 1, 3, 0).report(&nobody, 1, 3, 1);
        assert_eq!(script.fleet.counts(), Counts::default());
        // Shorter ones are somebody's.
        script.check("0", 1, true);
        assert_eq!(script.counts(), (1, 1, 0, 0));
    }

    #[test]
    fn machines_without_ids_by_their_addresses() {
        let mut script = Script::new();
        script.check("", 1, true).check("", 2, true).report("", 2, 3, 1);
        assert_eq!(script.counts(), (2, 1, 1, 0));
    }

    #[test]
    fn a_failure_may_be_mended() {
        let mut script = Script::new();
        script.check("a", 1, true).report("a", 1, 3, 0);
        assert_eq!(script.counts(), (1, 0, 0, 1));
        script.check("a", 1, true).report("a", 1, 14, 1);
        assert_eq!(script.counts(), (1, 1, 0, 0));
        script.report("a", 1, 3, 1);
        assert_eq!(script.counts(), (1, 0, 1, 0));
    }

    #[test]
    fn what_was_completed_stays_so_and_counts_once() {
        let mut script = Script::new();
        script.check("a", 1, true).report("a", 1, 3, 1).report("a", 1, 3, 0);
        assert_eq!((script.counts(), script.fleet.counts().completed), ((1, 0, 0, 1), 1));
        script.report("a", 1, 3, 1);
        assert_eq!((script.counts(), script.fleet.counts().completed), ((1, 0, 1, 0), 1));
    }

    #[test]
    fn a_check_after_the_update_changes_nothing() {
        let mut script = Script::new();
        script.check("a", 1, true).report("a", 1, 3, 1).check("a", 1, false).check("a", 1, true);
        // What every check carries: the last reboot was for an update.
        script.report("a", 1, 3, 2);
        assert_eq!(script.counts(), (1, 0, 1, 0));
    }
}
