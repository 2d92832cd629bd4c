//! How far a machine has come.

use std::fmt;

/// How far a machine has come, in the order in which an operator looks at them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// It reported that the update failed.
    Failed,
    /// It reported a completed update, and came back with another version.
    CameBackOld,
    /// It was not heard for `--silent-after`, and is not done.
    Silent,
    /// It was offered the update.
    Offered,
    /// It fetches the update.
    Downloading,
    /// It has the update's payload and installs it.
    Installing,
    /// It reported a completed update.
    WaitingForReboot,
    /// It asked or said something, and was offered nothing.
    Seen,
    /// It came back with the version that it was offered.
    Updated,
    /// It has this version without having been offered it.
    UpToDate,
}

impl State {
    pub const ALL: [Self; 10] = [
        Self::Failed,
        Self::CameBackOld,
        Self::Silent,
        Self::Offered,
        Self::Downloading,
        Self::Installing,
        Self::WaitingForReboot,
        Self::Seen,
        Self::Updated,
        Self::UpToDate,
    ];

    /// A name that does not change, for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::CameBackOld => "came-back-old",
            Self::Silent => "silent",
            Self::Offered => "offered",
            Self::Downloading => "downloading",
            Self::Installing => "installing",
            Self::WaitingForReboot => "waiting-for-reboot",
            Self::Seen => "seen",
            Self::Updated => "updated",
            Self::UpToDate => "up-to-date",
        }
    }

    /// The state of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// Whether it is between the offer and the new version.
    pub fn is_under_way(self) -> bool {
        matches!(
            self,
            Self::Offered | Self::Downloading | Self::Installing | Self::WaitingForReboot
        )
    }

    /// Whether it counts for `--until-updated`.
    pub fn is_done(self) -> bool {
        matches!(self, Self::WaitingForReboot | Self::Updated | Self::UpToDate)
    }

    /// Whether it counts for `--fail-fast` and `--stop-after-failures`.
    pub fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::CameBackOld)
    }

    /// Whether a machine in this state that is not heard any more is silent.
    /// What has failed or is done stays so.
    pub fn may_fall_silent(self) -> bool {
        self == Self::Seen || self.is_under_way()
    }
}

/// In words.
impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::CameBackOld => "came back old",
            Self::WaitingForReboot => "waiting for reboot",
            Self::UpToDate => "up to date",
            other => other.as_str(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_listed_and_has_a_name_of_its_own() {
        for (place, state) in State::ALL.into_iter().enumerate() {
            assert_eq!(state as usize, place);
            assert_eq!(State::from_name(state.as_str()), Some(state));
        }
        assert_eq!(State::from_name("nonsense"), None);
    }
}
