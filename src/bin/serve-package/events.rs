//! What happens, for programs: one JSON object a line, on standard output.
//!
//! The schema is described in `dist/manual/scripts.md` and only ever grows: new
//! kinds and new members may come, none goes away or changes its meaning.

use std::time::Duration;

use omaha::protocol::ErrorCode;
use omaha::server::{Activity, Download, Machine};

use crate::format::{Milliseconds, sentence, without_numbers};
use crate::json::{self, Object};
use crate::log_writer;
use crate::machine_tracker::{Counts, Key, Record, State};
use crate::report::Cause;
use crate::time::{timestamp, timestamp_now};

/// Writes one object, without waiting until it is written. If a reader is so
/// slow that events are lost, an event says how many.
pub fn write(object: Object) {
    log_writer::OUTPUT.write(&line(object), |lost| line(event("lost").plain("number", lost)));
}

fn line(object: Object) -> String {
    let mut line = object.finish();
    line.push('\n');
    line
}

/// An object that says when, and what.
fn event(kind: &str) -> Object {
    Object::new().text("time", &timestamp_now()).text("event", kind)
}

/// The server answers.
pub fn serving(version: &str, address: &str) -> Object {
    event("serving").text("offered", version).text("address", address)
}

/// The server has ended.
pub fn stopped(outcome: &str, counts: &Counts, missing: &[&str]) -> Object {
    event("stopped")
        .text("outcome", outcome)
        .plain("machines", counts.machines())
        .plain("updated", counts.updated())
        .plain("failed", counts.failed())
        .plain("under_way", counts.busy())
        .plain("up_to_date", counts.of(State::UpToDate))
        .plain("not_offered", counts.of(State::Seen))
        .plain("silent", counts.of(State::Silent))
        .plain("missing", json::list(missing, |name| json::text(name)))
}

/// How many machines are in each state.
pub fn states(counts: &Counts) -> String {
    let object = State::ALL.into_iter().fold(Object::new(), |object, state| {
        object.plain(&state.as_str().replace('-', "_"), counts.of(state))
    });
    object.finish()
}

/// A machine has another state.
pub fn machine(key: &Key, record: &Record) -> Object {
    let object = event("machine")
        .text_if("machine", key.id())
        .text_if("alias", &record.alias)
        .text("address", &record.address.to_string())
        .text_if("version", &record.version)
        .text("state", record.shown().as_str())
        .text("since", &timestamp(record.since));
    match record.error {
        Some(error) => with_error(object, error),
        None => object,
    }
}

/// The failure that a machine has reported.
pub fn with_error(object: Object, error: ErrorCode) -> Object {
    object
        .plain("error", error.code())
        .plain("error_base", error.base().code())
        .text("error_text", &error.to_string())
}

/// An update of this machine has ended.
pub fn updated(outcome: &str, text: &str) -> Object {
    event("update-ended").text("outcome", outcome).text("text", text)
}

/// Something that the server did.
///
/// `missing` is the extension that a machine's OEM needs and is not offered.
pub fn activity(activity: &Activity<'_>, missing: Option<&str>) -> Option<Object> {
    Some(match activity {
        Activity::Checked { machine, offered, reason, .. } => {
            let object = with_machine(event("check"), machine)
                .text_if("board", machine.board)
                .text_if("oem", machine.oem)
                .text_if("oem_version", machine.oem_version)
                .text_if("channel", machine.track)
                .text_if("missing_extension", missing.unwrap_or_default());
            let object = match offered {
                Some(version) => object.text("offered", version.as_str()),
                None => object,
            };
            object.text("reason", reason.as_str())
        }
        Activity::CheckFailed { machine, status, error, .. } => {
            let object = with_machine(event("check-failed"), machine);
            object.text("status", status.as_str()).text("error", &sentence(*error))
        }
        Activity::AppRefused { machine, status, error, .. } => {
            let object = with_machine(event("app-refused"), machine);
            object.text("status", status.as_str()).text("error", &sentence(*error))
        }
        Activity::Pinged { machine, .. } => with_machine(event("ping"), machine),
        Activity::Reported { machine, event: report, .. } => {
            let object = with_machine(event("report"), machine)
                .plain("type", report.event_type.code())
                .text("type_text", &report.event_type.to_string())
                .plain("result", report.result.code())
                .text("result_text", &report.result.to_string());
            let object = match report.error_code {
                Some(code) => with_error(object, code),
                None => object,
            };
            object
                .text_if("previous_version", report.previous_version.as_str())
                .text_if("next_version", report.next_version.as_str())
        }
        Activity::DownloadStarted(download) => with_download("download-started", download),
        Activity::DownloadFinished { download, elapsed, .. } => {
            let bytes = download.range.end - download.range.start;
            with_progress(with_download("download-finished", download), bytes, *elapsed)
        }
        Activity::DownloadCut { download, at, elapsed, cause, .. } => {
            let bytes = at - download.range.start;
            let object = with_download("download-cut", download);
            with_progress(object, bytes, *elapsed).text("error", &Cause(cause).to_string())
        }
        Activity::Refused { address, request, status, reason, .. } => event("refused")
            .text("address", &address.ip().to_string())
            .text_if("request", request)
            .plain("status", status)
            .text("error", reason),
        Activity::Expelled { address, violation, .. } => event("expelled")
            .text("address", &address.to_string())
            .text("error", &violation.to_string()),
        Activity::Trouble { what, error, .. } => {
            event("trouble").text("what", what).text("error", &without_numbers((*error).to_owned()))
        }
        _ => return None,
    })
}

fn with_machine(object: Object, machine: &Machine<'_>) -> Object {
    object
        .text_if("machine", machine.id)
        .text_if("alias", machine.alias)
        .text("address", &machine.address.ip().to_string())
        .text("app", machine.app_id)
        .text_if("version", machine.version.as_str())
}

fn with_download(kind: &str, download: &Download<'_>) -> Object {
    event(kind)
        .text("address", &download.address.ip().to_string())
        .text("package", download.package)
        .plain("size", download.size)
        .plain("first", download.range.start)
        .plain("last", download.range.end.saturating_sub(1))
}

fn with_progress(object: Object, bytes: u64, elapsed: Duration) -> Object {
    object.plain("bytes", bytes).plain("seconds", Milliseconds(elapsed))
}
