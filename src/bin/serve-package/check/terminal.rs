//! What a person sees: words on standard output, warnings, errors and progress
//! on standard error. For a program, only the object at the end.

use std::io::{self, Write};

use omaha::client::lint::Finding;

use crate::progress::ProgressDisplay;

/// Where words go.
#[derive(Debug)]
pub struct Terminal {
    is_silent: bool,
    is_broken: bool,
    progress: ProgressDisplay,
}

impl Terminal {
    /// Shows everything, or nothing but what is printed at the end.
    pub fn new(is_silent: bool) -> Self {
        Self { is_silent, is_broken: false, progress: ProgressDisplay::new() }
    }

    /// Whether what was printed got lost.
    pub fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// A line for people.
    pub fn say(&mut self, line: &str) {
        if !self.is_silent {
            self.print(line);
        }
    }

    /// A line in any case. A reader that has gone, as `head` does, is none of
    /// our business.
    pub fn print(&mut self, line: &str) {
        match io::stdout().write_all(format!("{line}\n").as_bytes()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => self.is_broken = true,
            _ => {}
        }
    }

    /// Something that clients would stumble over.
    pub fn find(&mut self, finding: &Finding) {
        self.complain(finding.severity().as_str(), &finding.to_string());
    }

    /// Something that is wrong.
    pub fn complain(&mut self, kind: &str, what: &str) {
        if !self.is_silent {
            // A failure could not be reported anywhere.
            let _ = writeln!(io::stderr(), "{kind}: {what}");
        }
    }

    /// Shows how many bytes of a download have arrived.
    pub fn progress(&mut self, name: &str, done: u64, total: u64) {
        if !self.is_silent {
            self.progress.show(name, done, total);
        }
    }

    /// The download has ended, one way or the other, or stands still.
    pub fn end_progress(&mut self) {
        self.progress.end();
    }
}
