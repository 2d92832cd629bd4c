//! Flags, their values, and what is neither.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use super::error::UsageError;
use super::suggestion::{self, Suggestion};

/// The flags of a command.
#[derive(Debug)]
pub struct Flags {
    /// Those that have a value.
    pub valued: &'static [&'static str],
    /// Those of them that may be written with one dash as well, as Go does.
    pub single_dash: &'static [&'static str],
    /// Those of them that may be given several times.
    pub repeatable: &'static [&'static str],
    /// Those that have none.
    pub switches: &'static [&'static str],
}

/// Switches of every command, in their short form.
const SHORT: [(&str, &str); 2] = [("-h", "--help"), ("-V", "--version")];

/// A command line, taken apart.
#[derive(Debug)]
pub struct Arguments {
    flags: &'static Flags,
    values: Vec<(&'static str, OsString)>,
    switches: Vec<&'static str>,
    rest: Vec<Rest>,
}

/// What is neither a flag nor the value of one.
#[derive(Debug)]
struct Rest {
    argument: OsString,
    /// The flag whose value stands before it.
    after: Option<&'static str>,
}

impl Flags {
    /// Takes a command line apart. Values may hold any bytes; one that begins
    /// with two dashes is given as `--flag=value`, because in `--flag --other`
    /// the value was forgotten.
    ///
    /// # Errors
    ///
    /// When a value is missing, or there is one where none belongs.
    pub fn read(
        &'static self,
        arguments: impl IntoIterator<Item = OsString>,
    ) -> Result<Arguments, UsageError> {
        let (separate, befores) = self.separate(arguments)?;
        let mut separate = pico_args::Arguments::from_vec(separate);
        let (mut values, mut switches) = (Vec::new(), Vec::new());
        for flag in self.valued {
            let read = |value: &OsStr| Ok::<_, UsageError>(unmark(value).to_owned());
            let found = separate.values_from_os_str(*flag, read);
            let found = found.map_err(|_| UsageError::NoValue(flag))?;
            values.extend(found.into_iter().map(|value| (*flag, value)));
        }
        for switch in self.switches {
            while separate.contains(*switch) {
                switches.push(*switch);
            }
        }
        let rest = separate.finish().into_iter().zip(befores);
        let rest = rest.map(|(argument, after)| Rest { argument, after }).collect();
        Ok(Arguments { flags: self, values, switches, rest })
    }

    /// Brings every flag that has a value into the form of `--flag` and the
    /// marked value, and every switch into its long form. Besides, for each
    /// argument that is neither, the flag whose value stands before it.
    fn separate(
        &self,
        arguments: impl IntoIterator<Item = OsString>,
    ) -> Result<(Vec<OsString>, Vec<Option<&'static str>>), UsageError> {
        let (mut separate, mut befores) = (Vec::new(), Vec::new());
        let mut arguments = arguments.into_iter().peekable();
        let mut after = None;
        while let Some(argument) = arguments.next() {
            if let Some((flag, value)) = self.valued(&argument) {
                let value = match value {
                    Some(value) => Some(value.to_owned()),
                    None => arguments.next_if(|value| !self.is_flag(value)),
                };
                let value = value.filter(|value| !value.is_empty());
                let value = value.ok_or(UsageError::NoValue(flag))?;
                separate.extend([flag.into(), mark(&value)]);
                after = Some(flag);
            } else if let Some(switch) = self.switch(&argument)? {
                separate.push(switch.into());
                after = None;
            } else {
                separate.push(argument);
                befores.push(after);
            }
        }
        Ok((separate, befores))
    }

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

    fn switch(&self, argument: &OsStr) -> Result<Option<&'static str>, UsageError> {
        if let Some((_, long)) = SHORT.iter().find(|(short, _)| argument == *short) {
            return Ok(Some(*long).filter(|long| self.switches.contains(long)));
        }
        let bytes = argument.as_bytes();
        for switch in self.switches {
            match bytes.strip_prefix(switch.as_bytes()).map(<[u8]>::first) {
                Some(None) => return Ok(Some(switch)),
                Some(Some(b'=')) => return Err(UsageError::TakesNoValue(switch)),
                _ => {}
            }
        }
        Ok(None)
    }

    fn is_flag(&self, argument: &OsStr) -> bool {
        argument.as_bytes().starts_with(b"--") || self.valued(argument).is_some()
    }

    fn all(&self) -> Vec<&'static str> {
        [self.valued, self.switches].concat()
    }
}

/// A value in a form that no flag has.
fn mark(value: &OsStr) -> OsString {
    let mut marked = OsString::from("=");
    marked.push(value);
    marked
}

/// The value that was marked.
fn unmark(marked: &OsStr) -> &OsStr {
    let bytes = marked.as_bytes();
    OsStr::from_bytes(bytes.strip_prefix(b"=").unwrap_or(bytes))
}

impl Arguments {
    /// Whether a switch is there.
    pub fn contains(&self, switch: &str) -> bool {
        self.switches.contains(&switch)
    }

    /// The values of a flag that may be given several times.
    pub fn values(&self, flag: &'static str) -> impl Iterator<Item = &OsStr> {
        self.values.iter().filter(move |(of, _)| *of == flag).map(|(_, value)| &**value)
    }

    /// Takes the first argument that is neither a flag nor a value, unless it
    /// is the name of a flag without its dashes.
    pub fn take_operand(&mut self) -> Option<OsString> {
        let flags = self.flags.all();
        let is_operand = |Rest { argument, .. }: &Rest| {
            let text = argument.to_string_lossy();
            !is_dashed(&text) && suggestion::for_word(&text, &flags).is_none()
        };
        let index = self.rest.iter().position(is_operand)?;
        Some(self.rest.remove(index).argument)
    }

    /// Takes all arguments that are neither a flag nor a value.
    pub fn take_operands(&mut self) -> impl Iterator<Item = OsString> + use<> {
        let is_operand = |rest: &mut Rest| !is_dashed(&rest.argument.to_string_lossy());
        let operands: Vec<_> = self.rest.extract_if(.., is_operand).collect();
        operands.into_iter().map(|rest| rest.argument)
    }

    /// Refuses what belongs to nothing, and what is there too often.
    pub fn finish(self) -> Result<(), UsageError> {
        let flags = self.flags.all();
        let count = |flag: &str| {
            let switches = self.switches.iter().filter(|switch| **switch == flag).count();
            switches + self.values.iter().filter(|(of, _)| *of == flag).count()
        };
        let is_once = |flag: &&&str| !self.flags.repeatable.contains(flag);
        if let Some(flag) = flags.iter().filter(is_once).find(|flag| count(flag) > 1) {
            return Err(UsageError::Repeated(flag));
        }
        let Some(Rest { argument, after }) = self.rest.into_iter().next() else { return Ok(()) };
        let text = argument.to_string_lossy();
        if is_dashed(&text) {
            let (flag, suggestion) = (text.to_string(), suggestion::for_flag(&text, &flags));
            return Err(UsageError::UnknownFlag { flag, suggestion });
        }
        let repeat = after.filter(|flag| self.flags.repeatable.contains(flag));
        let suggestion =
            repeat.map(Suggestion::Repeat).or_else(|| suggestion::for_word(&text, &flags));
        Err(UsageError::Unexpected { argument, suggestion })
    }
}

/// Whether an argument looks like a flag. `-` alone is the name that many
/// programs have for standard input.
fn is_dashed(argument: &str) -> bool {
    argument.starts_with(['-', '\u{2013}', '\u{2014}']) && argument != "-"
}
