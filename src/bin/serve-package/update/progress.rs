//! How far the update is, for people.

use std::time::{Duration, Instant};

use super::engine::{Operation, Status};
use super::output::Output;
use crate::format::Rate;

/// How often there is a line where there is no terminal.
const LINE: Duration = Duration::from_secs(10);

/// Shows what the daemon says of itself.
#[derive(Debug)]
pub struct Progress {
    /// The size of the operating system's payload in bytes.
    size: u64,
    last: Option<(Operation, Instant)>,
    /// When the download was first seen, and how many bytes it had then.
    download: Option<(Instant, u64)>,
}

impl Progress {
    pub fn new(size: u64) -> Self {
        Self { size, last: None, download: None }
    }

    /// Shows it, if there is something new.
    pub fn show(&mut self, status: &Status, output: &mut Output) {
        let now = Instant::now();
        let operation = &status.operation;
        let is_new = self.last.as_ref().is_none_or(|(last, _)| last != operation);
        let is_due = self.last.as_ref().is_none_or(|(_, at)| now - *at >= LINE);
        let line = self.line(status, now);
        if output.is_terminal() {
            output.draw(&line);
        } else if is_new || is_due && *operation == Operation::Downloading {
            output.say(&line);
        } else {
            return;
        }
        self.last = Some((operation.clone(), now));
    }

    fn line(&mut self, status: &Status, now: Instant) -> String {
        if status.operation != Operation::Downloading {
            return format!("update_engine is {}", status.operation);
        }
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a part of the size, to three digits"
        )]
        let done = (status.progress * self.size as f64) as u64;
        let (start, first) = *self.download.get_or_insert((now, done));
        let (elapsed, fetched) = (now - start, done.saturating_sub(first));
        let mut line = format!(
            "downloading: {} of {} MB, {} %",
            done / 1_000_000,
            self.size / 1_000_000,
            done.saturating_mul(100) / self.size.max(1)
        );
        if fetched > 0 && elapsed >= Duration::from_secs(1) {
            let left = elapsed.as_secs().saturating_mul(self.size - done) / fetched;
            line.push_str(&format!(", {}, {left} s left", Rate(fetched, elapsed)));
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let mut progress = Progress::new(400_000_000);
        let status = |operation, progress| Status {
            operation,
            progress,
            new_version: String::new(),
            new_size: 0,
        };
        let now = Instant::now();
        let line = progress.line(&status(Operation::Downloading, 0.25), now);
        assert_eq!(line, "downloading: 100 of 400 MB, 25 %");
        let later = now + Duration::from_secs(10);
        let line = progress.line(&status(Operation::Downloading, 0.5), later);
        assert_eq!(line, "downloading: 200 of 400 MB, 50 %, 10.0 MB/s, 20 s left");
        let line = progress.line(&status(Operation::Finalizing, 0.5), later);
        assert_eq!(line, "update_engine is installing");
    }
}
