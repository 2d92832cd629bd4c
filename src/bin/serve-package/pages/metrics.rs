//! `GET /metrics`: numbers in the text format of Prometheus (version 0.0.4).

use std::fmt::{Display, Write};

use crate::machine_tracker::State;
use crate::watch::Watch;

/// A page under construction.
struct Metrics(String);

pub fn page(watch: &Watch) -> String {
    let is_changed = watch.is_changed();
    let tracker = watch.tracker();
    let counts = tracker.counts();
    let mut page = Metrics(String::new());

    page.head("machines", "gauge", "Machines by how far they have come.");
    for state in State::ALL {
        page.value("machines", &[("state", state.as_str())], counts.of(state));
    }
    page.head("machines_missing", "gauge", "Machines that are expected and were never heard.");
    page.value("machines_missing", &[], counts.missing());
    page.head("checks_total", "counter", "Update checks, and whether the update was offered.");
    page.value("checks_total", &[("offered", "true")], counts.checks_offered);
    page.value("checks_total", &[("offered", "false")], counts.checks_not_offered);
    page.head("downloads_running", "gauge", "Downloads that are running.");
    page.value("downloads_running", &[], counts.transfers);
    page.head("downloads_total", "counter", "Downloads that have ended, and how.");
    page.value("downloads_total", &[("result", "finished")], counts.downloads_finished);
    page.value("downloads_total", &[("result", "cut")], counts.downloads_cut);
    page.head("sent_bytes_total", "counter", "Bytes of packages in downloads that have ended.");
    page.value("sent_bytes_total", &[], counts.bytes_sent);
    page.head("failures_total", "counter", "Failures that machines reported, by their code.");
    for (code, number) in &counts.failures {
        page.value("failures_total", &[("code", &code.to_string())], number);
    }
    page.value("failures_total", &[("code", "other")], counts.other_failures);
    page.head("offered_info", "gauge", "The version that is offered.");
    page.value("offered_info", &[("version", tracker.offered().as_str())], 1);
    page.head(
        "offering",
        "gauge",
        "Whether it is offered: no package was changed, and the roll-out not stopped.",
    );
    page.value("offering", &[], u8::from(!is_changed && !tracker.is_stopped()));
    page.head("uptime_seconds", "gauge", "Time since the start.");
    page.value("uptime_seconds", &[], watch.uptime().as_secs());
    page.0
}

impl Metrics {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = write!(
            self.0,
            "# HELP serve_package_{name} {help}\n# TYPE serve_package_{name} {kind}\n"
        );
    }

    fn value(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let _ = write!(self.0, "serve_package_{name}");
        if !labels.is_empty() {
            let labels: Vec<_> = labels
                .iter()
                .map(|(name, value)| format!("{name}=\"{}\"", escape(value)))
                .collect();
            let _ = write!(self.0, "{{{}}}", labels.join(","));
        }
        let _ = writeln!(self.0, " {value}");
    }
}

fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
