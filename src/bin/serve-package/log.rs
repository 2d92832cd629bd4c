//! Lines for people, on standard error.

use std::io::{self, Write};
use std::time::SystemTime;

use crate::log_writer;

/// How important a line is: the priorities of syslog that are used here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    Error,
    Warning,
    Notice,
    Info,
    /// Only in the journal.
    Debug,
}

impl Priority {
    fn number(self) -> u8 {
        match self {
            Self::Error => 3,
            Self::Warning => 4,
            Self::Notice => 5,
            Self::Info => 6,
            Self::Debug => 7,
        }
    }
}

/// Where lines go, and how they begin: with a priority for the journal, which
/// has times of its own, and otherwise with the time.
#[derive(Clone, Copy, Debug)]
pub struct Log {
    is_journal: bool,
}

impl Log {
    pub fn new() -> Self {
        Self { is_journal: is_journal() }
    }

    /// Writes one line, in one piece, without waiting until it is written.
    pub fn line(self, priority: Priority, text: &str) {
        if priority == Priority::Debug && !self.is_journal {
            return;
        }
        log_writer::ERROR.write(&self.render(priority, text), |lost| {
            let text = format!("dropped {lost} log lines: output blocked");
            self.render(Priority::Warning, &text)
        });
    }

    fn render(self, priority: Priority, text: &str) -> String {
        if self.is_journal {
            format!("<{}>{text}\n", priority.number())
        } else {
            let now = humantime::format_rfc3339_seconds(SystemTime::now());
            format!("{now} {text}\n")
        }
    }

    /// Writes what is wrong with the command line, and which flags ask for
    /// help: in a terminal without a time, as every program does.
    pub fn usage(self, text: &str, help: &str) {
        let hint = format!("Try 'serve-package {help}'.");
        if self.is_journal {
            self.error(&format!("{text}. {hint}"));
        } else {
            let _ = writeln!(io::stderr(), "serve-package: {text}\n{hint}");
        }
    }

    /// Writes what the program ends with.
    pub fn error(self, text: &str) {
        self.line(Priority::Error, &format!("error: {text}"));
    }
}

/// systemd names the device and inode of the journal's stream in
/// `$JOURNAL_STREAM`; somebody may have redirected standard error since
/// (`systemd.exec(5)`).
fn is_journal() -> bool {
    let Ok(stat) = rustix::fs::fstat(io::stderr()) else { return false };
    let here = format!("{}:{}", stat.st_dev, stat.st_ino);
    std::env::var("JOURNAL_STREAM").is_ok_and(|stream| stream == here)
}
