//! `serve-package check`: asks a server as a machine would.
//!
//! A [`session`] talks with the server, and fills an [`outcome`]; what happens
//! meanwhile is shown by a [`terminal`]. At the end the outcome is the exit
//! status, and with `--json` the output ([`object`]).

mod fetch;
mod interrupt;
mod object;
mod outcome;
mod payload;
mod session;
mod terminal;

use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;
use std::time::Duration;

use crate::args::CheckSettings;
use interrupt::Interrupt;
use outcome::Outcome;
use session::Session;
use terminal::Terminal;

/// Checks, and says what came of it.
pub fn run(settings: &CheckSettings) -> ExitCode {
    let outcome = Arc::new(Mutex::new(Outcome::default()));
    let interrupt = Interrupt::install(interrupted(settings, &outcome));
    let mut terminal = Terminal::new(settings.json);
    Session::new(settings, &mut terminal, &interrupt, &outcome).run();
    interrupt.conclude();
    let outcome = lock(&outcome);
    let (word, status) = (outcome.word(settings.strict), outcome.status(settings.strict));
    if settings.json {
        terminal.print(&object::of(settings, &outcome, word, status));
    } else {
        terminal.print(&outcome.conclusion(settings.strict));
    }
    ExitCode::from(if terminal.is_broken() { crate::FAILURE } else { status })
}

/// Prints the object with what was found out when a signal came.
fn interrupted(
    settings: &CheckSettings,
    outcome: &Arc<Mutex<Outcome>>,
) -> impl FnOnce(u8) + Send + 'static {
    let (settings, outcome) = (settings.clone(), Arc::clone(outcome));
    move |status| {
        if settings.json
            && let Some(outcome) = lock_soon(&outcome)
        {
            Terminal::new(true).print(&object::of(&settings, &outcome, "interrupted", status));
        }
    }
}

/// An outcome is whole at any time.
fn lock(outcome: &Mutex<Outcome>) -> MutexGuard<'_, Outcome> {
    outcome.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The outcome, unless somebody keeps it: a signal ends the check in any case.
fn lock_soon(outcome: &Mutex<Outcome>) -> Option<MutexGuard<'_, Outcome>> {
    /// It is locked for moments only.
    const TRIES: u32 = 100;
    (0..TRIES).find_map(|_| match outcome.try_lock() {
        Ok(outcome) => Some(outcome),
        Err(TryLockError::Poisoned(error)) => Some(error.into_inner()),
        Err(TryLockError::WouldBlock) => {
            thread::sleep(Duration::from_millis(10));
            None
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_does_not_wait_for_ever() {
        let outcome = Mutex::default();
        let kept = lock(&outcome);
        assert!(lock_soon(&outcome).is_none());
        drop(kept);
        assert!(lock_soon(&outcome).is_some());
    }
}
