//! Numbers of machines and of what they did.

use std::collections::BTreeMap;

use super::record::Record;
use super::state::State;

/// Most error codes that are counted apart. They are the machines' word.
const MAX_CODES: usize = 64;

/// Numbers of machines, by their states, and of what happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    by_state: [usize; State::ALL.len()],
    /// Those that have failed or came back old, now or once.
    pub failed_once: usize,
    /// How often machines have failed or come back old since the start.
    pub failed_in_run: usize,
    /// Of those that wait for a reboot: with a floor, to be updated further.
    pub between_updates: usize,
    /// Done, though silent since.
    pub silent_done: usize,
    /// Machines that were expected, and how many of these were heard and are done.
    pub expected: usize,
    pub expected_heard: usize,
    pub expected_done: usize,
    /// Downloads that are running now.
    pub transfers: usize,
    pub checks_offered: u64,
    pub checks_not_offered: u64,
    pub downloads_finished: u64,
    pub downloads_cut: u64,
    pub bytes_sent: u64,
    /// By the base code.
    pub failures: BTreeMap<i64, u64>,
    pub other_failures: u64,
}

impl Counts {
    /// None yet, of this many.
    pub fn expecting(expected: usize) -> Self {
        Self { expected, ..Self::default() }
    }

    pub fn of(&self, state: State) -> usize {
        self.by_state[state as usize]
    }

    pub(super) fn of_mut(&mut self, state: State) -> &mut usize {
        &mut self.by_state[state as usize]
    }

    fn sum(&self, is_counted: impl Fn(State) -> bool) -> usize {
        State::ALL.into_iter().filter(|state| is_counted(*state)).map(|state| self.of(state)).sum()
    }

    /// All machines that were heard.
    pub fn machines(&self) -> usize {
        self.sum(|_| true)
    }

    pub fn failed(&self) -> usize {
        self.sum(State::is_failure)
    }

    /// Between the offer and the new version: these have places of `--at-once`.
    pub fn under_way(&self) -> usize {
        self.sum(State::is_under_way)
    }

    /// How many count for `--until-updated`.
    pub fn done(&self) -> usize {
        self.sum(State::is_done) + self.silent_done - self.between_updates
    }

    /// Those that have their update, though they may wait for a reboot.
    pub fn updated(&self) -> usize {
        self.of(State::Updated) + self.of(State::WaitingForReboot) - self.between_updates
    }

    /// Those that are under way, and not updated but for the reboot.
    pub fn busy(&self) -> usize {
        self.under_way() - self.of(State::WaitingForReboot) + self.between_updates
    }

    /// Machines that were expected and never heard.
    pub fn missing(&self) -> usize {
        self.expected - self.expected_heard
    }

    pub(super) fn fail(&mut self, code: i64) {
        if self.failures.len() < MAX_CODES || self.failures.contains_key(&code) {
            *self.failures.entry(code).or_default() += 1;
        } else {
            self.other_failures += 1;
        }
    }

    /// In a line: every machine is in one of these numbers.
    pub fn line(&self) -> String {
        let (updated, failed, under_way) = (self.updated(), self.failed(), self.busy());
        let mut line = format!("{updated} updated, {failed} failed, {under_way} under way");
        for state in [State::UpToDate, State::Seen, State::Silent] {
            let number = self.of(state);
            if number > 0 {
                let words = if state == State::Seen { "not offered" } else { state.as_str() };
                line.push_str(&format!(", {number} {}", words.replace('-', " ")));
            }
        }
        let missing = self.missing();
        if missing > 0 {
            line.push_str(&format!(", {missing} missing"));
        }
        line
    }
}

impl Counts {
    /// So many machines are in a state of which nothing else is known.
    pub fn add_unknown(&mut self, state: State, number: usize) {
        *self.of_mut(state) += number;
    }

    /// A machine is in this state.
    pub fn add(&mut self, record: &Record) {
        *self.of_mut(record.shown()) += 1;
        self.failed_once += usize::from(record.has_failed);
        self.between_updates += usize::from(!record.is_silent && record.is_between_updates());
        self.silent_done += usize::from(record.is_silent && record.is_done());
    }

    /// A machine is in this state no more.
    pub(super) fn remove(&mut self, record: &Record) {
        *self.of_mut(record.shown()) -= 1;
        self.failed_once -= usize::from(record.has_failed);
        self.between_updates -= usize::from(!record.is_silent && record.is_between_updates());
        self.silent_done -= usize::from(record.is_silent && record.is_done());
    }
}
