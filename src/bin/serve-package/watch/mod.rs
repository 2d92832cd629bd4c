//! Watches what the server does: writes it down, keeps track of the machines,
//! and ends the run when its exit condition is met.

mod heartbeat;
mod status_line;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use omaha::server::{Activity, Handle, Machine, Observer};
use omaha::{PackageFile, Reason, Update};

use crate::exit_condition::{ExitCondition, Outcome};
use crate::log::{Log, Priority};
use crate::machine_tracker::{MachineTracker, News, Offered};
use crate::state_dir::Writer;
use crate::throttle::{Decision, Throttle};
use crate::time::now;
use crate::{events, report, table};
pub use heartbeat::heartbeat;

/// Longer than any transfer takes.
const AS_LONG_AS_IT_TAKES: Duration = Duration::MAX;

/// The observer of the server.
#[derive(Debug)]
pub struct Watch {
    log: Log,
    exit_condition: ExitCondition,
    /// Whether events go to standard output as JSON.
    events: bool,
    throttle: Throttle,
    tracker: Arc<Mutex<MachineTracker>>,
    /// Before the packages were read, as the deadline counts from there.
    started: Instant,
    handle: OnceLock<Handle>,
    /// What is offered and must not change.
    packages: RwLock<Vec<Vec<Arc<PackageFile>>>>,
    /// Writes down what is known of the machines, with `--state-dir`.
    writer: OnceLock<Writer>,
    /// What machines have as `SERVER=`, for advice.
    server_url: OnceLock<String>,
}

impl Watch {
    pub fn new(
        log: Log,
        exit_condition: ExitCondition,
        events: bool,
        tracker: Arc<Mutex<MachineTracker>>,
        started: Instant,
    ) -> Self {
        Self {
            log,
            exit_condition,
            events,
            throttle: Throttle::default(),
            tracker,
            started,
            handle: OnceLock::new(),
            packages: RwLock::default(),
            writer: OnceLock::new(),
            server_url: OnceLock::new(),
        }
    }

    /// Gives it what ends the server. (There is one server, so nothing was
    /// there before; the same goes for the next ones.)
    pub fn control(&self, handle: Handle) {
        let _ = self.handle.set(handle);
    }

    /// Gives it the packages that are served, those of each update together.
    pub fn watch_packages(&self, packages: Vec<Vec<Arc<PackageFile>>>) {
        *self.packages.write().unwrap_or_else(PoisonError::into_inner) = packages;
    }

    /// Gives it what writes the state file.
    pub fn write_to(&self, writer: Writer) {
        let _ = self.writer.set(writer);
    }

    /// Gives it what machines have as `SERVER=`.
    pub fn know_url(&self, url: String) {
        let _ = self.server_url.set(url);
    }

    pub fn log(&self) -> Log {
        self.log
    }

    pub fn exit_condition(&self) -> &ExitCondition {
        &self.exit_condition
    }

    pub fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    pub fn tracker(&self) -> MutexGuard<'_, MachineTracker> {
        self.tracker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether packages were changed, so that nothing is offered: one of every
    /// update.
    pub fn is_changed(&self) -> bool {
        let updates = self.packages.read().unwrap_or_else(PoisonError::into_inner);
        let is_changed = |packages: &Vec<Arc<PackageFile>>| {
            packages.iter().any(|package| package.check().is_err())
        };
        !updates.is_empty() && updates.iter().all(is_changed)
    }

    /// What is offered, if anything.
    pub fn offering(&self) -> String {
        let is_changed = self.is_changed();
        status_line::offering(&self.tracker(), is_changed)
    }

    /// What is offered, and how far the machines have come, in a line.
    pub fn status(&self) -> String {
        let is_changed = self.is_changed();
        let tracker = self.tracker();
        status_line::line(&tracker, is_changed)
    }

    /// Tells what is offered and how far each machine has come.
    pub fn tell_status(&self) {
        self.log.line(Priority::Notice, &self.status());
        self.tell_table();
    }

    fn tell_table(&self) {
        let lines = table::lines(&self.tracker());
        for line in lines {
            self.log.line(Priority::Notice, &line);
        }
    }

    /// A machine asks for an update.
    pub fn arrive(&self, machine: &Machine<'_>, has_rolled_back: bool) {
        let mut tracker = self.tracker();
        tracker.arrive(machine, has_rolled_back, now());
        self.tell_news(&mut tracker);
    }

    /// Whether a machine for which there is an update may have it now.
    pub fn may_offer(&self, machine: &Machine<'_>, update: &Arc<Update>) -> Result<(), Reason> {
        let mut tracker = self.tracker();
        tracker.consider(update);
        tracker.may_offer(machine)
    }

    /// Whether a machine may have been offered this update last.
    pub fn may_install(&self, machine: &Machine<'_>, update: &Update) -> bool {
        self.tracker().may_install(machine, update)
    }

    /// Says that the roll-out has stopped, if it has before a restart.
    pub fn tell_stop(&self) {
        let mut tracker = self.tracker();
        tracker.tell_stop();
        self.tell_news(&mut tracker);
    }

