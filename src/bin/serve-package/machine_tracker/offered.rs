//! What the machines are offered.

use omaha::Version;
use omaha::protocol::VersionText;

use super::record::Record;

/// By what a folder of updates is known after a restart: no version is called so.
const STORED_UPDATES: &str = "--updates";

/// What the machines are offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offered {
    /// One version.
    Version(Version),
    /// Whatever a folder of updates holds for each, which is this in short.
    Updates(String),
}

impl Offered {
    /// What it is, in short.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Version(version) => version.as_str(),
            Self::Updates(text) => text,
        }
    }

    /// What the operator does for a package that was changed to be served again.
    pub fn renewal(&self) -> &'static str {
        match self {
            Self::Version(_) => "restart",
            Self::Updates(_) => "reload",
        }
    }

    /// By what it is known after a restart. A folder is the same one whatever it
    /// holds by then.
    pub fn stored(&self) -> &str {
        match self {
            Self::Version(version) => version.as_str(),
            Self::Updates(_) => STORED_UPDATES,
        }
    }

    /// Whether this is the version that a machine was offered, of which this is
    /// known, if anything.
    pub(super) fn is(&self, version: &VersionText, record: Option<&Record>) -> bool {
        let Some(version) = version.version() else { return false };
        match (self, record) {
            (Self::Version(offered), _) => version == offered,
            (_, Some(record)) => record.offered.parse().as_ref() == Ok(version),
            (_, None) => false,
        }
    }
}
