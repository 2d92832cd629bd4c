//! How an update ends.

use std::fmt;
use std::time::Duration;

use omaha::protocol::ErrorCode;

use crate::FAILURE;

/// The deadline has passed.
const DEADLINE: u8 = 3;

/// A signal ended it; what shells use for SIGINT.
pub const INTERRUPTED: u8 = 130;

/// How an update ends.
#[derive(Debug)]
pub enum Verdict {
    /// It is installed and waits for the reboot.
    Installed,
    /// The machine reported a failure.
    Failed(Option<ErrorCode>),
    /// It ended for a reason that the machine did not report.
    Broken(String),
    /// The machine did not ask: what was found out about that.
    NotAsked(Vec<String>),
    /// It took longer than it may.
    Deadline(Duration, Rest),
    /// By a signal.
    Interrupted(Rest),
}

/// What `update_engine` does after an update was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// It is stopped.
    Nothing,
    /// It asks for the rest of the payload, in vain.
    Download,
    /// It goes on without the server: nothing that comes after the payload needs it
    /// (`BuildUpdateActions` in `update_attempter.cc`) but the extensions, which are
    /// asked of the public server then.
    Installation,
}

impl Rest {
    pub fn of(is_stopped: bool, is_downloaded: bool) -> Self {
        match (is_stopped, is_downloaded) {
            (true, _) => Self::Nothing,
            (false, false) => Self::Download,
            (false, true) => Self::Installation,
        }
    }
}

impl fmt::Display for Rest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Nothing => "",
            Self::Download => "; update_engine gives up the download by itself after some minutes",
            Self::Installation => {
                "; update_engine goes on installing, and the machine may reboot then: \
                 update_engine_client -status"
            }
        })
    }
}

impl Verdict {
    /// The exit status.
    pub fn status(&self) -> u8 {
        match self {
            Self::Installed => 0,
            Self::Failed(_) | Self::Broken(_) | Self::NotAsked(_) => FAILURE,
            Self::Deadline(..) => DEADLINE,
            Self::Interrupted(_) => INTERRUPTED,
        }
    }

    /// A name that does not change, for programs.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Installed => "installed",
            Self::Failed(_) | Self::Broken(_) => "failed",
            Self::NotAsked(_) => "not-asked",
            Self::Deadline(..) => "deadline",
            Self::Interrupted(_) => "interrupted",
        }
    }

    /// Whether the journal may tell why.
    pub fn is_failure(&self) -> bool {
        !matches!(self, Self::Installed | Self::Interrupted(_))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Installed => {
                formatter.write_str("the update is installed and waits for the reboot")
            }
            Self::Failed(None) => formatter.write_str("the machine reports that the update failed"),
            Self::Failed(Some(code)) => {
                write!(formatter, "the machine reports that the update failed: {code}")?;
                match advice(code.base()) {
                    Some(advice) => write!(formatter, "; {advice}"),
                    None => Ok(()),
                }
            }
            Self::Broken(why) => write!(formatter, "the update did not finish: {why}"),
            Self::NotAsked(causes) if causes.is_empty() => {
                formatter.write_str("the machine did not ask for the update, for no visible cause")
            }
            Self::NotAsked(causes) => {
                write!(formatter, "the machine did not ask for the update: {}", causes.join("; "))
            }
            Self::Deadline(time, rest) => write!(
                formatter,
                "the update took longer than {}{rest}",
                humantime::format_duration(*time)
            ),
            Self::Interrupted(rest) => write!(formatter, "interrupted{rest}"),
        }
    }
}

/// What an error usually means here, and what to do.
fn advice(base: ErrorCode) -> Option<&'static str> {
    match base {
        ErrorCode::POSTINSTALL_RUNNER_ERROR => Some(
            "usually an extension that the new version needs was not given, or there is no room \
             for it",
        ),
        ErrorCode::DOWNLOAD_TRANSFER_ERROR => {
            Some("the download broke off too often; was this program stopped meanwhile?")
        }
        ErrorCode::PAYLOAD_HASH_MISMATCH
        | ErrorCode::PAYLOAD_SIZE_MISMATCH
        | ErrorCode::DOWNLOAD_OPERATION_HASH_MISMATCH => {
            Some("the payload changed on its way; look at the disk and the memory")
        }
        ErrorCode::DOWNLOAD_PAYLOAD_VERIFICATION_ERROR
        | ErrorCode::DOWNLOAD_PAYLOAD_PUBLIC_KEY_VERIFICATION_ERROR => {
            Some("the payload is not signed with the key that this machine trusts")
        }
        ErrorCode::DOWNLOAD_INVALID_METADATA_MAGIC_STRING => {
            Some("what was given is not a payload")
        }
        ErrorCode::INSTALL_DEVICE_OPEN_ERROR
        | ErrorCode::DOWNLOAD_WRITE_ERROR
        | ErrorCode::NEW_ROOTFS_VERIFICATION_ERROR
        | ErrorCode::NEW_KERNEL_VERIFICATION_ERROR => {
            Some("the other partition cannot be written; look at the disk")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said() {
        let failed = Verdict::Failed(Some(ErrorCode::new(268_435_461))).to_string();
        assert!(failed.contains("postinstall runner error (5), test URL; usually an"), "{failed}");
        let late = Verdict::Deadline(Duration::from_secs(90), Rest::of(true, true)).to_string();
        assert_eq!(late, "the update took longer than 1m 30s");
        let interrupted = Verdict::Interrupted(Rest::of(false, true)).to_string();
        assert!(
            interrupted.starts_with("interrupted; update_engine goes on inst"),
            "{interrupted}"
        );
    }
}
