//! The answer to an update check, and why.

use std::fmt;
use std::sync::Arc;

use super::Update;
use crate::protocol::{OtherText, VersionText};
use crate::version::Version;

/// What an [`Updater`](super::Updater) answers to an update check.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
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

/// Defines [`Reason`] with the name and the words of each.
macro_rules! reasons {
    ($($(#[$attribute:meta])* $variant:ident = $name:literal, $words:literal;)+) => {
        /// Why an update is offered or not.
        ///
        /// `From` makes one of any words; those of a known reason make that
        /// reason.
        ///
        /// ```
        /// use omaha::Reason;
        ///
        /// assert_eq!(Reason::from("change freeze").as_str(), "other");
        /// assert_eq!(Reason::from("its version is older"), Reason::Older);
        /// ```
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Reason {
            $($(#[$attribute])* $variant,)+
            /// Anything else, in words.
            Other(OtherText),
        }

        impl Reason {
            /// A short name that does not change between versions, for programs.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $name,)+
                    Self::Other(_) => "other",
                }
            }
        }

        impl From<&str> for Reason {
            fn from(words: &str) -> Self {
                match words {
                    $($words => Self::$variant,)+
                    other => Self::Other(OtherText::new(other)),
                }
            }
        }

        /// In words, to complete a sentence: "no update: …".
        impl fmt::Display for Reason {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.pad(match self {
                    $(Self::$variant => $words,)+
                    Self::Other(words) => words.as_str(),
                })
            }
        }
    };
}

reasons! {
    /// Offered: the machine's version is older.
    Older = "older", "its version is older";
    /// Offered: the machine asked for whatever there is (`ForcedUpdate`).
    ForcedByMachine = "forced-by-machine", "it asked for a forced update";
    /// Offered: the operator wants it whatever the machine's version is.
    ForcedByOperator = "forced-by-operator", "forced by the operator";
    /// Not offered: the machine has this version.
    UpToDate = "up-to-date", "it has this version already";
    /// Not offered: the machine's version is newer.
    Newer = "newer", "its version is newer";
    /// Not offered: the machine named no version.
    NoVersion = "no-version", "it reported no version";
    /// Not offered: what the machine named is not a version.
    NotAVersion = "not-a-version", "what it reported is not a version";
    /// Not offered: the update is for another application.
    OtherApp = "other-app", "the update is for another application";
    /// Not offered: the update applies to another version only.
    OtherPreviousVersion = "other-previous-version", "the update applies to another version only";
    /// Not offered: the machine wants only versions with another beginning
    /// (`targetversionprefix`).
    OtherPrefix = "other-prefix", "it asks only for versions with another prefix";
    /// Not offered: the machine takes no delta payload (`delta_okay`), and the
    /// update [has one](crate::Update::respect_delta_okay).
    DeltaNotOkay = "delta-not-okay", "the update is a delta, which it does not accept";
    /// Not offered: a package was changed since it was hashed.
    PackageChanged = "package-changed", "a package was changed since the server was started";
    /// Not offered: the update is for other boards.
    OtherBoard = "other-board", "the update is for other boards";
    /// Offered: machines that are older get this version before any newer one.
    Floor = "floor", "it is a floor";
    /// Not offered: there is no update for the machine's board.
    NoSuchBoard = "no-such-board", "there is no update for its board";
    /// Not offered: there is none for its board in its channel.
    NoSuchChannel = "no-such-channel", "there is no update for its board in its channel";
    /// Not offered: the next version for it is held back.
    Held = "held", "the next version is held back";
    /// Not offered now: others have their turn.
    Wait = "wait", "as many machines as allowed are being updated";
    /// Not offered: too many machines have failed.
    RolloutStopped = "rollout-stopped", "too many machines have failed";
    /// Not offered: the machine has reported this update complete, and came
    /// back with another version.
    CameBackOld = "came-back-old", "it has installed this update and came back with another version";
}

impl From<String> for Reason {
    fn from(words: String) -> Self {
        Self::from(words.as_str())
    }
}

/// Whether an update to this version is for a machine with this one, and why
/// (not); `force` is whether the operator wants it whatever the machine's is.
pub(super) fn compare(own: &VersionText, offered: &Version, force: bool) -> Result<Reason, Reason> {
    let refused = match own {
        VersionText::Version(version) if version == offered => return Err(Reason::UpToDate),
        VersionText::Version(version) if version < offered => return Ok(Reason::Older),
        VersionText::ForcedUpdate => return Ok(Reason::ForcedByMachine),
        VersionText::Version(_) => Reason::Newer,
        VersionText::Empty => Reason::NoVersion,
        VersionText::Other(_) => Reason::NotAVersion,
    };
    if force { Ok(Reason::ForcedByOperator) } else { Err(refused) }
}
