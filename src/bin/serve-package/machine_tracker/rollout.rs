//! Who may be offered the update now.

use std::time::Duration;

use omaha::protocol::VersionText;
use omaha::server::Machine;
use omaha::{Reason, Update};

use super::state::State;
use super::{MachineTracker, News, Offered, Record, is_nobody};
use crate::format::OneLine;
use crate::log::Priority;

/// What the operator has said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Offered to these boards only, unless there are none.
    pub boards: Vec<String>,
    pub force: bool,
    /// Most machines between the offer and the new version.
    pub at_once: Option<usize>,
    /// After this many failures, no machine is offered the update.
    pub stop_after_failures: Option<usize>,
    /// After such a time a machine has its place no longer.
    pub silent_after: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            boards: Vec::new(),
            force: false,
            at_once: None,
            stop_after_failures: None,
            silent_after: Duration::from_secs(60 * 60),
        }
    }
}

impl MachineTracker {
    /// Whether offers have stopped because machines have failed.
    pub fn is_stopped(&self) -> bool {
        let limit = self.rules.stop_after_failures;
        limit.is_some_and(|limit| self.counts.failed_once >= limit)
    }

    /// Says loudly that offers have stopped, once.
    pub fn tell_stop(&mut self) {
        if !self.is_stopped() || self.is_stop_told {
            return;
        }
        self.is_stop_told = true;
        let number = self.counts.failed_once;
        let (machines, have) = if number == 1 { ("machine", "has") } else { ("machines", "have") };
        self.news.push(News::Alarm(format!(
            "ROLLOUT STOPPED: {number} {machines} {have} failed or come back old; no more machines are offered the update (--stop-after-failures)"
        )));
    }

    /// A machine asks for an update. If it has reported this update complete and
    /// has another version all the same, it came back old.
    pub fn arrive(&mut self, machine: &Machine<'_>, has_rolled_back: bool, now: u64) {
        self.candidate = None;
        if is_nobody(machine.id) {
            return;
        }
        let key = self.key(machine);
        let has_offered = self.offered.is(machine.version, self.get(&key));
        let is_old = says_version(machine) && !has_offered;
        let Some(record) = self.machines.get_mut(&key) else { return };
        let before = record.shown();
        self.counts.remove(record);
        self.expected.remove(&key, record, &mut self.counts);
        if record.is_silent && record.state != State::WaitingForReboot {
            // It has given its place up, and needs another one.
            if record.state.is_under_way() {
                record.state = State::Seen;
            }
        }
        record.is_silent = false;
        record.last_heard = now;
        let came_back = is_old
            && record.has_completed
            && matches!(record.state, State::WaitingForReboot | State::Updated);
        if came_back {
            record.state = State::CameBackOld;
            record.has_failed = true;
            record.has_completed = false;
            record.is_held = !self.rules.force;
            self.counts.failed_in_run += 1;
        }
        self.counts.add(record);
        self.expected.add(&key, record, &mut self.counts);
        if before != record.shown() {
            record.since = now;
            self.news.push(News::Changed(key));
        }
        if came_back {
            let offered = record.offered.clone();
            self.tell_came_back(machine, &offered, has_rolled_back);
            self.tell_stop();
        }
    }

    fn tell_came_back(&mut self, machine: &Machine<'_>, offered: &str, has_rolled_back: bool) {
        let (what, version) = match &self.offered {
            Offered::Version(version) => ("--package-version", version.as_str()),
            Offered::Updates(_) => ("the folder's name", offered),
        };
        let (what, offered, version) = (what, version, OneLine(machine.version.as_str()));
        let cause = if has_rolled_back {
            "it rolled back".to_owned()
        } else {
            format!(
                "either the payload's version is not {offered} ({what}), or the machine rolled back"
            )
        };
        let end = if self.is_stopped() {
            "the roll-out has stopped"
        } else if self.rules.force {
            "it is offered again (--force)"
        } else {
            "it is offered nothing more until a restart or --force"
        };
        let who = crate::report::Who(machine);
        let line = format!(
            "{who}: came back old: it reported the update to {offered} complete and has \
             {version}: {cause}; {end}"
        );
        self.news.push(News::Say(Priority::Error, line));
    }

    /// Whether a machine may have been offered this update last: between the offer
    /// and now, a folder of updates may have changed.
    pub fn may_install(&mut self, machine: &Machine<'_>, update: &Update) -> bool {
        let key = self.key(machine);
        let record = self.machines.get(&key).filter(|record| !record.offered.is_empty());
        record.is_none_or(|record| *record.offered == *update.version.as_str())
    }

    /// Whether a machine for which there is an update may have it now.
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn may_offer(&mut self, machine: &Machine<'_>) -> Result<(), Reason> {
        let Rules { boards, force, at_once, .. } = &self.rules;
        if !boards.is_empty() && !boards.iter().any(|board| board == machine.board) {
            return Err(Reason::OtherBoard);
        }
        if is_nobody(machine.id) {
            return Ok(());
        }
        let (force, at_once) = (*force, *at_once);
        let key = self.key(machine);
        let record = self.get(&key);
        let is_held = |record: &Record| {
            let other = self.candidate.as_ref().filter(|_| !record.offered.is_empty());
            record.is_held && other.is_none_or(|update| *record.offered == *update.version.as_str())
        };
        if record.is_some_and(is_held) && !force {
            return Err(Reason::CameBackOld);
        }
        if self.is_stopped() {
            return Err(Reason::RolloutStopped);
        }
        let has_place = record.is_some_and(|record| record.shown().is_under_way());
        if !has_place && at_once.is_some_and(|places| self.counts.under_way() >= places) {
            return Err(Reason::Wait);
        }
        Ok(())
    }
}

/// Whether it says which version it has. `ForcedUpdate` takes its place.
fn says_version(machine: &Machine<'_>) -> bool {
    !matches!(machine.version, VersionText::Empty | VersionText::ForcedUpdate)
}
