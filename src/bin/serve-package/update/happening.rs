//! What the session waits for: everything that can happen while the machine is
//! updated, in one queue.

use omaha::protocol::{ErrorCode, EventResult, EventType};
use omaha::server::{Activity, Download};

use super::engine::Status;
use super::error::UpdateError;

/// Something that happened.
#[derive(Debug)]
pub enum Happening {
    /// The machine asked, and was offered the update. It has read its settings
    /// for that, and does not read them again before its next check.
    Offered,
    /// The machine asked, and was offered nothing, for this reason.
    NotOffered(String),
    /// The machine has the operating system's payload.
    Downloaded,
    /// The machine fetches this package.
    Fetching(String),
    /// It has this many of the package's bytes.
    Fetched { package: String, bytes: u64, size: u64 },
    /// The machine reports that the update is installed.
    Completed,
    /// The machine reports that the update failed.
    Failed(Option<ErrorCode>),
    /// The server has a problem.
    Trouble(String),
    /// What the daemon says of itself, asked again and again.
    Status(Result<Status, UpdateError>),
    /// A signal asks it to end.
    Interrupted,
    /// The server has ended by itself.
    ServerEnded(String),
}

impl Happening {
    /// What an activity of the server means for the update.
    pub fn of(activity: &Activity<'_>) -> Option<Self> {
        Some(match activity {
            Activity::Checked { offered: Some(_), .. } => Self::Offered,
            Activity::Checked { reason, .. } => Self::NotOffered(reason.to_string()),
            Activity::CheckFailed { error, .. } | Activity::AppRefused { error, .. } => {
                Self::NotOffered(error.to_string())
            }
            Activity::DownloadStarted(download) => Self::Fetching(download.package.to_owned()),
            Activity::DownloadProgressed { download, at, .. } => Self::fetched(download, *at),
            Activity::DownloadFinished { download, .. } => {
                Self::fetched(download, download.range.end)
            }
            Activity::DownloadCut { download, cause, .. } => {
                Self::Trouble(format!("the download of {} broke off: {cause}", download.package))
            }
            Activity::Reported { event, .. } => {
                return Self::of_report(event.event_type, event.result, event.error_code);
            }
            Activity::Refused { request, reason, .. } => {
                Self::Trouble(format!("a request was refused ({request:?}): {reason}"))
            }
            Activity::Trouble { what, error, .. } => Self::Trouble(format!("{what}: {error}")),
            _ => return None,
        })
    }

    fn fetched(download: &Download<'_>, bytes: u64) -> Self {
        Self::Fetched { package: download.package.to_owned(), bytes, size: download.size }
    }

    fn of_report(event: EventType, result: EventResult, error: Option<ErrorCode>) -> Option<Self> {
        if event == EventType::UPDATE_DOWNLOAD_FINISHED && result == EventResult::SUCCESS {
            return Some(Self::Downloaded);
        }
        if event != EventType::UPDATE_COMPLETE {
            return None;
        }
        match error.map(ErrorCode::base) {
            // Of an earlier update: it comes with a check.
            Some(ErrorCode::ROLLBACK) => {
                Some(Self::Trouble("the machine rolled back an earlier update".to_owned()))
            }
            // The same, where the earlier one went well.
            _ if result == EventResult::SUCCESS_REBOOT => None,
            _ if result == EventResult::SUCCESS => Some(Self::Completed),
            _ => Some(Self::Failed(error)),
        }
    }
}
