//! The machines as a table, for the log.

use crate::format::OneLine;
use crate::machine_tracker::{Key, MachineTracker, Name, Record};
use crate::time::timestamp;

/// Most machines that are listed. The status page and the events have more.
const MAX_ROWS: usize = 1000;

/// What is wider moves the rest of its line, and of no other.
const MAX_WIDTH: usize = 64;

/// Most names of missing machines in a line.
const MAX_NAMES: usize = 100;

/// A line for each machine, under a head, and one for those that are missing.
pub fn lines(tracker: &MachineTracker) -> Vec<String> {
    lines_of(&tracker.sorted(), &tracker.missing(), MAX_ROWS)
}

/// A line for each of these machines, or the first of them.
pub fn lines_of(machines: &[(&Key, &Record)], missing: &[&str], max_rows: usize) -> Vec<String> {
    let mut rows = Vec::new();
    if !machines.is_empty() {
        rows.push(["machine", "address", "version", "state", "since", "error"].map(str::to_owned));
    }
    rows.extend(machines.iter().take(max_rows).map(|(key, record)| row(key, record)));
    let mut lines = aligned(&rows);
    if machines.len() > max_rows {
        lines.push(format!("and {} more machines", machines.len() - max_rows));
    }
    if !missing.is_empty() {
        let names: Vec<_> =
            missing.iter().take(MAX_NAMES).map(|name| OneLine(name).to_string()).collect();
        let more = missing.len().saturating_sub(MAX_NAMES);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        lines.push(format!("missing, never heard: {}{more}", names.join(", ")));
    }
    lines
}

fn row(key: &Key, record: &Record) -> [String; 6] {
    let state = match record.percent() {
        Some(percent) if !record.is_silent => format!("{} {percent} %", record.state),
        _ if record.is_silent => format!("silent ({})", record.state),
        _ => record.state.to_string(),
    };
    [
        OneLine(&Name(key, record).to_string()).to_string(),
        record.address.to_string(),
        OneLine(&record.version).to_string(),
        state,
        timestamp(record.since),
        OneLine(&record.why()).to_string(),
    ]
}

/// The cells of each column begin below each other, but for those behind a cell
/// that is too wide.
fn aligned(rows: &[[String; 6]]) -> Vec<String> {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<_> = (0..6).map(|column| width(column).unwrap_or(0).min(MAX_WIDTH)).collect();
    let line = |row: &[String; 6]| {
        let cells: Vec<_> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_cell_widens_no_other_line() {
        let row = |cell: &str| [cell, "b", "c", "d", "e", "f"].map(str::to_owned);
        let lines = aligned(&[row("a"), row("abc"), row(&"x".repeat(1000))]);
        assert_eq!(lines[0].find('b'), Some(MAX_WIDTH + 2), "{lines:?}");
        assert_eq!(lines[2].len(), 1000 + "  b  c  d  e  f".len());
        let lines = aligned(&[row("a"), row("abc")]);
        assert_eq!(lines, ["a    b  c  d  e  f", "abc  b  c  d  e  f"]);
    }
}
