//! The value of a `version` attribute.

use std::fmt;

use super::OtherText;
use crate::version::Version;

/// The text of a `version` attribute, understood as far as it can be and
/// otherwise kept as it is: machines send versions, `ForcedUpdate`, nothing
/// at all, and now and then something else. `From` makes one of any text.
///
/// Two versions are equal as [`Version`] has it, so `1.3.23.0` equals
/// `1.3.23`, and with it a whole document that differs from another in such
/// zeros only. [`as_str`](Self::as_str) tells them apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VersionText {
    /// Absent or empty.
    #[default]
    Empty,
    /// A version.
    Version(Version),
    /// `ForcedUpdate`: an old way of `update_engine` to ask for whatever there is.
    ForcedUpdate,
    /// Anything else.
    Other(OtherText),
}

impl VersionText {
    const FORCED_UPDATE: &str = "ForcedUpdate";

    /// The version, if there is one.
    pub fn version(&self) -> Option<&Version> {
        match self {
            Self::Version(version) => Some(version),
            _ => None,
        }
    }

    /// The text on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Empty => "",
            Self::Version(version) => version.as_str(),
            Self::ForcedUpdate => Self::FORCED_UPDATE,
            Self::Other(text) => text.as_str(),
        }
    }
}

impl From<String> for VersionText {
    fn from(text: String) -> Self {
        match text.as_str() {
            "" => Self::Empty,
            Self::FORCED_UPDATE => Self::ForcedUpdate,
            _ => Version::from_text(text)
                .map_or_else(|text| Self::Other(OtherText::new(text)), Self::Version),
        }
    }
}

impl From<&str> for VersionText {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl From<Version> for VersionText {
    fn from(version: Version) -> Self {
        Self::Version(version)
    }
}

impl AsRef<str> for VersionText {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for VersionText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_survives() {
        for text in ["", "ForcedUpdate", "4152.2.0", "1.3.23.0", "forcedupdate", "x y", "01.2.3"] {
            assert_eq!(VersionText::from(text).as_str(), text);
        }
    }

    #[test]
    fn meanings() {
        assert_eq!(VersionText::from(""), VersionText::Empty);
        assert_eq!(VersionText::from("ForcedUpdate"), VersionText::ForcedUpdate);
        assert!(VersionText::from("4048.0.0+nightly-20240809-2100").version().is_some());
        assert!(matches!(VersionText::from("none"), VersionText::Other(_)));
    }
}
