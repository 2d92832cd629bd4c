//! When a scripted run has come to its end, and how.

use std::sync::OnceLock;
use std::time::Duration;

use crate::machine_tracker::Counts;

/// How a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// By a signal.
    Stopped,
    /// As many machines were updated as were wanted.
    Updated,
    /// The time is up.
    Deadline,
    /// A machine failed.
    Failed,
    /// A package was changed, so that no machine is offered it any more.
    Changed,
}

impl Outcome {
    /// The exit status.
    pub fn status(self) -> u8 {
        match self {
            Self::Stopped | Self::Updated => 0,
            Self::Changed => 1,
            Self::Deadline => 3,
            Self::Failed => 4,
        }
    }

    /// A name that does not change, for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Updated => "updated",
            Self::Deadline => "deadline",
            Self::Failed => "failed",
            Self::Changed => "changed",
        }
    }
}

/// Which machines are to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// So many, whichever.
    Number(usize),
    /// All that are expected.
    Expected,
}

/// What a run is for.
#[derive(Debug, Default)]
pub struct ExitCondition {
    until_updated: Option<Until>,
    deadline: Option<Duration>,
    fail_fast: bool,
    /// The outcome that was reached first.
    reached: OnceLock<Outcome>,
}

impl ExitCondition {
    pub fn new(until_updated: Option<Until>, deadline: Option<Duration>, fail_fast: bool) -> Self {
        Self { until_updated, deadline, fail_fast, reached: OnceLock::new() }
    }

    /// Whether the run is to end when machines are updated.
    pub fn is_for_updates(&self) -> bool {
        self.until_updated.is_some()
    }

    /// How many machines are updated, and how many are to be, if the run ends
    /// with them.
    pub fn progress(&self, counts: &Counts) -> (usize, usize) {
        match self.until_updated {
            Some(Until::Number(wanted)) => (counts.done(), wanted),
            Some(Until::Expected) => (counts.expected_done, counts.expected),
            None => (counts.done(), counts.done()),
        }
    }

    /// Takes the state of things into account. The outcome, if it is reached
    /// now for the first time. `over` is why no more machines are offered the
    /// update, if so.
    pub fn check(
        &self,
        counts: &Counts,
        over: Option<Outcome>,
        elapsed: Duration,
    ) -> Option<Outcome> {
        let is_last = self.until_updated.is_some() && counts.under_way() == 0;
        // What had failed before a restart may be mended.
        let outcome = if self.fail_fast && counts.failed_in_run > 0 {
            Outcome::Failed
        } else if self.is_reached(counts) {
            Outcome::Updated
        } else if let Some(over) = over.filter(|_| is_last) {
            over
        } else if self.is_late(elapsed) {
            Outcome::Deadline
        } else {
            return None;
        };
        self.reach(outcome).then_some(outcome)
    }

    fn is_reached(&self, counts: &Counts) -> bool {
        let (updated, wanted) = self.progress(counts);
        self.until_updated.is_some() && updated >= wanted
    }

    /// How it ended, where offers have stopped because machines have failed.
    pub fn outcome_of_stopped(&self) -> Outcome {
        match self.outcome() {
            Outcome::Stopped | Outcome::Deadline => Outcome::Failed,
            outcome => outcome,
        }
    }

    /// Whether the deadline has passed.
    pub fn is_late(&self, elapsed: Duration) -> bool {
        self.deadline.is_some_and(|deadline| elapsed >= deadline)
    }

    /// Notes an outcome, unless there is one. Whether there was none.
    pub fn reach(&self, outcome: Outcome) -> bool {
        self.reached.set(outcome).is_ok()
    }

    /// The outcome that was reached first.
    pub fn outcome(&self) -> Outcome {
        self.reached.get().copied().unwrap_or(Outcome::Stopped)
    }

    /// How often the time is to be looked at, if at all.
    pub fn interval(&self) -> Option<Duration> {
        self.deadline.map(|_| Duration::from_millis(100))
    }
}
