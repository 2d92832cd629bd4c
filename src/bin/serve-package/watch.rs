//! Watches what the server does: writes it down, counts machines, and ends the
//! run when its exit condition is met.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use omaha::server::{Activity, Handle, Heartbeat, Observer};

use crate::events;
use crate::exit_condition::{ExitCondition, Outcome};
use crate::log::{Log, Priority};
use crate::machine_tracker::{Counts, MachineTracker};
use crate::report;
use crate::systemd;
use crate::throttle::{Throttle, Verdict};

/// Longer than any transfer takes.
const AS_LONG_AS_IT_TAKES: Duration = Duration::MAX;

/// How often lines that were not written are told of when nothing else is.
const SUMMARY: Duration = Duration::from_secs(60);

/// The observer of the server.
#[derive(Debug)]
pub struct Watch {
    log: Log,
    exit_condition: ExitCondition,
    /// Whether events go to standard output as JSON.
    events: bool,
    offered: String,
    throttle: Throttle,
    tracker: Mutex<MachineTracker>,
    started: Instant,
    handle: OnceLock<Handle>,
}

impl Watch {
    pub fn new(log: Log, exit_condition: ExitCondition, events: bool, offered: String) -> Self {
        Self {
            log,
            exit_condition,
            events,
            offered,
            throttle: Throttle::default(),
            tracker: Mutex::default(),
            started: Instant::now(),
            handle: OnceLock::new(),
        }
    }

    /// Gives it what ends the server.
    pub fn control(&self, handle: Handle) {
        // There is one server, so nothing was there before.
        let _ = self.handle.set(handle);
    }

    pub fn log(&self) -> Log {
        self.log
    }

    pub fn exit_condition(&self) -> &ExitCondition {
        &self.exit_condition
    }

    /// What is offered, and how far the machines have come, in a line.
    pub fn status(&self) -> String {
        status(&self.offered, self.counts())
    }

    pub fn counts(&self) -> Counts {
        self.tracker().counts()
    }

    fn tracker(&self) -> MutexGuard<'_, MachineTracker> {
        self.tracker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the run if its exit condition is met.
    fn check_goal(&self, counts: Counts) {
        let Some(outcome) = self.exit_condition.check(counts, self.started.elapsed()) else {
            return;
        };
        let Some(handle) = self.handle.get() else { return };
        let words = match outcome {
            Outcome::Updated => {
                let wanted = self.exit_condition.wanted().unwrap_or(counts.completed);
                format!("{} of {wanted} machines updated", counts.completed)
            }
            Outcome::Deadline => "the deadline has passed".to_owned(),
            Outcome::Failed => "a machine failed".to_owned(),
            Outcome::Stopped => "stopped".to_owned(),
        };
        self.log.line(Priority::Notice, &format!("{words}: stopping"));
        match outcome {
            Outcome::Updated => handle.stop_within(AS_LONG_AS_IT_TAKES),
            _ => handle.stop(),
        }
    }

    /// Called by the server's loop, again and again.
    fn beat(&self, heartbeat: &Heartbeat, state: &mut BeatState) {
        if !state.is_ready {
            state.is_ready = true;
            systemd::ready();
        }
        if heartbeat.stopping && !state.is_stopping {
            state.is_stopping = true;
            systemd::stopping();
        }
        // A watchdog is to notice a disk that hangs, too.
        if heartbeat.sending {
            systemd::alive();
        }
        let counts = self.counts();
        let words = status(&self.offered, counts);
        if words != state.words {
            systemd::status(&words);
            state.words = words;
        }
        if state.summary.elapsed() >= SUMMARY {
            state.summary = Instant::now();
            self.summarize();
        }
        if !heartbeat.stopping {
            self.check_goal(counts);
        } else if self.exit_condition.outcome() == Outcome::Updated
            && self.exit_condition.is_late(self.started.elapsed())
            && !state.is_late
            && let Some(handle) = self.handle.get()
        {
            state.is_late = true;
            let line = "the deadline has passed: requests under way get up to 10 s to end";
            self.log.line(Priority::Notice, line);
            handle.stop();
        }
    }

    /// Tells how many lines were not written.
    pub fn summarize(&self) {
        let suppressed = self.throttle.take_suppressed();
        if suppressed > 0 {
            let line = format!("{suppressed} more lines were not written, to spare the log");
            self.log.line(Priority::Warning, &line);
        }
    }
}

/// What the heartbeat remembers from one time to the next.
#[derive(Debug)]
struct BeatState {
    is_ready: bool,
    is_stopping: bool,
    /// Whether the deadline has passed while the last requests end.
    is_late: bool,
    words: String,
    summary: Instant,
}

/// The heartbeat of a watched server.
pub fn heartbeat(watch: &Arc<Watch>) -> impl FnMut(&Heartbeat) + Send + 'static {
    let watch = Arc::clone(watch);
    let mut state = BeatState {
        is_ready: false,
        is_stopping: false,
        is_late: false,
        words: String::new(),
        summary: Instant::now(),
    };
    move |heartbeat| watch.beat(heartbeat, &mut state)
}

impl Observer for Watch {
    fn observe(&self, activity: &Activity<'_>) {
        if is_probe(activity) {
            return;
        }
        if self.events
            && let Some(object) = events::activity(activity)
        {
            events::write(object);
        }
        if let Verdict::Write { suppressed } = self.throttle.judge(activity, Instant::now()) {
            let (priority, mut text) = report::line(activity);
            if suppressed > 0 {
                text.push_str(&format!(" ({suppressed} more like this were not written)"));
            }
            self.log.line(priority, &text);
        }
        let counts = {
            let mut tracker = self.tracker();
            tracker.note(activity);
            tracker.counts()
        };
        if matches!(activity, Activity::Reported { .. }) {
            self.check_goal(counts);
        }
    }
}

/// Whether somebody fetches a single byte of a package, as `serve-package check`
/// does to see whether the server resumes downloads. No machine does that.
fn is_probe(activity: &Activity<'_>) -> bool {
    let (Activity::DownloadStarted(download)
    | Activity::DownloadFinished { download, .. }
    | Activity::DownloadCut { download, .. }) = activity
    else {
        return false;
    };
    download.size > 1 && download.range.end - download.range.start == 1
}

/// What goes on, in a line for `systemctl status`.
fn status(offered: &str, counts: Counts) -> String {
    let Counts { seen, under_way, updated, failed, transfers, .. } = counts;
    format!(
        "offering {offered}; machines: {seen} seen, {under_way} under way, {updated} updated, \
         {failed} failed; {transfers} downloads running"
    )
}

/// The last line.
pub fn closing_line(counts: Counts) -> String {
    let Counts { updated, failed, under_way, .. } = counts;
    format!("stopped; machines: {updated} updated, {failed} failed, {under_way} under way")
}
