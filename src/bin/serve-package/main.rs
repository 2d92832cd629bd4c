//! `serve-package`: serves one operating-system update to `update_engine`.
//!
//! The command line becomes checked settings ([`args`]), the settings become a
//! server ([`mod@serve`]), and what the server does is watched ([`watch`]): it
//! becomes lines for people ([`report`], [`log`]) and for programs ([`events`]),
//! and ends the run when its exit condition is met ([`exit_condition`]).

mod args;
mod background;
mod banner;
mod check;
mod descriptors;
mod digest_cache;
mod events;
mod exit_condition;
mod format;
mod hashing;
mod inspect;
mod json;
mod key_file;
mod listening;
mod log;
mod log_writer;
mod machine_tracker;
mod offer;
mod packages;
mod pages;
mod panics;
mod progress;
mod published_digest;
mod ready_file;
mod report;
mod rollout;
mod serve;
mod signals;
mod state_dir;
mod status;
mod systemd;
mod table;
mod throttle;
mod time;
mod tracker_setup;
mod update;
mod updates_folder;
mod watch;

use std::io::{self, Write};
use std::process::ExitCode;

use args::Command;

#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

/// It failed at run time.
const FAILURE: u8 = 1;

/// The command line is wrong.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let _flush = log_writer::FlushAtExit;
    match args::parse(std::env::args_os().skip(1)) {
        Ok(Command::Help(text)) => print(text),
        Ok(Command::Version) => print(concat!("serve-package ", env!("CARGO_PKG_VERSION"), "\n")),
        Ok(Command::Check(settings)) => check::run(&settings),
        Ok(Command::Inspect(settings)) => inspect::run(&settings),
        Ok(Command::Update(settings)) => update::run(&settings),
        Ok(Command::Status(settings)) => status::run(&settings),
        Ok(Command::Serve(settings)) => serve(&settings),
        Err(refusal) => {
            let text = refusal.error.to_string();
            systemd::status(&text);
            log::Log::new().usage(&text, refusal.help);
            ExitCode::from(USAGE)
        }
    }
}

fn serve(settings: &args::Settings) -> ExitCode {
    let log = log::Log::new();
    panics::log_them(log);
    match serve::run(settings, log) {
        Ok(outcome) => ExitCode::from(outcome.status()),
        Err(error) => {
            let text = format::sentence(&*error);
            systemd::status(&text);
            log.error(&text);
            ExitCode::from(FAILURE)
        }
    }
}

/// Prints to standard output. A reader that has gone, as `head` does, is none
/// of our business.
fn print(text: &str) -> ExitCode {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => ExitCode::from(FAILURE),
        _ => ExitCode::SUCCESS,
    }
}
