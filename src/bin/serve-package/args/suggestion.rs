//! What was probably meant by an argument that is none.

use std::fmt;

/// What to write instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suggestion {
    /// The same flag, spelled otherwise.
    Write(&'static str),
    /// A flag or command with a similar name.
    Similar(&'static str),
    /// The flag before each of several values.
    Repeat(&'static str),
}

impl fmt::Display for Suggestion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write(flag) => write!(formatter, "write {flag}"),
            Self::Similar(flag) => write!(formatter, "did you mean {flag}?"),
            Self::Repeat(flag) => write!(formatter, "repeat {flag} for each file"),
        }
    }
}

/// What other programs call these.
const SYNONYMS: [(&str, &str); 3] =
    [("port", "--listen-address"), ("host", "--listen-address"), ("bind", "--listen-address")];

/// The dashes that word processors make of `-` and `--` too.
const DASHES: [char; 3] = ['-', '\u{2013}', '\u{2014}'];

/// Which of the flags an argument with a dash was meant to be.
pub fn for_flag(argument: &str, flags: &[&'static str]) -> Option<Suggestion> {
    let name = argument.split('=').next().unwrap_or_default();
    let name = name.trim_start_matches(DASHES);
    if let Some(flag) = named(name, flags) {
        return Some(Suggestion::Write(flag));
    }
    let name = name.to_ascii_lowercase().replace('_', "-");
    let flag = named(&name, flags)
        .or_else(|| synonym(&name, flags))
        .or_else(|| only(flags.iter().copied().filter(|flag| has_part(flag, &name))))
        .or_else(|| closest(&name, flags))?;
    Some(Suggestion::Similar(flag))
}

/// Which of the flags an argument without a dash was meant to be.
pub fn for_word(argument: &str, flags: &[&'static str]) -> Option<Suggestion> {
    named(argument, flags).map(Suggestion::Similar)
}

/// Which of the commands a word was meant to be.
pub fn for_command(word: &str, commands: &[&'static str]) -> Option<Suggestion> {
    if word.starts_with(DASHES) {
        return None;
    }
    closest(&word.to_ascii_lowercase(), commands).map(Suggestion::Similar)
}

fn named(name: &str, flags: &[&'static str]) -> Option<&'static str> {
    flags.iter().copied().find(|flag| flag.strip_prefix("--") == Some(name))
}

fn synonym(name: &str, flags: &[&'static str]) -> Option<&'static str> {
    let (_, flag) = SYNONYMS.iter().find(|(synonym, _)| *synonym == name)?;
    flags.iter().copied().find(|known| known == flag)
}

/// Whether a flag's name begins or ends with these words.
fn has_part(flag: &str, words: &str) -> bool {
    let around = flag.trim_start_matches('-');
    let before = around.strip_prefix(words).is_some_and(|rest| rest.starts_with('-'));
    before || around.strip_suffix(words).is_some_and(|rest| rest.ends_with('-'))
}

fn only<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    let first = items.next()?;
    items.next().is_none().then_some(first)
}

/// The flag or command with the most similar name: a letter or two are wrong.
fn closest(name: &str, flags: &[&'static str]) -> Option<&'static str> {
    let most = (name.len() / 3).min(2);
    let distances = flags.iter().map(|flag| (distance(name, flag.trim_start_matches('-')), *flag));
    let (_, flag) = distances.filter(|(distance, _)| *distance <= most).min()?;
    Some(flag)
}

/// How many letters must be added, removed or replaced (Levenshtein's
/// distance). Names are short, so its cost does not matter.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (number, letter) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = number + 1;
        for (place, other) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[place + 1];
            row[place + 1] = replaced.min(diagonal + 1).min(row[place] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLAGS: [&str; 6] =
        ["--package-file", "--listen-address", "--extension", "--force", "--ready-file", "--help"];

    #[test]
    fn distances() {
        for (left, right, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("extention", "extension", 1),
            ("froce", "force", 2),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(left, right), expected, "{left} {right}");
        }
    }

    #[test]
    fn flags() {
        use Suggestion::{Similar, Write};
        for (argument, expected) in [
            ("-extension", Some(Write("--extension"))),
            ("-extension=a", Some(Write("--extension"))),
            ("\u{2014}extension", Some(Write("--extension"))),
            ("--Package-File", Some(Similar("--package-file"))),
            ("--package_file=x", Some(Similar("--package-file"))),
            ("--extention", Some(Similar("--extension"))),
            ("--extensions", Some(Similar("--extension"))),
            ("--listen", Some(Similar("--listen-address"))),
            ("--address", Some(Similar("--listen-address"))),
            ("--port", Some(Similar("--listen-address"))),
            // Two of them end so.
            ("--file", None),
            ("--verbose", None),
            ("-v", None),
            ("--", None),
        ] {
            assert_eq!(for_flag(argument, &FLAGS), expected, "{argument}");
        }
        // Only where there is such a flag.
        assert_eq!(for_flag("--port", &["--json"]), None);
    }

    #[test]
    fn similar_words() {
        assert_eq!(for_word("help", &FLAGS), Some(Suggestion::Similar("--help")));
        assert_eq!(for_word("update.gz", &FLAGS), None);
    }
}
