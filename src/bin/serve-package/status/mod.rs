//! `serve-package status`: the machines of several servers as one.
//!
//! Each server's `/status.json` is fetched ([`fetch`]) and read ([`document`]);
//! they are put together ([`merged`]) and shown as the server shows its own, in
//! a table or as an object.

mod document;
mod fetch;
mod merged;

use std::io::{self, Write};
use std::process::ExitCode;

use omaha::client::HttpUrl;

use crate::args::StatusSettings;
use crate::format::Plain;
use crate::json::{self, Object};
use crate::machine_tracker::{Key, Record, sorted};
use crate::pages::json::{Status, object};
use crate::table;
use crate::time::now;
use merged::{Answer, Merged};

/// A server's URL, and why it cannot be read, if so.
type Server = (HttpUrl, Option<String>);

/// Shows the machines, and says whether they are updated.
pub fn run(settings: &StatusSettings) -> ExitCode {
    let names = match names(settings) {
        Ok(names) => names,
        Err(error) => {
            complain("error", &error);
            return ExitCode::from(crate::FAILURE);
        }
    };
    let (servers, mut answers) = ask(settings);
    let merged = Merged::of(&mut answers, names.as_deref());
    let is_done = if names.is_some() { merged.is_expected_done() } else { merged.is_all_done() };
    let is_all_read = answers.len() == servers.len();
    let machines = sorted(merged.machines.iter());
    let text = match settings.json {
        true => merged_object(&servers, &answers, &merged, &machines),
        false => {
            warn(&servers, &answers);
            // Otherwise the table shows whose update is missing.
            if merged.counts.expected == 0 && names.is_some() {
                complain("error", "--expect names no machine");
            } else if merged.is_empty() && is_all_read {
                complain("error", "no machine is known or expected");
            }
            text(&servers, &answers, &merged, &machines)
        }
    };
    match crate::print(&text) {
        ExitCode::SUCCESS if is_done && is_all_read => ExitCode::SUCCESS,
        _ => ExitCode::from(crate::FAILURE),
    }
}

/// The names of the machines that must be updated, if they are given.
fn names(settings: &StatusSettings) -> Result<Option<String>, String> {
    let mut names = None;
    for path in &settings.expect {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("cannot read --expect {path:?}: {}", Plain(&error)))?;
        names.get_or_insert_with(String::new).extend([&*text, "\n"]);
    }
    Ok(names)
}

fn ask(settings: &StatusSettings) -> (Vec<Server>, Vec<Answer>) {
    let (mut servers, mut answers) = (Vec::new(), Vec::new());
    for url in &settings.servers {
        let whole = match url.path_and_query() {
            "/" => url.resolve("/status.json").unwrap_or_else(|_| url.clone()),
            _ => url.clone(),
        };
        let error = match fetch::fetch(&whole, settings.timeout) {
            Ok(document) => {
                answers.push(Answer { document, received: now() });
                None
            }
            Err(error) => Some(error),
        };
        servers.push((whole, error));
    }
    (servers, answers)
}

/// What an operator should know besides.
fn warn(servers: &[Server], answers: &[Answer]) {
    let mut answers = answers.iter();
    let mut offered: Option<&str> = None;
    for (url, error) in servers {
        if let Some(error) = error {
            complain("error", &format!("{url}: {error}"));
            continue;
        }
        let Some(Answer { document, .. }) = answers.next() else { continue };
        if document.is_changed {
            complain("warning", &format!("{url}: a package was changed: nothing is offered"));
        }
        if document.is_stopped {
            complain("warning", &format!("{url}: its roll-out has stopped: machines have failed"));
        }
        match offered {
            Some(other) if other != document.offered => {
                let offered = crate::format::OneLine(&document.offered).to_string();
                complain("warning", &format!("{url}: it offers {offered}, another version"));
            }
            _ => offered = Some(&document.offered),
        }
    }
}

fn complain(kind: &str, what: &str) {
    // A failure could not be reported anywhere.
    let _ = writeln!(io::stderr(), "{kind}: {what}");
}

fn text(
    servers: &[Server],
    answers: &[Answer],
    merged: &Merged,
    machines: &[(&Key, &Record)],
) -> String {
    let mut text = String::new();
    for line in table::lines_of(machines, &merged.expected.missing(), usize::MAX) {
        text.extend([&*line, "\n"]);
    }
    let (listed, machines) = (machines.len(), merged.counts.machines());
    if machines > listed {
        text +=
            &format!("and {} more machines, which the servers do not list\n", machines - listed);
    }
    let (read, all) = (answers.len(), servers.len());
    let plural = if machines == 1 { "" } else { "s" };
    let line = merged.counts.line();
    text + &format!("{read} of {all} servers, {machines} machine{plural}: {line}\n")
}

fn merged_object(
    servers: &[Server],
    answers: &[Answer],
    merged: &Merged,
    machines: &[(&Key, &Record)],
) -> String {
    let documents = || answers.iter().map(|answer| &answer.document);
    let mut offered: Vec<&str> = Vec::new();
    for document in documents() {
        if !offered.contains(&&*document.offered) {
            offered.push(&document.offered);
        }
    }
    let text = object(&Status {
        uptime: documents().map(|document| document.uptime).min().unwrap_or(0),
        offered: &offered.join(", "),
        is_changed: documents().any(|document| document.is_changed),
        is_stopped: documents().any(|document| document.is_stopped),
        counts: &merged.counts,
        missing: &merged.expected.missing(),
        machines,
        omitted: merged.counts.machines() - machines.len(),
    });
    text.plain("servers", json::list(servers, server)).finish() + "\n"
}

fn server((url, error): &Server) -> String {
    Object::new()
        .text("url", url.as_str())
        .text_if("error", error.as_deref().unwrap_or_default())
        .finish()
}
