//! The command line, checked once: what comes out of here is valid.

mod check;
mod error;
mod flags;
mod inspect;
mod serve;
mod status;
mod suggestion;
mod update;
mod value;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::ffi::{OsStr, OsString};
use std::iter::Peekable;
use std::vec;

pub use check::CheckSettings;
pub use error::UsageError;
use flags::{Arguments, Flags};
pub use inspect::InspectSettings;
pub use serve::{EXTENSION, PACKAGE_FILE, PackageSource, Settings, Source, UPDATES};
pub use status::StatusSettings;
use suggestion::Suggestion;
pub use update::{Request, UpdateSettings};
use value::{ByteRate, Count, Span, parsed, path, payload, payload_file, payloads, server, texts};

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    Serve(Box<Settings>),
    Check(Box<CheckSettings>),
    Inspect(InspectSettings),
    Update(Box<UpdateSettings>),
    Status(StatusSettings),
    /// Print this.
    Help(&'static str),
    Version,
}

/// A command that the first argument names.
struct Subcommand {
    name: &'static str,
    help: &'static str,
    /// The arguments that ask for its help.
    asks_help: &'static str,
    parse: fn(CommandLine) -> Result<Command, UsageError>,
}

/// What is left of the command line. One type for all, so that what reads it is
/// compiled once.
type CommandLine = Peekable<vec::IntoIter<OsString>>;

const SUBCOMMANDS: [Subcommand; 4] = [
    Subcommand { name: "check", help: check::HELP, asks_help: "check --help", parse: check::parse },
    Subcommand {
        name: "inspect",
        help: inspect::HELP,
        asks_help: "inspect --help",
        parse: inspect::parse,
    },
    Subcommand {
        name: "update",
        help: update::HELP,
        asks_help: "update --help",
        parse: update::parse,
    },
    Subcommand {
        name: "status",
        help: status::HELP,
        asks_help: "status --help",
        parse: status::parse,
    },
];

/// Reads the arguments that follow the program's name. The first may name a
/// subcommand; without one, the arguments are those of serving.
///
/// # Errors
///
/// The first thing that is wrong.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, Refusal> {
    let arguments: Vec<_> = arguments.into_iter().collect();
    let mut arguments: CommandLine = arguments.into_iter().peekable();
    if arguments.next_if(|first| first == "help").is_some() {
        return help(arguments.next()).map_err(|error| Refusal { error, help: "--help" });
    }
    let named = |first: &OsString| SUBCOMMANDS.iter().find(|command| first == command.name);
    if let Some(command) = arguments.peek().and_then(named) {
        arguments.next();
        let parsed = (command.parse)(arguments);
        return parsed.map_err(|error| Refusal { error, help: command.asks_help });
    }
    if let Some(suggestion) = arguments.peek().and_then(|first| similar_command(first)) {
        let name = arguments.next().unwrap_or_default();
        let error = UsageError::UnknownCommand { name, suggestion: Some(suggestion) };
        return Err(Refusal { error, help: "--help" });
    }
    serve::parse(arguments).map_err(|error| Refusal { error, help: "--help" })
}

/// What `help` prints: the help of the subcommand that follows it, if one does.
fn help(about: Option<OsString>) -> Result<Command, UsageError> {
    let of_serving = ["--help", "help", "serve"];
    let Some(name) = about.filter(|about| of_serving.iter().all(|known| about != known)) else {
        return Ok(Command::Help(serve::HELP));
    };
    match SUBCOMMANDS.iter().find(|command| name == command.name) {
        Some(command) => Ok(Command::Help(command.help)),
        None => Err(UsageError::UnknownCommand { suggestion: similar_command(&name), name }),
    }
}

/// Which command was probably meant by a word that is none.
fn similar_command(word: &OsStr) -> Option<Suggestion> {
    suggestion::for_command(&word.to_string_lossy(), &SUBCOMMANDS.map(|command| command.name))
}

/// What is wrong with the command line, and which arguments ask for help.
#[derive(Debug)]
pub struct Refusal {
    pub error: UsageError,
    pub help: &'static str,
}
