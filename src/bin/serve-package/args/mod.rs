//! The command line, checked once: what comes out of here is valid.

mod check;
mod inspect;
mod serve;
mod update;

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

pub use check::CheckSettings;
pub use inspect::InspectSettings;
pub use serve::Settings;
pub use update::{Request, UpdateSettings};

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

/// The flags of a command.
struct Flags {
    /// Those that have a value.
    valued: &'static [&'static str],
    /// Those of them that may be written with one dash as well, as Go does.
    single_dash: &'static [&'static str],
    /// Those that have none.
    switches: &'static [&'static str],
}

impl Flags {
    /// The flag that an argument is, and the value that it holds behind `=`.
    fn valued<'a>(&self, argument: &'a OsStr) -> Option<(&'static str, Option<&'a OsStr>)> {
        let bytes = argument.as_bytes();
        self.valued.iter().find_map(|flag| {
            let short = self.single_dash.contains(flag).then(|| flag.strip_prefix('-')).flatten();
            let rest = [Some(*flag), short]
                .into_iter()
                .flatten()
                .find_map(|name| bytes.strip_prefix(name.as_bytes()))?;
            match rest.split_first() {
                None => Some((*flag, None)),
                Some((b'=', value)) => Some((*flag, Some(OsStr::from_bytes(value)))),
                Some(_) => None,
            }
        })
    }

    /// Refuses what was left over.
    fn refuse(&self, left_over: OsString) -> UsageError {
        let switch = self.switches.iter().find(|switch| left_over == **switch);
        match (switch, left_over.to_str()) {
            (Some(switch), _) => UsageError::Repeated(switch),
            (None, Some(text)) if text.starts_with('-') && text != "-" => {
                UsageError::UnknownFlag(text.to_owned())
            }
            _ => UsageError::LeftOver(left_over),
        }
    }
}

/// Brings every flag that has a value into the form `--flag value`, whatever
/// bytes the value holds, and catches those whose value was forgotten: nothing
/// follows, or another flag does. (A value that begins with two dashes can be
/// given as `--flag=value`.)
fn separate(
    arguments: impl IntoIterator<Item = OsString>,
    flags: &Flags,
) -> Result<Vec<OsString>, UsageError> {
    let mut separate = Vec::new();
    let mut arguments = arguments.into_iter().peekable();
    while let Some(argument) = arguments.next() {
        let Some((flag, value)) = flags.valued(&argument) else {
            separate.push(argument);
            continue;
        };
        let is_flag = |value: &OsString| value.as_bytes().starts_with(b"--");
        let value = match value {
            Some(value) => Some(value.to_owned()),
            None => arguments.next_if(|value| !is_flag(value)),
        };
        match value {
            Some(value) if !value.is_empty() => separate.extend([flag.into(), value]),
            _ => return Err(UsageError::NoValue(flag)),
        }
    }
    Ok(separate)
}

fn paths(
    arguments: &mut pico_args::Arguments,
    flag: &'static str,
) -> Result<Vec<PathBuf>, UsageError> {
    let read = |value: &OsStr| Ok::<_, UsageError>(PathBuf::from(value));
    arguments.values_from_os_str(flag, read).map_err(|_| UsageError::NoValue(flag))
}

fn path(
    arguments: &mut pico_args::Arguments,
    flag: &'static str,
) -> Result<Option<PathBuf>, UsageError> {
    let mut paths = paths(arguments, flag)?;
    if paths.len() > 1 {
        return Err(UsageError::Repeated(flag));
    }
    Ok(paths.pop())
}

fn parsed<T: FromStr<Err: fmt::Display>>(
    arguments: &mut pico_args::Arguments,
    flag: &'static str,
) -> Result<Option<T>, UsageError> {
    let Some(value) = path(arguments, flag)? else { return Ok(None) };
    let value = value.to_string_lossy();
    value.parse().map(Some).map_err(|error: T::Err| UsageError::Value {
        flag,
        value: value.into_owned(),
        reason: error.to_string(),
    })
}

/// A number of things, at least one.
struct Count(pub usize);

impl FromStr for Count {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(0) | Err(_) => Err("it must be a whole number, at least 1"),
            Ok(count) => Ok(Self(count)),
        }
    }
}

/// A time, longer than none.
struct Span(pub Duration);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match humantime::parse_duration(text) {
            Ok(Duration::ZERO) => Err("it must be longer than nothing".to_owned()),
            Ok(span) => Ok(Self(span)),
            Err(error) => Err(format!("{error}; write it like 90s, 30m or 2h")),
        }
    }
}

/// What is wrong with the command line.
#[derive(Debug, PartialEq, Eq)]
pub enum UsageError {
    Required(&'static str),
    NoValue(&'static str),
    Repeated(&'static str),
    /// Two flags that contradict each other.
    Together(&'static str, &'static str),
    UnknownFlag(String),
    LeftOver(OsString),
    Value {
        flag: &'static str,
        value: String,
        reason: String,
    },
}

impl fmt::Display for UsageError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Required(flag) => write!(formatter, "{flag} is required"),
            Self::NoValue(flag) => write!(formatter, "{flag} needs a value"),
            Self::Repeated(flag) => write!(formatter, "{flag} is given more than once"),
            Self::Together(one, other) => write!(formatter, "{one} and {other} exclude each other"),
            Self::UnknownFlag(flag) => write!(formatter, "there is no flag {flag:?}"),
            Self::LeftOver(argument) => {
                write!(formatter, "{argument:?} is left over; every value needs its flag")
            }
            Self::Value { flag, value, reason } => {
                write!(formatter, "{flag} {value:?} is wrong: {reason}")
            }
        }
    }
}

impl std::error::Error for UsageError {}
