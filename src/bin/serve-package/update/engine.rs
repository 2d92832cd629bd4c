//! `update_engine`, through its own client program.

use std::fmt;
use std::time::Duration;

use super::deadline::Deadline;
use super::error::UpdateError;
use super::key_value;
use super::tool::{self, Purpose};

const CLIENT: &str = "update_engine_client";

/// How long the client may take: where the daemon does not answer it tries four
/// times, ten seconds apart.
const TIME: Duration = Duration::from_secs(60);

/// What the daemon does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    Idle,
    Checking,
    UpdateAvailable,
    Downloading,
    Verifying,
    Finalizing,
    NeedReboot,
    ReportingError,
    /// Something that is not known here, as it is called.
    Other(String),
}

impl Operation {
    fn parse(text: &str) -> Self {
        match text.strip_prefix("UPDATE_STATUS_") {
            Some("IDLE") => Self::Idle,
            Some("CHECKING_FOR_UPDATE") => Self::Checking,
            Some("UPDATE_AVAILABLE") => Self::UpdateAvailable,
            Some("DOWNLOADING") => Self::Downloading,
            Some("VERIFYING") => Self::Verifying,
            Some("FINALIZING") => Self::Finalizing,
            Some("UPDATED_NEED_REBOOT") => Self::NeedReboot,
            Some("REPORTING_ERROR_EVENT") => Self::ReportingError,
            _ => Self::Other(text.to_owned()),
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Idle => "idle",
            Self::Checking => "asking",
            Self::UpdateAvailable => "about to download",
            Self::Downloading => "downloading",
            Self::Verifying => "verifying",
            Self::Finalizing => "installing",
            Self::NeedReboot => "waiting for the reboot",
            Self::ReportingError => "reporting an error",
            Self::Other(name) => name,
        })
    }
}

/// What the daemon says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    pub operation: Operation,
    /// The version of the update that it is about, or empty.
    pub new_version: String,
}

impl Status {
    /// Asks the daemon.
    ///
    /// # Errors
    ///
    /// When it does not answer, or says nothing of use.
    pub fn query() -> Result<Self, UpdateError> {
        let text = tool::run(CLIENT, &["-status"], TIME, Purpose::Other)?;
        Self::parse(&text).ok_or_else(|| tool::nonsense("update_engine_client -status", &text))
    }

    fn parse(text: &str) -> Option<Self> {
        let value = |key| key_value::last(text, key).unwrap_or_default().trim();
        let operation = value("CURRENT_OP");
        // The latter where the daemon has gone away while it was asked.
        if operation.is_empty() || operation == "(null)" {
            return None;
        }
        Some(Self {
            operation: Operation::parse(operation),
            new_version: value("NEW_VERSION").to_owned(),
        })
    }
}

/// Has the daemon ask for an update now, unless the deadline passes before.
///
/// # Errors
///
/// When it does not take the order.
pub fn check_for_update(deadline: Option<Deadline>) -> Result<(), UpdateError> {
    tool::run(CLIENT, &["-check_for_update"], TIME, Purpose::Going(deadline)).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses() {
        let text = "LAST_CHECKED_TIME=0\nPROGRESS=0.250000\nCURRENT_OP=UPDATE_STATUS_DOWNLOADING\n\
                    NEW_VERSION=4152.2.0\nNEW_SIZE=400\n";
        let status = Status::parse(text).unwrap();
        assert_eq!(status.operation, Operation::Downloading);
        assert_eq!(status.new_version, "4152.2.0");
        let odd = Status::parse("CURRENT_OP=UPDATE_STATUS_DANCING\n").unwrap();
        assert_eq!(odd.operation.to_string(), "UPDATE_STATUS_DANCING");
        assert_eq!(Status::parse("nonsense\n"), None);
        assert_eq!(Status::parse(""), None);
        assert_eq!(Status::parse("PROGRESS=0.000000\nCURRENT_OP=(null)\n"), None);
    }
}
