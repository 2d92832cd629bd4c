//! Versions and their order.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use semver::{BuildMetadata, Prerelease};

use crate::number::is_digits;

/// A version, with one total order over everything that machines send.
///
/// # Syntax
///
/// Either of:
///
/// - A semantic version as the [`semver`] crate reads it: three numbers, then
///   perhaps a pre-release and build metadata. `4152.2.0`, `1.0.0-beta.2`,
///   `4048.0.0+nightly-20240809-2100`.
/// - Omaha's dotted numbers, one or more of them: `1.3.23.0`, `1.3`, `7`.
///   Leading zeros are allowed here and mean nothing, as the specification
///   has it (*Omaha Server Protocol V3*, "Version Numbers").
///
/// Each number fits in a `u64`. White space is not allowed anywhere. A text
/// has at most [`Version::MAX_LENGTH`] bytes.
///
/// # Order and equality
///
/// Two versions are equal where neither is greater; `Hash` agrees with that.
/// They may be written differently; [`as_str`](Self::as_str) returns the text.
///
/// 1. The numbers, from left to right. Missing ones are 0, so `1.3.23.0`
///    equals `1.3.23`.
/// 2. The pre-release, by the rules of Semantic Versioning: a release is
///    greater than its pre-releases.
/// 3. The build metadata. Semantic Versioning ignores it; here it breaks ties,
///    because nothing else tells two nightlies apart. A version without it is
///    less than one with it; parts of digits compare as numbers, others as
///    text (see [`semver::BuildMetadata`]).
///
/// ```
/// use omaha::Version;
///
/// let version = |text: &str| text.parse::<Version>();
/// assert!(version("4081.2.0")? < version("4152.2.0")?);
/// assert!(version("4152.2.0-rc1")? < version("4152.2.0")?);
/// assert!(version("4048.0.0+nightly-20240809-2100")? < version("4048.0.0+nightly-20240810-2100")?);
/// assert_eq!(version("1.3.23.0")?, version("1.3.23")?);
/// # Ok::<(), omaha::ParseVersionError>(())
/// ```
#[derive(Clone)]
pub struct Version {
    /// As it was written. The numbers are read from here whenever they are
    /// needed: a list of them would take four times the memory of the text.
    text: String,
    pre: Prerelease,
    build: BuildMetadata,
}

impl Version {
    /// The longest text that is read as a version, in bytes.
    ///
    /// Real versions have 5 to 35 bytes. The limit is that of a file name on
    /// Linux (255) and a little more than anybody uses; it bounds the cost of
    /// a comparison, because the text comes from the network.
    pub const MAX_LENGTH: usize = 256;

    /// The version as it was written, so `1.3.23.0` and `1.3.23` differ here
    /// although they are equal.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The version that this text is, or the text.
    pub(crate) fn from_text(text: String) -> Result<Self, String> {
        match suffixes(&text) {
            Ok((pre, build)) => Ok(Self { text, pre, build }),
            Err(_) => Err(text),
        }
    }

    /// The numbers as they are written, so perhaps with zeros at the end.
    fn numbers(&self) -> impl Iterator<Item = u64> {
        // Only a pre-release or build metadata follows, each with its sign.
        let mut parts = self.text.as_bytes().split(|byte| matches!(byte, b'-' | b'+'));
        let numbers = parts.next().unwrap_or_default();
        // That each part is a number that fits was checked when the text was read.
        let value = |number: u64, digit: &u8| number * 10 + u64::from(digit - b'0');
        numbers.split(|byte| *byte == b'.').map(move |digits| digits.iter().fold(0, value))
    }
}

impl FromStr for Version {
    type Err = ParseVersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match suffixes(text) {
            Ok((pre, build)) => Ok(Self { text: text.to_owned(), pre, build }),
            Err(problem) => Err(ParseVersionError { text: shorten(text), problem }),
        }
    }
}

