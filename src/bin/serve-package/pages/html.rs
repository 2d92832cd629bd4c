//! `GET /status`: the machines, for people. Whole without JavaScript; the
//! script sorts, filters, and fetches the page again.

use std::fmt::{self, Write};

use crate::machine_tracker::{Key, MachineTracker, Name, Record, State};
use crate::time::timestamp;
use crate::watch::Watch;

/// Most machines that are listed.
const MAX_MACHINES: usize = 2000;

/// Most missing machines that are named.
const MAX_MISSING: usize = 500;

/// The columns: the class of their cells, and their heads.
const COLUMNS: [(&str, &str); 8] = [
    ("name", "machine"),
    ("address", "address"),
    ("state", "state"),
    ("progress", "progress"),
    ("version", "version"),
    ("kind", "board, OEM, channel"),
    ("error", "error"),
    ("since", "since (UTC)"),
];

pub fn page(watch: &Watch) -> String {
    let is_changed = watch.is_changed();
    let tracker = watch.tracker();
    let mut page = String::with_capacity(64 * 1024);
    // Writing to a string does not fail.
    let _ = write(&mut page, &tracker, is_changed);
    page
}

fn write(page: &mut String, tracker: &MachineTracker, is_changed: bool) -> fmt::Result {
    let offered = Text(tracker.offered().as_str());
    write!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{offered}: machines</title>\n\
         <link rel=\"stylesheet\" href=\"status.css\">\n\
         <noscript><meta http-equiv=\"refresh\" content=\"10\"></noscript>\n\
         <script src=\"status.js\" defer></script>\n<main id=\"status\">\n\
         <h1>Update to {offered}</h1>\n"
    )?;
    if is_changed {
        writeln!(
            page,
            "<p class=\"alarm\">A package was changed: nothing is offered; {} to serve it as it \
             is now.</p>",
            tracker.offered().renewal()
        )?;
    }
    if tracker.is_stopped() {
        page.push_str(
            "<p class=\"alarm\">The roll-out has stopped: too many machines have failed.</p>\n",
        );
    }
    totals(page, tracker)?;
    missing(page, tracker)?;
    table(page, tracker)?;
    page.push_str("</main>\n</html>\n");
    Ok(())
}

/// A bar with a part for each state, and the numbers under it.
fn totals(page: &mut String, tracker: &MachineTracker) -> fmt::Result {
    let counts = tracker.counts();
    let all = counts.machines();
    let present = || State::ALL.into_iter().rev().filter(|state| counts.of(*state) > 0);
    write!(
        page,
        "<svg id=\"totals\" viewBox=\"0 0 {} 1\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-label=\"machines by state\">",
        all.max(1)
    )?;
    let mut at = 0;
    for state in present() {
        let (class, number) = (state.as_str(), counts.of(state));
        write!(page, "<rect class=\"{class}\" x=\"{at}\" width=\"{number}\" height=\"1\"/>")?;
        at += number;
    }
    write!(page, "</svg>\n<p id=\"numbers\">{all} machine{}", if all == 1 { "" } else { "s" })?;
    for state in present() {
        let (class, number) = (state.as_str(), counts.of(state));
        write!(page, " <span class=\"{class}\">{number} {state}</span>")?;
    }
    let plural = if counts.transfers == 1 { "" } else { "s" };
    writeln!(page, " <span>{} download{plural} running</span></p>", counts.transfers)
}

fn missing(page: &mut String, tracker: &MachineTracker) -> fmt::Result {
    let missing = tracker.missing();
    if missing.is_empty() {
        return Ok(());
    }
    write!(page, "<p id=\"missing\">{} missing, never heard: ", missing.len())?;
    for (place, name) in missing.iter().take(MAX_MISSING).enumerate() {
        let comma = if place == 0 { "" } else { ", " };
        write!(page, "{comma}{}", Text(name))?;
    }
    page.push_str(if missing.len() > MAX_MISSING { "…</p>\n" } else { "</p>\n" });
    Ok(())
}

fn table(page: &mut String, tracker: &MachineTracker) -> fmt::Result {
    page.push_str("<div class=\"scroll\"><table id=\"machines\">\n<thead><tr>");
    for (class, head) in COLUMNS {
        write!(page, "<th scope=\"col\" data-column=\"{class}\">{head}</th>")?;
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    let machines = tracker.sorted();
    for (key, record) in machines.iter().take(MAX_MACHINES) {
        row(page, key, record)?;
    }
    page.push_str("</tbody>\n</table></div>\n");
    if machines.len() > MAX_MACHINES {
        let more = machines.len() - MAX_MACHINES;
        writeln!(page, "<p>and {more} more: see <a href=\"status.json\">status.json</a></p>")?;
    }
    Ok(())
}

fn row(page: &mut String, key: &Key, record: &Record) -> fmt::Result {
    let state = record.shown();
    let name = Name(key, record).to_string();
    let was = if record.is_silent { format!(" ({})", record.state) } else { String::new() };
    write!(
        page,
        "<tr class=\"{}\"><td class=\"name\" title=\"{}\">{}</td><td class=\"address\">{}</td>\
         <td class=\"state\">{state}{was}</td><td class=\"progress\">",
        state.as_str(),
        Text(key.id()),
        Text(&name),
        record.address,
    )?;
    if let Some(percent) = record.percent() {
        write!(page, "<progress max=\"100\" value=\"{percent}\"></progress> {percent} %")?;
    }
    let kind: Vec<&str> = [&record.board, &record.oem, &record.channel]
        .into_iter()
        .map(|text| &**text)
        .filter(|text| !text.is_empty())
        .collect();
    writeln!(
        page,
        "</td><td class=\"version\">{}</td><td class=\"kind\">{}</td><td class=\"error\">{}</td>\
         <td class=\"since\">{}</td></tr>",
        Text(&record.version),
        Text(&kind.join(", ")),
        Text(&record.why()),
        timestamp(record.since).trim_end_matches('Z').replace('T', " "),
    )
}

/// Text that is nothing but text, between tags and in quotes.
struct Text<'a>(&'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '<' => formatter.write_str("&lt;")?,
                '>' => formatter.write_str("&gt;")?,
                '&' => formatter.write_str("&amp;")?,
                '"' => formatter.write_str("&quot;")?,
                '\'' => formatter.write_str("&#39;")?,
                // Neither a line of its own nor a change of direction.
                other if other.is_control() || is_directional(other) => {
                    formatter.write_char('\u{fffd}')?;
                }
                other => formatter.write_char(other)?,
            }
        }
        Ok(())
    }
}

fn is_directional(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
