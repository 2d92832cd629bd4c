//! The lines of `update_engine` that tell why it failed.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::tool::{self, Purpose};
use super::unit;

/// How long the journal may take.
const TIME: Duration = Duration::from_secs(20);

/// The most lines that are shown.
const LINES: usize = 10;

/// The lines since a moment that speak of an error, or else the last ones. None
/// where there is no journal.
pub fn errors(since: SystemTime) -> Vec<String> {
    let since = since.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let since = format!("--since=@{since}");
    let arguments =
        ["--unit", unit::UPDATE_ENGINE, &since, "--no-pager", "--output=cat", "--lines=500"];
    let text = tool::run("journalctl", &arguments, TIME, Purpose::Other).unwrap_or_default();
    select(&text)
}

fn select(text: &str) -> Vec<String> {
    let is_error = |line: &&str| {
        let line = line.to_ascii_lowercase();
        ["error", "fail", "unable", "invalid"].iter().any(|word| line.contains(word))
    };
    let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let mut chosen: Vec<_> = lines.iter().copied().filter(is_error).collect();
    if chosen.is_empty() {
        chosen = lines;
    }
    let first = chosen.len().saturating_sub(LINES);
    chosen.drain(first..).map(|line| line.chars().filter(|c| !c.is_control()).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::select;

    #[test]
    fn lines_that_matter() {
        assert_eq!(select("I one\nE ERROR: two\n\nI three\n"), ["E ERROR: two"]);
        assert_eq!(select("one\ntwo\n"), ["one", "two"]);
        assert_eq!(select(&"an error\n".repeat(30)).len(), 10);
        assert!(select("").is_empty());
    }
}