/// What follows the numbers of a version, if the text is one.
fn suffixes(text: &str) -> Result<(Prerelease, BuildMetadata), Problem> {
    if text.is_empty() {
        return Err(Problem::Empty);
    }
    if text.len() > Version::MAX_LENGTH {
        return Err(Problem::TooLong(text.len()));
    }
    match semver::Version::parse(text) {
        Ok(semver::Version { pre, build, .. }) => Ok((pre, build)),
        // Dotted numbers have neither sign, so semver's reason is the right one.
        Err(error) if text.contains(['-', '+']) => Err(Problem::NotSemantic(error.to_string())),
        Err(_) => match text.split('.').find_map(problem_of) {
            Some(problem) => Err(problem),
            None => Ok((Prerelease::EMPTY, BuildMetadata::EMPTY)),
        },
    }
}

/// What is wrong with one part of dotted numbers, if anything is.
fn problem_of(part: &str) -> Option<Problem> {
    if part.is_empty() {
        Some(Problem::MissingNumber)
    } else if !is_digits(part) {
        Some(Problem::NotANumber(part.to_owned()))
    } else if part.parse::<u64>().is_err() {
        Some(Problem::NumberTooLarge(part.to_owned()))
    } else {
        None
    }
}

impl TryFrom<semver::Version> for Version {
    type Error = ParseVersionError;

    /// Takes over a semantic version, unless it has more than
    /// [`Version::MAX_LENGTH`] bytes.
    fn try_from(version: semver::Version) -> Result<Self, Self::Error> {
        let text = version.to_string();
        if text.len() > Self::MAX_LENGTH {
            let problem = Problem::TooLong(text.len());
            return Err(ParseVersionError { text: shorten(&text), problem });
        }
        Ok(Self { text, pre: version.pre, build: version.build })
    }
}

impl AsRef<str> for Version {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Version {
    /// Writes the version as it was read.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.text)
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Version").field(&self.text).finish()
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        cmp_numbers(self.numbers(), other.numbers())
            .then_with(|| self.pre.cmp(&other.pre))
            .then_with(|| self.build.cmp(&other.build))
    }
}

/// Compares number by number; the shorter list goes on with zeros.
fn cmp_numbers(
    mut left: impl Iterator<Item = u64>,
    mut right: impl Iterator<Item = u64>,
) -> Ordering {
    loop {
        let (left, right) = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (left, right) => (left.unwrap_or(0), right.unwrap_or(0)),
        };
        if left != right {
            return left.cmp(&right);
        }
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

impl Hash for Version {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Equal versions may differ in zeros at the end, so zeros count for
        // nothing, and every other number counts with its place.
        for place_and_number in self.numbers().enumerate().filter(|(_, n)| *n != 0) {
            place_and_number.hash(state);
        }
        self.pre.hash(state);
        self.build.hash(state);
    }
}

/// Why a text is not a [`Version`]. Its message names the text, the part of it
/// that is wrong, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseVersionError {
    text: String,
    problem: Problem,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Problem {
    Empty,
    TooLong(usize),
    MissingNumber,
    NotANumber(String),
    NumberTooLarge(String),
    NotSemantic(String),
}

/// The beginning of a text that is too long to be shown whole.
fn shorten(text: &str) -> String {
    if text.len() <= Version::MAX_LENGTH {
        return text.to_owned();
    }
    // Enough to recognise it by.
    let mut beginning: String = text.chars().take(32).collect();
    beginning.push('…');
    beginning
}

impl fmt::Display for ParseVersionError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Quoted and escaped: the text may come from the network.
        write!(formatter, "{:?} is not a version: ", self.text)?;
        match &self.problem {
            Problem::Empty => formatter.write_str("it is empty"),
            Problem::TooLong(length) => {
                write!(formatter, "it has {length} bytes, more than {}", Version::MAX_LENGTH)
            }
            Problem::MissingNumber => {
                formatter.write_str("a number is missing before, between or after its dots")
            }
            Problem::NotANumber(part) => write!(formatter, "{part:?} is not a number"),
            Problem::NumberTooLarge(part) => {
                write!(formatter, "{part} is larger than {}", u64::MAX)
            }
            Problem::NotSemantic(reason) => formatter.write_str(reason),
        }
    }
}

impl std::error::Error for ParseVersionError {}

#[cfg(test)]
mod tests;
