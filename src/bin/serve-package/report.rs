//! What the server does, in words: one line for each thing that happens.

use std::fmt;

use omaha::Reason;
use omaha::protocol::{EventResult, EventType, VersionText, request::Event};
use omaha::server::{Activity, CutCause, Download, Machine};

use crate::format::{OneLine, Plain, Quoting, Rate, Reported, Seconds, sentence, without_numbers};
use crate::log::Priority;

/// The line for an activity, and how important it is.
pub fn line(activity: &Activity<'_>) -> (Priority, String) {
    (priority(activity), without_numbers(Line(activity).to_string()))
}

fn priority(activity: &Activity<'_>) -> Priority {
    match activity {
        Activity::Reported { event, .. } => report_priority(event),
        Activity::DownloadCut { cause: CutCause::Client(_) | CutCause::Slow, .. } => {
            Priority::Notice
        }
        Activity::DownloadCut { .. } | Activity::Trouble { .. } | Activity::CheckFailed { .. } => {
            Priority::Error
        }
        Activity::Refused { .. } | Activity::AppRefused { .. } | Activity::Expelled { .. } => {
            Priority::Warning
        }
        _ => Priority::Info,
    }
}

fn report_priority(event: &Event) -> Priority {
    if event.result == EventResult::ERROR {
        Priority::Error
    } else if event.result == EventResult::UPDATE_DEFERRED {
        Priority::Warning
    } else if event.event_type == EventType::UPDATE_COMPLETE
        && event.result == EventResult::SUCCESS_REBOOT
    {
        // It comes with every check.
        Priority::Debug
    } else {
        Priority::Info
    }
}

struct Line<'a>(&'a Activity<'a>);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Activity::Checked { machine, offered, reason, .. } => {
                write!(f, "{}: update check: ", Who(machine))?;
                match offered {
                    // A step on the way to a newer one.
                    Some(version) if **reason == Reason::Floor => {
                        write!(f, "{version} first: {reason}")?;
                    }
                    Some(version) => write!(f, "{version} offered: {reason}")?,
                    None => write!(f, "no update: {reason}")?,
                }
                if matches!(reason, Reason::NoVersion | Reason::NotAVersion | Reason::Newer) {
                    f.write_str(" (--force would offer the update)")?;
                }
                write!(f, "{}", Kind(machine))
            }
            Activity::CheckFailed { machine, status, error, .. } => {
                let (who, error) = (Who(machine), sentence(*error));
                write!(f, "{who}: update check failed with {status}: {error}")
            }
            Activity::AppRefused { machine, status, error, .. } => {
                let (who, error) = (Who(machine), sentence(*error));
                write!(f, "{who}: application refused with {status}: {error}")
            }
            Activity::Pinged { machine, .. } => write!(f, "{}: ping: it is alive", Who(machine)),
            Activity::Reported { machine, event, .. } => {
                write!(f, "{}: reports: {}", Who(machine), Report(event))
            }
            Activity::DownloadStarted(download) => write!(f, "{} started", What(download)),
            Activity::DownloadFinished { download, elapsed, .. } => {
                let bytes = download.range.end - download.range.start;
                let (time, rate) = (Seconds(*elapsed), Rate(bytes, *elapsed));
                write!(f, "{} finished: {bytes} bytes in {time}, {rate}", What(download))
            }
            Activity::DownloadCut { download, at, elapsed, cause, .. } => {
                let (what, time) = (What(download), Seconds(*elapsed));
                write!(f, "{what} cut at byte {at} after {time}: {}", Cause(cause))
            }
            Activity::Refused { address, request, status, reason, .. } => {
                let request = if request.is_empty() { "a request" } else { request };
                // The reason may quote the request.
                let (request, reason) = (OneLine(request), Quoting(reason));
                write!(f, "client {}: {request} refused with {status}: {reason}", address.ip())
            }
            Activity::Expelled { address, violation, .. } => {
                write!(f, "client {address}: connection closed: {violation}")
            }
            Activity::Trouble { what, error, .. } => write!(f, "{what}: {error}"),
            other => write!(f, "{other:?}"),
        }
    }
}

/// Why a download was cut.
pub struct Cause<'a>(pub &'a CutCause);

impl fmt::Display for Cause<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            CutCause::Client(error) => write!(f, "the client went away: {}", Plain(error)),
            cause => cause.fmt(f),
        }
    }
}

/// A machine by its alias, or else its id, with its address and its version.
pub struct Who<'a>(pub &'a Machine<'a>);

/// Which board, OEM and channel a machine has, as far as it says so.
struct Kind<'a>(&'a Machine<'a>);

impl fmt::Display for Kind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Machine { board, oem, track, .. } = self.0;
        let mut lead = "; ";
        for (what, value) in [("board", board), ("OEM", oem), ("channel", track)] {
            if !value.is_empty() {
                write!(f, "{lead}{what} {}", OneLine(value))?;
                lead = ", ";
            }
        }
        Ok(())
    }
}

impl fmt::Display for Who<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Machine { id, alias, address, version, .. } = self.0;
        f.write_str("machine ")?;
        match (*alias, *id) {
            ("", "") => f.write_str("without an id")?,
            ("", name) | (name, "") => write!(f, "{}", omaha::Quoted::unless_plain(name))?,
            (alias, id) => {
                let [alias, id] = [alias, id].map(omaha::Quoted::unless_plain);
                write!(f, "{alias} {id}")?;
            }
        }
        write!(f, " at {}, ", address.ip())?;
        match version {
            VersionText::Empty => f.write_str("without a version"),
            version => write!(f, "version {}", Reported(version)),
        }
    }
}

/// An event, decoded.
struct Report<'a>(&'a Event);

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Event { event_type, result, error_code, next_version, previous_version, .. } = self.0;
        write!(f, "{event_type}: {result}")?;
        // These two are easily taken for each other.
        f.write_str(match (*event_type, *result) {
            (EventType::UPDATE_COMPLETE, EventResult::SUCCESS) => ", it waits for its reboot",
            (EventType::UPDATE_COMPLETE, EventResult::SUCCESS_REBOOT) => ", as at every check",
            _ => "",
        })?;
        if let Some(code) = error_code {
            write!(f, ": {code}")?;
        }
        // `update_engine` names 0.0.0.0 when there was none.
        if !matches!(previous_version.as_str(), "" | "0.0.0.0") {
            write!(f, ", before it was {}", Reported(previous_version))?;
        }
        if *next_version != VersionText::Empty {
            write!(f, ", next is {}", Reported(next_version))?;
        }
        Ok(())
    }
}

/// A download, with the part that is fetched unless it is all.
struct What<'a>(&'a Download<'a>);

impl fmt::Display for What<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Download { address, package, size, range, .. } = self.0;
        write!(f, "client {}: download of {package}", address.ip())?;
        if *range != (0..*size) {
            write!(f, ", bytes {} to {} of {size},", range.start, range.end - 1)?;
        }
        Ok(())
    }
}
