//! The command line, checked once: what comes out of here is valid.

mod check;
mod error;
mod flags;
mod inspect;
mod serve;
mod suggestion;
mod update;
mod value;

use std::ffi::OsString;

pub use check::CheckSettings;
pub use error::UsageError;
use flags::{Arguments, Flags};
pub use inspect::InspectSettings;
pub use serve::{EXTENSION, PACKAGE_FILE, PackageSource, Settings, Source, UPDATES};
pub use update::{Request, UpdateSettings};
use value::{ByteRate, Count, Span, parsed, path, payload, payloads, texts};

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    Serve(Box<Settings>),
    Check(Box<CheckSettings>),
    Inspect(InspectSettings),
    Update(Box<UpdateSettings>),
    /// Print this.
    Help(&'static str),
    Version,
}

/// Reads the arguments that follow the program's name. The first may be the
/// name of another command than serving.
///
/// # Errors
///
/// The first thing that is wrong.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, Refusal> {
    let mut arguments = arguments.into_iter().peekable();
    if arguments.next_if(|first| first == check::COMMAND).is_some() {
        check::parse(arguments).map_err(|error| Refusal { error, help: "check --help" })
    } else if arguments.next_if(|first| first == inspect::COMMAND).is_some() {
        inspect::parse(arguments).map_err(|error| Refusal { error, help: "inspect --help" })
    } else if arguments.next_if(|first| first == update::COMMAND).is_some() {
        update::parse(arguments).map_err(|error| Refusal { error, help: "update --help" })
    } else {
        serve::parse(arguments).map_err(|error| Refusal { error, help: "--help" })
    }
}

/// What is wrong with the command line, and which arguments ask for help.
#[derive(Debug)]
pub struct Refusal {
    pub error: UsageError,
    pub help: &'static str,
}
