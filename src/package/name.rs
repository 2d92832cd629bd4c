//! The name under which a package is offered.

use std::fmt;
use std::str::FromStr;

/// A package's name: what follows the codebase in its URL.
///
/// Only characters that a URL may contain as they are (RFC 3986, section 2.3),
/// so that clients which escape and clients which do not ask for the same.
/// A leading dot is refused, as go-omaha does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PackageName(String);

impl PackageName {
    /// The longest file name on Linux (`NAME_MAX`); clients store packages
    /// under their names.
    const MAX_LENGTH: usize = 255;

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for PackageName {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for PackageName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for PackageName {
    type Err = ParsePackageNameError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let refuse = |problem| Err(ParsePackageNameError { name: name.to_owned(), problem });
        if name.is_empty() {
            return refuse(Problem::Empty);
        }
        if name.starts_with('.') {
            return refuse(Problem::LeadingDot);
        }
        if name.len() > Self::MAX_LENGTH {
            return refuse(Problem::TooLong);
        }
        let is_unreserved =
            |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~');
        if let Some(character) = name.chars().find(|c| !is_unreserved(c)) {
            return refuse(Problem::Character(character));
        }
        Ok(Self(name.to_owned()))
    }
}

/// Why a text is not a [`PackageName`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsePackageNameError {
    name: String,
    problem: Problem,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Problem {
    Empty,
    LeadingDot,
    TooLong,
    Character(char),
}

impl fmt::Display for ParsePackageNameError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?} cannot be the name of a package: ", self.name)?;
        match self.problem {
            Problem::Empty => formatter.write_str("it is empty"),
            Problem::LeadingDot => formatter.write_str("it begins with a dot"),
            Problem::TooLong => {
                write!(formatter, "it is longer than {} bytes", PackageName::MAX_LENGTH)
            }
            Problem::Character(character) => {
                write!(formatter, "{character:?} is not allowed; use letters, digits and -._~")
            }
        }
    }
}

impl std::error::Error for ParsePackageNameError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for name in ["update.gz", "oem-azure.gz", "flatcar-podman.gz", "a~b_c-1"] {
            assert_eq!(name.parse::<PackageName>().unwrap().as_str(), name);
        }
        let long = "a".repeat(256);
        for name in ["", ".", "..", ".hidden", "a b", "a/b", "a%20b", "a+b", "é", "a\n", &long] {
            assert!(name.parse::<PackageName>().is_err(), "{name:?}");
        }
    }

    #[test]
    fn the_message_names_the_character() {
        let error = "my update.gz".parse::<PackageName>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"my update.gz\" cannot be the name of a package: ' ' is not allowed; use letters, digits and -._~"
        );
    }
}
