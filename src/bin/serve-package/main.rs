//! `serve-package`: serves one operating-system update to `update_engine`.
//!
//! The command line becomes checked settings ([`args`]), the settings become a
//! server ([`serve`]), and what the server does becomes lines for people
//! ([`report`], [`log`]).

mod args;
mod check;
mod limits;
mod log;
mod report;
mod serve;
mod signals;
mod words;

use std::io::{self, Write};
use std::process::ExitCode;

use args::Command;

/// It failed at run time.
const FAILURE: u8 = 1;

/// The command line is wrong.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    match args::parse(std::env::args_os().skip(1)) {
        Ok(Command::Help(text)) => print(text),
        Ok(Command::Check(settings)) => check::run(&settings),
        Ok(Command::Version) => print(concat!("serve-package ", env!("CARGO_PKG_VERSION"), "\n")),
        Ok(Command::Serve(settings)) => match serve::run(&settings) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                log::Log::new().error(&error.to_string());
                ExitCode::from(FAILURE)
            }
        },
        Err(error) => {
            // There is nobody left to tell when this fails.
            let _ = writeln!(io::stderr(), "serve-package: {error}\nTry 'serve-package --help'.");
            ExitCode::from(USAGE)
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
