//! A text that an open set of texts has no variant for.

use std::fmt;

/// A text that is none of the known ones, as `Other` of
/// [`AppStatus`](super::AppStatus), [`UpdateStatus`](super::UpdateStatus),
/// [`AckStatus`](super::AckStatus), [`VersionText`](super::VersionText) and
/// [`Reason`](crate::Reason) holds it.
///
/// Only the conversions of those types make one, so a known text never stands
/// here, and two values with the same text are equal:
///
/// ```
/// use omaha::protocol::AppStatus;
///
/// assert_eq!(AppStatus::from("ok"), AppStatus::Ok);
/// let AppStatus::Other(text) = AppStatus::from("error-updatesDisabled") else { panic!() };
/// assert_eq!(text.as_str(), "error-updatesDisabled");
/// ```
///
/// ```compile_fail
/// let other = omaha::protocol::AppStatus::Other("ok".to_owned().into());
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OtherText(String);

impl OtherText {
    /// The caller has compared the text with all that are known.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for OtherText {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OtherText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

impl fmt::Debug for OtherText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, formatter)
    }
}