    /// Passes on what has changed. With the tracker locked, so that it is in
    /// order; nothing of this waits for anybody.
    fn tell_news(&self, tracker: &mut MachineTracker) {
        for news in tracker.take_news() {
            match news {
                News::Changed(key) => {
                    let Some(record) = tracker.get(&key) else { continue };
                    if self.events {
                        events::write(events::machine(&key, record));
                    }
                    if let Some(writer) = self.writer.get() {
                        writer.machine(&key, record);
                    }
                }
                News::Heard(key) => {
                    if let (Some(record), Some(writer)) = (tracker.get(&key), self.writer.get()) {
                        writer.machine(&key, record);
                    }
                }
                News::Gone(key) => {
                    if let Some(writer) = self.writer.get() {
                        writer.gone(&key);
                    }
                }
                News::Alarm(line) => self.log.line(Priority::Error, &line),
                News::Say(priority, line) => {
                    let decision = self.throttle.decide_news(priority, Instant::now());
                    if let Decision::Write { .. } = decision {
                        self.log.line(priority, &line);
                    }
                }
            }
        }
    }

    /// Ends the run if its exit condition is met. `is_changed` is whether nothing
    /// is offered any more because packages were changed.
    fn check_exit(&self, tracker: &MachineTracker, is_changed: bool) {
        let counts = tracker.counts();
        let over = if tracker.is_stopped() {
            Some(Outcome::Failed)
        } else {
            // What is in a folder of updates can be read again.
            let is_over = is_changed && matches!(tracker.offered(), Offered::Version(_));
            is_over.then_some(Outcome::Changed)
        };
        let Some(outcome) = self.exit_condition.check(counts, over, self.started.elapsed()) else {
            return;
        };
        let Some(handle) = self.handle.get() else { return };
        let words = match outcome {
            Outcome::Updated => {
                let (updated, wanted) = self.exit_condition.progress(counts);
                format!("{updated} of {wanted} machines updated")
            }
            Outcome::Deadline => "the deadline has passed".to_owned(),
            Outcome::Failed => "a machine failed".to_owned(),
            Outcome::Stopped => "stopped".to_owned(),
            Outcome::Changed => "a package was changed".to_owned(),
        };
        self.log.line(Priority::Notice, &format!("{words}: stopping"));
        match outcome {
            Outcome::Updated => handle.stop_within(AS_LONG_AS_IT_TAKES),
            _ => handle.stop(),
        }
    }

    /// Tells how many lines were not written.
    pub fn summarize(&self) {
        let suppressed = self.throttle.take_suppressed();
        if suppressed > 0 {
            let (lines, were) = if suppressed == 1 { ("line", "was") } else { ("lines", "were") };
            let line = format!("{suppressed} more {lines} {were} left out");
            self.log.line(Priority::Warning, &line);
        }
    }

    /// Says how it ended, and how far each machine has come.
    pub fn finish(&self) -> Outcome {
        self.summarize();
        self.tell_table();
        let tracker = self.tracker();
        let outcome = if tracker.is_stopped() {
            self.exit_condition.outcome_of_stopped()
        } else {
            self.exit_condition.outcome()
        };
        let counts = tracker.counts();
        if self.events {
            events::write(events::stopped(outcome.as_str(), counts, &tracker.missing()));
        }
        self.log.line(Priority::Notice, &format!("stopped; machines: {}", counts.line()));
        drop(tracker);
        if let Some(writer) = self.writer.get() {
            writer.finish();
        }
        outcome
    }
}

impl Observer for Watch {
    fn observe(&self, activity: &Activity<'_>) {
        if is_probe(activity) {
            return;
        }
        if !matches!(activity, Activity::DownloadProgressed { .. }) {
            self.write_down(activity);
        }
        let mut tracker = self.tracker();
        tracker.note(activity, now());
        self.tell_news(&mut tracker);
        if matches!(activity, Activity::Reported { .. } | Activity::Checked { .. }) {
            self.check_exit(&tracker, false);
        }
    }
}

impl Watch {
    fn write_down(&self, activity: &Activity<'_>) {
        if self.events {
            let missing = match activity {
                Activity::Checked { machine, .. } => self.tracker().missing_extension(machine.oem),
                _ => None,
            };
            if let Some(object) = events::activity(activity, missing.as_deref()) {
                events::write(object);
            }
        }
        if let Decision::Write { suppressed } = self.throttle.decide(activity, Instant::now()) {
            let (priority, mut text) = report::line(activity);
            if suppressed > 0 {
                text.push_str(&format!(" ({suppressed} more like this were left out)"));
            }
            self.log.line(priority, &text);
        }
    }
}

/// Whether a client fetches a single byte of a package, as `serve-package check`
/// does to see whether the server resumes downloads. No machine does that.
fn is_probe(activity: &Activity<'_>) -> bool {
    let (Activity::DownloadStarted(download)
    | Activity::DownloadProgressed { download, .. }
    | Activity::DownloadFinished { download, .. }
    | Activity::DownloadCut { download, .. }) = activity
    else {
        return false;
    };
    download.size > 1 && download.range.end - download.range.start == 1
}
