//! What the session waits for: everything that can happen while the machine is
//! updated, in one queue.

use omaha::protocol::{ErrorCode, EventResult, EventType};
use omaha::server::Activity;

use super::engine::Status;
use super::tool::ToolError;

/// Something that happened.
#[derive(Debug)]
pub enum Happening {
    /// The machine asked, and was offered the update.
    Offered,
    /// The machine asked, and was offered nothing, for this reason.
    NotOffered(String),
    /// The machine does something with the answer. So it has it, and does not
    /// read its settings again.
    Answered,
    /// The machine has the operating system's payload.
    Downloaded,
    /// The machine fetches this package.
    Fetching(String),
    /// The machine reports that the update is installed.
    Completed,
    /// The machine reports that the update failed.
    Failed(Option<ErrorCode>),
    /// The server has a problem.
    Trouble(String),
    /// What the daemon says of itself, asked again and again.
    Status(Result<Status, ToolError>),
    /// Somebody wants it to end.
    Interrupted,
    /// The server has ended by itself.
    ServerEnded(String),
}

impl Happening {
    /// What an activity of the server means for the update.
    pub fn of(activity: &Activity<'_>) -> Vec<Self> {
        match activity {
            Activity::Checked { offered: Some(_), .. } => vec![Self::Offered],
            Activity::Checked { reason, .. } => vec![Self::NotOffered(reason.to_string())],
            Activity::CheckFailed { error, .. } | Activity::AppRefused { error, .. } => {
                vec![Self::NotOffered(error.to_string())]
            }
            Activity::DownloadStarted(download) => {
                vec![Self::Answered, Self::Fetching(download.package.to_owned())]
            }
            Activity::DownloadCut { download, cause, .. } => {
                vec![Self::Trouble(format!(
                    "the download of {} broke off: {cause}",
                    download.package
                ))]
            }
            Activity::Reported { event, .. } => {
                Self::of_report(event.event_type, event.result, event.error_code)
            }
            Activity::Refused { request, reason, .. } => {
                vec![Self::Trouble(format!("a request was refused ({request:?}): {reason}"))]
            }
            Activity::Trouble { what, error, .. } => {
                vec![Self::Trouble(format!("{what}: {error}"))]
            }
            _ => Vec::new(),
        }
    }

    fn of_report(event: EventType, result: EventResult, error: Option<ErrorCode>) -> Vec<Self> {
        if event == EventType::UPDATE_DOWNLOAD_STARTED {
            return vec![Self::Answered];
        }
        if event == EventType::UPDATE_DOWNLOAD_FINISHED {
            return vec![Self::Answered, Self::Downloaded];
        }
        if event != EventType::UPDATE_COMPLETE {
            return Vec::new();
        }
        match error.map(ErrorCode::base) {
            // Of an earlier update: it comes with a check.
            Some(ErrorCode::ROLLBACK) => vec![Self::Trouble(
                "the machine had gone back from an earlier update (rollback)".to_owned(),
            )],
            // The same, where the earlier one went well.
            _ if result == EventResult::SUCCESS_REBOOT => Vec::new(),
            _ if result == EventResult::SUCCESS => vec![Self::Answered, Self::Completed],
            _ => vec![Self::Answered, Self::Failed(error)],
        }
    }
}
