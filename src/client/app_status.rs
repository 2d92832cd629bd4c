//! What servers mean by the status of an application.

use std::fmt;

use crate::protocol::AppStatus;
use crate::quoted::Quoted;

/// Shows a status, and what it means if that is known.
pub(super) struct Explained<'a>(pub &'a AppStatus);

impl fmt::Display for Explained<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.0.as_str();
        write!(formatter, "{}", Quoted(status))?;
        match meaning(status) {
            Some(meaning) => write!(formatter, " ({meaning})"),
            None => Ok(()),
        }
    }
}

/// The statuses of the specification, of go-omaha, and of Nebraska
/// (`getStatusMessageStr` in its
/// `backend/pkg/omaha/omaha.go`).
fn meaning(status: &str) -> Option<&'static str> {
    Some(match status {
        "restricted" => "a policy of the server forbids it",
        "error-unknownApplication" => "the server does not have this application",
        "error-invalidAppId" => "the application's id is malformed",
        "error-invalidVersion" => "the server cannot read the version",
        "error-internal" => "the server failed",
        "error-noPackageFound" => {
            "the group has no channel, or its channel no package for this board"
        }
        "error-unknownApplicationOrGroup" => {
            "the server does not have this application, or no group for this track"
        }
        "error-instanceRegistrationFailed" => "the server could not register the machine",
        "error-maxUpdatesPerPeriodLimitReached" => {
            "the group has had as many updates in this period as its policy allows"
        }
        "error-maxConcurrentUpdatesLimitReached" => {
            "as many machines of the group update now as its policy allows"
        }
        "error-maxTimedOutUpdatesLimitReached" => {
            "too many updates of the group timed out, so its policy stops the others"
        }
        "error-updatesDisabled" => "updates of the group are switched off",
        "error-couldNotCheckUpdatesStats" => "the server could not count the updates under way",
        "error-updateInProgressOnInstance" => {
            "the server takes the machine for one that is updating already"
        }
        // Also where Nebraska knows neither the application nor the group.
        "error-failedToRetrieveUpdatePackageInfo" => {
            "the server has no group for this application, track and board, or could not look up \
             its update"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_ones_are_explained() {
        let explained = |text: &str| Explained(&AppStatus::from(text)).to_string();
        assert_eq!(
            explained("error-updatesDisabled"),
            "\"error-updatesDisabled\" (updates of the group are switched off)"
        );
        assert_eq!(explained("error-x\n"), "\"error-x\\n\"");
    }
}
