//! `GET /status.json`: the machines, for programs. The schema is in
//! `dist/manual/status.md`; members may be added, none goes away or changes its
//! meaning.

use crate::events::{states, with_error};
use crate::json::{self, Object};
use crate::machine_tracker::{Counts, Key, Record};
use crate::time::{timestamp, timestamp_now};
use crate::watch::Watch;

/// Most machines that are listed.
const MAX_MACHINES: usize = 10_000;

pub fn page(watch: &Watch) -> String {
    let is_changed = watch.is_changed();
    let tracker = watch.tracker();
    let machines = tracker.sorted();
    let listed = machines.len().min(MAX_MACHINES);
    let mut page = object(&Status {
        uptime: watch.uptime().as_secs(),
        offered: tracker.offered().as_str(),
        is_changed,
        is_stopped: tracker.is_stopped(),
        counts: tracker.counts(),
        missing: &tracker.missing(),
        machines: &machines[..listed],
        omitted: machines.len() - listed,
    })
    .finish();
    page.push('\n');
    page
}

/// What is in the document, of one server or of several.
pub struct Status<'a> {
    pub uptime: u64,
    pub offered: &'a str,
    pub is_changed: bool,
    pub is_stopped: bool,
    pub counts: &'a Counts,
    pub missing: &'a [&'a str],
    pub machines: &'a [(&'a Key, &'a Record)],
    pub omitted: usize,
}

/// The document, to which something may be added.
pub fn object(status: &Status<'_>) -> Object {
    Object::new()
        .text("time", &timestamp_now())
        .plain("uptime_seconds", status.uptime)
        .text("offered", status.offered)
        .plain("package_changed", status.is_changed)
        .plain("rollout_stopped", status.is_stopped)
        .plain("downloads_running", status.counts.transfers)
        .plain("number", status.machines.len() + status.omitted)
        .plain("states", states(status.counts))
        .plain("missing", json::list(status.missing, |name| json::text(name)))
        .plain("machines", json::list(status.machines, |(key, record)| machine(key, record)))
        .plain("omitted", status.omitted)
}

fn machine(key: &Key, record: &Record) -> String {
    let object = Object::new()
        .text_if("machine", key.id())
        .text_if("alias", &record.alias)
        .text("address", &record.address.to_string())
        .text_if("board", &record.board)
        .text_if("oem", &record.oem)
        .text_if("oem_version", &record.oem_version)
        .text_if("channel", &record.channel)
        .text_if("version", &record.version)
        .text_if("offered", &record.offered)
        .text("state", record.shown().as_str());
    let object =
        if record.is_silent { object.text("last_state", record.state.as_str()) } else { object };
    let object = if record.is_step { object.plain("step", true) } else { object };
    let object = object
        .text("since", &timestamp(record.since))
        .text("first_heard", &timestamp(record.first_heard))
        .text("last_heard", &timestamp(record.last_heard))
        .plain("attempts", record.attempts)
        .plain("bytes", record.bytes)
        .plain("size", record.size)
        .text_if("not_offered", &record.not_offered);
    match record.error {
        Some(error) => with_error(object, error).finish(),
        None => object.finish(),
    }
}
