//! What is wrong with a command line.

use std::ffi::OsString;
use std::fmt;

use super::suggestion::Suggestion;

/// What is wrong with the command line.
#[derive(Debug, PartialEq, Eq)]
pub enum UsageError {
    /// This is missing.
    Required(&'static str),
    /// The flag's value is missing.
    NoValue(&'static str),
    /// The flag has a value and takes none.
    TakesNoValue(&'static str),
    /// The flag may be given once only.
    Repeated(&'static str),
    /// The two flags contradict each other.
    Together(&'static str, &'static str),
    /// The first flag means nothing without the second.
    Needs(&'static str, &'static str),
    /// No flag is called that.
    UnknownFlag { flag: String, suggestion: Option<Suggestion> },
    /// No subcommand is called that.
    UnknownCommand { name: OsString, suggestion: Option<Suggestion> },
    /// It belongs to no flag.
    Unexpected { argument: OsString, suggestion: Option<Suggestion> },
    /// The flag does not take this value.
    Value { flag: &'static str, value: String, reason: String },
}

impl fmt::Display for UsageError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Required(flag) => write!(formatter, "{flag} is required"),
            Self::NoValue(flag) => write!(formatter, "{flag} needs a value"),
            Self::TakesNoValue(flag) => write!(formatter, "{flag} takes no value"),
            Self::Repeated(flag) => write!(formatter, "{flag} is given more than once"),
            Self::Together(one, other) => write!(formatter, "{one} and {other} exclude each other"),
            Self::Needs(one, other) => write!(formatter, "{one} needs {other}"),
            Self::UnknownFlag { flag, suggestion } => {
                write!(formatter, "there is no flag {flag:?}")?;
                suggest(formatter, *suggestion)
            }
            Self::UnknownCommand { name, suggestion } => {
                write!(formatter, "there is no command {name:?}")?;
                suggest(formatter, *suggestion)
            }
            Self::Unexpected { argument, suggestion } => {
                write!(formatter, "unexpected argument {argument:?}")?;
                suggest(formatter, *suggestion)
            }
            Self::Value { flag, value, reason } => {
                // Some reasons begin with the value, because they stand alone elsewhere.
                let value = format!("{value:?}");
                match reason.strip_prefix(&*value) {
                    Some(reason) => write!(formatter, "{flag}: {value}{reason}"),
                    None => write!(formatter, "{flag} {value}: {reason}"),
                }
            }
        }
    }
}

fn suggest(formatter: &mut fmt::Formatter<'_>, suggestion: Option<Suggestion>) -> fmt::Result {
    suggestion.map_or(Ok(()), |suggestion| write!(formatter, "; {suggestion}"))
}

impl std::error::Error for UsageError {}
