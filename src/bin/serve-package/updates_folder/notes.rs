//! What is odd in a folder of updates, for the log.

use std::path::{Path, PathBuf};

use crate::log::{Log, Priority};

/// Most lines at a time. A folder that is none of updates may hold anything.
const MAX_LINES: usize = 100;

/// Most names in a line.
const MAX_NAMES: usize = 5;

/// Writes what is odd, and no more of it than anybody reads.
#[derive(Debug)]
pub struct Notes {
    log: Log,
    folder: PathBuf,
    lines: usize,
}

impl Notes {
    pub fn new(log: Log, folder: &Path) -> Self {
        Self { log, folder: folder.to_owned(), lines: 0 }
    }

    pub fn say(&mut self, line: &str) {
        self.lines += 1;
        if self.lines <= MAX_LINES {
            self.log.line(Priority::Warning, line);
        }
    }

    /// This is not served.
    pub fn leave_out(&mut self, place: &str, reason: &str) {
        self.say(&format!("left out {:?}: {reason}", self.folder.join(place)));
    }

    /// These are not served with an update.
    pub fn leave_out_of(&mut self, place: &str, names: &[&String]) {
        let shown: Vec<_> = names.iter().take(MAX_NAMES).map(|name| format!("{name:?}")).collect();
        let more = names.len() - shown.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        self.say(&format!(
            "left out of {:?}: {}{more}: not known as part of an update",
            self.folder.join(place),
            shown.join(", ")
        ));
    }

    /// Says how much was not written.
    pub fn finish(&self) {
        if self.lines > MAX_LINES {
            let more = self.lines - MAX_LINES;
            let line = format!("{more} more like these in {:?}", self.folder);
            self.log.line(Priority::Warning, &line);
        }
    }
}
