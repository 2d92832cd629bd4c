//! How far a download is: a bar on a terminal, and otherwise a line now and then.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use crate::format::{OneLine, Rate};

/// How often the bar is drawn, so that drawing costs nothing.
const REDRAW: Duration = Duration::from_millis(100);

/// How often there is a line where there is no terminal.
const LINE: Duration = Duration::from_secs(10);

/// Characters of a line where the terminal does not say.
const WIDTH: usize = 80;

/// Shows the progress of one download after another on standard error.
#[derive(Debug)]
pub struct ProgressDisplay {
    is_terminal: bool,
    is_bar_only: bool,
    /// When the download began, and how many bytes it had then.
    start: Option<(Instant, u64)>,
    last: Option<Instant>,
    is_drawn: bool,
}

impl ProgressDisplay {
    pub fn new() -> Self {
        let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        let is_terminal = io::stderr().is_terminal() && !is_dumb;
        Self { is_terminal, is_bar_only: false, start: None, last: None, is_drawn: false }
    }

    /// One that shows nothing where there is no terminal.
    pub fn bar() -> Self {
        Self { is_bar_only: true, ..Self::new() }
    }

    pub fn show(&mut self, name: &str, done: u64, total: u64) {
        if self.is_bar_only && !self.is_terminal {
            return;
        }
        let now = Instant::now();
        let (start, first) = *self.start.get_or_insert((now, done));
        let interval = if self.is_terminal { REDRAW } else { LINE };
        let last = *self.last.get_or_insert(if self.is_terminal { start } else { now });
        if now.duration_since(last) < interval {
            return;
        }
        self.last = Some(now);
        let state = State { name, done, total, rate: Rate(done - first, now - start) };
        let text = if self.is_terminal {
            self.is_drawn = true;
            format!("\r{}\x1b[K", state.bar(width()))
        } else {
            format!("{}\n", state.line())
        };
        // A failure could not be reported anywhere.
        let _ = io::stderr().write_all(text.as_bytes());
    }

    /// Clears the bar.
    pub fn end(&mut self) {
        if self.is_drawn {
            let _ = io::stderr().write_all(b"\r\x1b[K");
        }
        *self = Self { start: None, last: None, is_drawn: false, ..*self };
    }
}

fn width() -> usize {
    // A terminal in the background may have no size.
    let size = rustix::termios::tcgetwinsize(io::stderr()).map_or(0, |size| size.ws_col);
    if size == 0 { WIDTH } else { size.into() }
}

/// How far a download is.
struct State<'a> {
    name: &'a str,
    done: u64,
    total: u64,
    rate: Rate,
}

impl State<'_> {
    /// Longest name in a bar: that of Flatcar's payloads.
    const NAME: usize = 32;

    fn line(&self) -> String {
        let Self { name, done, total, rate } = self;
        format!("{}: {done} of {total} bytes, {}%, {rate}", OneLine(name), self.percent())
    }

    /// One line that is shorter than the terminal is wide.
    fn bar(&self, width: usize) -> String {
        let name: String = OneLine(self.name).to_string().chars().take(Self::NAME).collect();
        let numbers = format!("{:3}% {}", self.percent(), self.rate);
        // One blank on either side of the bar, its two ends, and one column
        // that stays free, because the cursor needs a place.
        let room = width.saturating_sub(name.len() + numbers.len() + 5);
        let line = if room < 8 {
            format!("{name} {numbers}")
        } else {
            let filled = self.part_of(room as u64);
            let filled = usize::try_from(filled).unwrap_or(room);
            format!("{name} [{}{}] {numbers}", "=".repeat(filled), " ".repeat(room - filled))
        };
        line.chars().take(width.saturating_sub(1)).collect()
    }

    fn percent(&self) -> u64 {
        self.part_of(100)
    }

    /// The same part of some units as is done of the whole.
    fn part_of(&self, units: u64) -> u64 {
        let part = u128::from(self.done.min(self.total)) * u128::from(units);
        u64::try_from(part / u128::from(self.total.max(1))).unwrap_or(units)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(done: u64, total: u64) -> State<'static> {
        State { name: "update.gz", done, total, rate: Rate(50_000_000, Duration::from_secs(2)) }
    }

    #[test]
    fn a_bar_fits_the_terminal() {
        let bar = state(50, 100).bar(60);
        assert_eq!(bar, "update.gz [================                ]  50% 25.0 MB/s");
        for width in 0..200 {
            for done in [0, 1, 50, 100, 1000] {
                assert!(state(done, 100).bar(width).chars().count() <= width.saturating_sub(1));
            }
        }
        assert_eq!(state(0, u64::MAX).bar(30), "update.gz   0% 25.0 MB/s");
        assert!(state(u64::MAX, u64::MAX).bar(60).contains("] 100%"));
    }

    #[test]
    fn a_line() {
        let line = state(10, 40).line();
        assert_eq!(line, "update.gz: 10 of 40 bytes, 25%, 25.0 MB/s");
        state(0, 0).line();
    }
}
