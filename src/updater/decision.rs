//! The answer to an update check, and why.

use std::fmt;
use std::sync::Arc;

use super::Update;

/// What an [`Updater`](super::Updater) answers to an update check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The update, or none.
    pub update: Option<Arc<Update>>,
    /// Why, for the operator; the client is not told.
    pub reason: Reason,
}

impl Decision {
    /// There is an update.
    pub fn offer(update: Arc<Update>, reason: Reason) -> Self {
        Self { update: Some(update), reason }
    }

    /// There is no update.
    pub fn none(reason: Reason) -> Self {
        Self { update: None, reason }
    }
}

/// Why an update is offered or not.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// Offered: the machine's version is older.
    Older,
    /// Offered: the machine asked for whatever there is (`ForcedUpdate`).
    ForcedByMachine,
    /// Offered: the operator wants it whatever the machine's version is.
    ForcedByOperator,
    /// Not offered: the machine has this version.
    UpToDate,
    /// Not offered: the machine's version is newer.
    Newer,
    /// Not offered: the machine named no version.
    NoVersion,
    /// Not offered: what the machine named is not a version.
    NotAVersion,
    /// Not offered: the update is for another application.
    OtherApp,
    /// Not offered: the update applies to another version only.
    OtherPreviousVersion,
    /// Not offered: the machine wants only versions with another beginning
    /// (`targetversionprefix`).
    OtherPrefix,
    /// Not offered: a package was changed since it was hashed.
    PackageChanged,
    /// Not offered: the update is for other boards.
    OtherBoard,
    /// Not offered now: others have their turn.
    Wait,
    /// Not offered: too many machines have failed.
    RolloutStopped,
    /// Not offered: the machine has reported this update complete, and came
    /// back with another version.
    CameBackOld,
    /// Anything else, in words.
    Other(String),
}

impl Reason {
    /// A short name that does not change between versions, for programs.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Older => "older",
            Self::ForcedByMachine => "forced-by-machine",
            Self::ForcedByOperator => "forced-by-operator",
            Self::UpToDate => "up-to-date",
            Self::Newer => "newer",
            Self::NoVersion => "no-version",
            Self::NotAVersion => "not-a-version",
            Self::OtherApp => "other-app",
            Self::OtherPreviousVersion => "other-previous-version",
            Self::OtherPrefix => "other-prefix",
            Self::PackageChanged => "package-changed",
            Self::OtherBoard => "other-board",
            Self::Wait => "wait",
            Self::RolloutStopped => "rollout-stopped",
            Self::CameBackOld => "came-back-old",
            Self::Other(_) => "other",
        }
    }
}

/// In words, to complete a sentence: "no update: …".
impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Older => "its version is older",
            Self::ForcedByMachine => "it asked for a forced update",
            Self::ForcedByOperator => "forced by the operator",
            Self::UpToDate => "it has this version already",
            Self::Newer => "its version is newer",
            Self::NoVersion => "it reported no version",
            Self::NotAVersion => "what it reported is not a version",
            Self::OtherApp => "the update is for another application",
            Self::OtherPreviousVersion => "the update applies to another version only",
            Self::OtherPrefix => "it wants only versions with another prefix",
            Self::PackageChanged => "a package was changed since the server was started",
            Self::OtherBoard => "the update is for other boards",
            Self::Wait => "as many machines as may are being updated",
            Self::RolloutStopped => "too many machines have failed",
            Self::CameBackOld => "it has installed this update and came back with another version",
            Self::Other(words) => words,
        })
    }
}
