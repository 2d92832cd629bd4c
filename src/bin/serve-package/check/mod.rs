//! `serve-package check`: asks a server as a machine would.
//!
//! A [`session`] talks with the server, and fills an [`outcome`]; what happens
//! meanwhile is shown by a [`screen`]. At the end the outcome is the exit
//! status, and with `--json` the output ([`object`]).

mod fetch;
mod interrupt;
mod object;
mod outcome;
pub mod progress;
mod screen;
mod session;

use std::process::ExitCode;

use crate::args::CheckSettings;
use interrupt::Interrupt;
use screen::Screen;
use session::Session;

/// Checks, and says what came of it.
pub fn run(settings: &CheckSettings) -> ExitCode {
    let mut screen = Screen::new(settings.json);
    let outcome = Session::new(settings, &mut screen, Interrupt::install()).run();
    if settings.json {
        screen.print(&object::of(settings, &outcome));
    } else {
        screen.print(&outcome.conclusion(settings.strict));
    }
    let status = outcome.status(settings.strict);
    ExitCode::from(if screen.is_broken() { crate::FAILURE } else { status })
}
