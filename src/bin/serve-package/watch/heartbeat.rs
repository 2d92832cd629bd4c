//! What is done regularly while the server runs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use omaha::server::Heartbeat;

use super::Watch;
use crate::exit_condition::Outcome;
use crate::log::Priority;
use crate::systemd;
use crate::time::now;

/// How often suppressed lines are reported when nothing else is logged.
const SUMMARY: Duration = Duration::from_secs(60);

/// How often it is looked for machines that have fallen silent.
const SWEEP: Duration = Duration::from_millis(500);

/// After such a time without any machine it is said what to look at.
const NOBODY_CAME: Duration = Duration::from_secs(120);

/// What the heartbeat remembers from one time to the next.
#[derive(Debug)]
struct BeatState {
    is_ready: bool,
    is_stopping: bool,
    /// Whether the deadline has passed while the last requests end.
    is_late: bool,
    is_nobody_told: bool,
    /// What the service manager was told last.
    status: String,
    since: Instant,
    summary: Instant,
    swept: Instant,
}

/// The heartbeat of a watched server.
pub fn heartbeat(watch: &Arc<Watch>) -> impl FnMut(&Heartbeat) + Send + 'static {
    let watch = Arc::clone(watch);
    let mut state = BeatState {
        is_ready: false,
        is_stopping: false,
        is_late: false,
        is_nobody_told: false,
        status: String::new(),
        since: Instant::now(),
        summary: Instant::now(),
        swept: Instant::now(),
    };
    move |heartbeat| watch.beat(heartbeat, &mut state)
}

impl Watch {
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
        self.tell_manager(state);
        if state.summary.elapsed() >= SUMMARY {
            state.summary = Instant::now();
            self.summarize();
        }
        let is_changed = self.exit_condition.is_for_updates() && self.is_changed();
        let mut tracker = self.tracker();
        if state.swept.elapsed() >= SWEEP {
            state.swept = Instant::now();
            tracker.sweep(now());
            self.tell_news(&mut tracker);
        }
        if !state.is_nobody_told && state.since.elapsed() >= NOBODY_CAME {
            state.is_nobody_told = true;
            if tracker.counts().machines() == 0 {
                self.log.line(Priority::Notice, &self.advice());
            }
        }
        if !heartbeat.stopping {
            self.check_exit(&tracker, is_changed);
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

    /// Tells the service manager how things are.
    fn tell_manager(&self, state: &mut BeatState) {
        if !systemd::is_there() {
            return;
        }
        let status = self.status();
        if status != state.status {
            systemd::status(&status);
            state.status = status;
        }
    }

    /// What to look at when no machine comes.
    fn advice(&self) -> String {
        let url = self.server_url.get().map_or("http://…/v1/update/", String::as_str);
        format!(
            "no machine has asked for 2 minutes; on a machine, check that \
             /etc/flatcar/update.conf has SERVER={url}, that curl gets an answer from there, and \
             that update-engine runs (systemctl status update-engine)"
        )
    }
}
