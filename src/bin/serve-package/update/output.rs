//! What a person sees: lines, and one that is drawn again and again on a
//! terminal. On standard output, unless that belongs to a program.

use std::io::{self, IsTerminal};

use crate::log_writer::{self, LogWriter};

/// Where lines go. Nothing here waits for whoever reads them.
#[derive(Debug)]
pub struct Output {
    log_writer: &'static LogWriter,
    is_terminal: bool,
    is_drawn: bool,
}

impl Output {
    /// Lines on standard output, or on standard error where the events go to
    /// standard output.
    pub fn new(with_events: bool) -> Self {
        let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        let (log_writer, is_terminal) = if with_events {
            (&log_writer::ERROR, io::stderr().is_terminal())
        } else {
            (&log_writer::OUTPUT, io::stdout().is_terminal())
        };
        Self { log_writer, is_terminal: is_terminal && !is_dumb, is_drawn: false }
    }

    /// Whether one line can be drawn again and again.
    pub fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// A line.
    pub fn say(&mut self, line: &str) {
        self.clear();
        write(self.log_writer, &format!("{line}\n"));
    }

    /// A line on standard error.
    pub fn complain(&mut self, line: &str) {
        self.clear();
        complain(line);
    }

    /// A line that is drawn again and again on a terminal.
    pub fn progress(&mut self, line: &str) {
        if self.is_terminal {
            write(self.log_writer, &format!("\r{line}\x1b[K"));
            self.is_drawn = true;
        } else {
            self.say(line);
        }
    }

    fn clear(&mut self) {
        if std::mem::take(&mut self.is_drawn) {
            write(self.log_writer, "\r\x1b[K");
        }
    }
}

/// A line on standard error, from another thread.
pub fn complain(line: &str) {
    write(&log_writer::ERROR, &format!("{line}\n"));
}

fn write(log_writer: &'static LogWriter, text: &str) {
    log_writer.write(text, |lost| format!("{lost} lines were dropped: output blocked\n"));
}
