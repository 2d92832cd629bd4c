//! `GET /status.json`: the machines, for programs. The schema is in the README;
//! members may be added, none goes away or changes its meaning.

use std::time::SystemTime;

use crate::events::{states, with_error};
use crate::json::{self, Object};
use crate::machine_tracker::{Key, Record};
use crate::table::time;
use crate::watch::Watch;

/// Most machines that are listed.
const MAX_MACHINES: usize = 10_000;

pub fn page(watch: &Watch) -> String {
    let is_changed = watch.is_changed();
    let tracker = watch.tracker();
    let machines = tracker.sorted();
    let listed = machines.len().min(MAX_MACHINES);
    let now = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
    let mut page = Object::new()
        .text("time", &now)
        .plain("uptime_seconds", watch.uptime().as_secs())
        .text("offered", tracker.offered().as_str())
        .plain("package_changed", is_changed)
        .plain("rollout_stopped", tracker.is_stopped())
        .plain("downloads_running", tracker.counts().transfers)
        .plain("number", machines.len())
        .plain("states", states(tracker.counts()))
        .plain("missing", json::list(&tracker.missing(), |name| json::text(name)))
        .plain("machines", json::list(&machines[..listed], |(key, record)| machine(key, record)))
        .plain("omitted", machines.len() - listed)
        .finish();
    page.push('\n');
    page
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
        .text("state", record.shown().as_str());
    let object =
        if record.is_silent { object.text("last_state", record.state.as_str()) } else { object };
    let object = object
        .text("since", &time(record.since))
        .text("first_heard", &time(record.first_heard))
        .text("last_heard", &time(record.last_heard))
        .plain("attempts", record.attempts)
        .plain("bytes", record.bytes)
        .plain("size", record.size)
        .text_if("not_offered", &record.note);
    match record.error {
        Some(error) => with_error(object, error).finish(),
        None => object.finish(),
    }
}
