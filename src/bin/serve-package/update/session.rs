//! The update under way: waits for what happens, until there is a verdict.

use std::thread;
use std::time::{Duration, Instant};

use super::changes::Changes;
use super::deadline::Deadline;
use super::diagnosis;
use super::engine::{self, Operation, Status};
use super::error::UpdateError;
use super::happening::Happening;
use super::output::Output;
use super::progress::Progress;
use super::queue::Queue;
use super::root::{Root, at_most};
use super::system::System;
use super::verdict::{Rest, Verdict};
use crate::background;

/// How often the daemon is asked what it does.
const STATUS_INTERVAL: Duration = Duration::from_millis(500);

/// How long the machine may take to ask after a check was triggered. It takes
/// less than a second. A trigger is lost on a daemon that asks another
/// server at that moment, so the check is triggered once more meanwhile.
const ASK: Duration = Duration::from_secs(60);

/// How long the daemon may be idle after it has asked, until that is taken for
/// the end of the update. Between asking and downloading it is not idle.
const IDLE: Duration = Duration::from_secs(15);

/// How long the daemon may be silent.
const SILENCE: Duration = Duration::from_secs(180);

/// How long the daemon may take to wait for the reboot after it has reported
/// that the update is installed.
const COMPLETION: Duration = Duration::from_secs(60);

/// What is waited for, and for how long.
#[derive(Debug)]
pub struct Session<'a> {
    pub root: &'a Root,
    pub system: System,
    /// What `SERVER=` is.
    pub server: &'a str,
    pub deadline: Option<Deadline>,
    /// Whether `update_engine` is stopped at the end.
    pub is_stopped_after: bool,
    pub progress: Progress,
    pub output: &'a mut Output,
}

/// How far it is.
#[derive(Debug)]
struct State {
    started: Instant,
    /// When the check was triggered last.
    triggered: Instant,
    has_asked: bool,
    is_downloaded: bool,
    completed: Option<Instant>,
    idle_since: Option<Instant>,
    /// When there was last something of the daemon.
    heard: Instant,
    status: Option<Result<Status, UpdateError>>,
}

impl Session<'_> {
    /// Waits until it is over. The settings are put back on the way.
    pub fn run(&mut self, queue: &Queue, changes: &mut Changes) -> Verdict {
        let now = Instant::now();
        let mut state = State {
            started: now,
            triggered: now,
            has_asked: false,
            is_downloaded: false,
            completed: None,
            idle_since: None,
            heard: now,
            status: None,
        };
        loop {
            let happening = queue.pop(STATUS_INTERVAL);
            let verdict = happening.and_then(|next| self.take(next, &mut state, changes));
            if let Some(verdict) = verdict.or_else(|| self.look_at_the_clock(&state)) {
                return verdict;
            }
        }
    }

    fn take(
        &mut self,
        happening: Happening,
        state: &mut State,
        changes: &mut Changes,
    ) -> Option<Verdict> {
        if !matches!(happening, Happening::Status(Err(_))) {
            state.heard = Instant::now();
        }
        match happening {
            Happening::Offered => {
                state.has_asked = true;
                if let Err(error) = changes.put_settings_back() {
                    self.output.complain(&format!("warning: {error}; trying again at the end"));
                }
                self.root.step("asked");
                self.output.say("the machine has asked, and the update is offered");
            }
            Happening::NotOffered(why) => {
                return Some(Verdict::Broken(format!("the machine was offered nothing: {why}")));
            }
            Happening::Fetching(package) => {
                state.idle_since = None;
                self.output.say(&format!("the machine downloads {package}"));
            }
            Happening::Fetched { package, bytes, size } => {
                state.idle_since = None;
                self.progress.download(package, bytes, size, self.output);
            }
            Happening::Downloaded => {
                state.is_downloaded = true;
                self.output.say("the payload is downloaded and verified");
            }
            Happening::Completed => {
                self.output.say("the machine reports that the update is installed");
                state.completed = Some(Instant::now());
            }
            Happening::Failed(code) => return Some(Verdict::Failed(code)),
            Happening::Trouble(what) => self.output.complain(&format!("warning: {what}")),
            Happening::Status(status) => return self.take_status(status, state),
            Happening::Interrupted => return Some(Verdict::Interrupted(self.rest(state))),
            Happening::ServerEnded(why) => {
                return Some(Verdict::Broken(format!("the server has ended: {why}")));
            }
        }
        None
    }

    fn take_status(
        &mut self,
        status: Result<Status, UpdateError>,
        state: &mut State,
    ) -> Option<Verdict> {
        let mut is_installed = false;
        if let Ok(status) = &status {
            if status.operation == Operation::NeedReboot && !state.has_asked {
                // Only now could it be asked: its unit did not run before.
                return Some(Verdict::Broken(
                    "an earlier update is installed and waits for the reboot; reboot first, or \
                     discard it: update_engine_client -reset_status"
                        .to_owned(),
                ));
            }
            if state.has_asked {
                self.progress.operation(&status.operation, self.output);
            }
            let is_idle = status.operation == Operation::Idle;
            if is_idle && !state.has_asked && state.triggered.elapsed() >= at_most(ASK) / 3 {
                self.output.say("the machine has not asked yet; the check is triggered again");
                state.triggered = Instant::now();
                // If it cannot be, the causes will be looked for.
                let _ = engine::check_for_update(self.deadline);
            }
            let is_over = is_idle && state.has_asked;
            state.idle_since = is_over.then(|| state.idle_since.unwrap_or_else(Instant::now));
            is_installed = status.operation == Operation::NeedReboot;
        }
        state.status = Some(status);
        is_installed.then_some(Verdict::Installed)
    }

    fn rest(&self, state: &State) -> Rest {
        Rest::of(self.is_stopped_after, state.is_downloaded)
    }

    /// Ends what takes too long.
    fn look_at_the_clock(&self, state: &State) -> Option<Verdict> {
        if let Some(deadline) = self.deadline.filter(Deadline::has_passed) {
            return Some(Verdict::Deadline(deadline.time, self.rest(state)));
        }
        if !state.has_asked && state.started.elapsed() >= at_most(ASK) {
            let status = state.status.as_ref();
            let causes = diagnosis::causes(self.root, self.system, self.server, status);
            return Some(Verdict::NotAsked(causes));
        }
        if state.completed.is_some_and(|completed| completed.elapsed() >= at_most(COMPLETION)) {
            return Some(match &state.status {
                Some(Ok(status)) => Verdict::Broken(format!(
                    "the machine reported it as installed, and then update_engine is {}",
                    status.operation
                )),
                // The report must do, where the daemon cannot be asked.
                _ => Verdict::Installed,
            });
        }
        if state.completed.is_none()
            && state.idle_since.is_some_and(|idle| idle.elapsed() >= at_most(IDLE))
        {
            return Some(Verdict::Broken("update_engine is idle again".to_owned()));
        }
        match &state.status {
            Some(Err(error))
                if state.completed.is_none() && state.heard.elapsed() >= at_most(SILENCE) =>
            {
                Some(Verdict::Broken(error.to_string()))
            }
            _ => None,
        }
    }
}

/// Asks the daemon again and again what it does, on a thread of its own: it may
/// take its time.
pub fn ask_for_status(queue: Queue) -> std::io::Result<()> {
    background::start("status", move || {
        while queue.push(Happening::Status(Status::query())) {
            thread::sleep(STATUS_INTERVAL);
        }
    })
}
