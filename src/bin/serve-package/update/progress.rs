//! How far the update is, for people.

use std::time::{Duration, Instant};

use super::engine::Operation;
use super::output::Output;
use crate::format::Rate;

/// How often there is a line where there is no terminal.
const LINE: Duration = Duration::from_secs(10);

/// Shows what the daemon does, and how far its downloads are.
#[derive(Debug, Default)]
pub struct Progress {
    operation: Option<Operation>,
    download: Option<Download>,
    /// When there was a line last.
    shown: Option<Instant>,
}

/// A download, as it was first seen.
#[derive(Debug)]
struct Download {
    package: String,
    began: Instant,
    bytes: u64,
}

impl Progress {
    /// Shows what the daemon does, if that is something else than before.
    pub fn operation(&mut self, operation: &Operation, output: &mut Output) {
        if self.operation.as_ref() == Some(operation) {
            return;
        }
        self.operation = Some(operation.clone());
        // There is more to tell about a download.
        if *operation != Operation::Downloading {
            output.progress(&format!("update_engine is {operation}"));
        }
    }

    /// Shows how far a download is.
    pub fn download(&mut self, package: String, bytes: u64, size: u64, output: &mut Output) {
        let now = Instant::now();
        let line = self.line(package, bytes, size, now);
        if output.is_terminal() || self.shown.is_none_or(|shown| now - shown >= LINE) {
            self.shown = Some(now);
            output.progress(&line);
        }
    }

    fn line(&mut self, package: String, bytes: u64, size: u64, now: Instant) -> String {
        if self.download.as_ref().is_none_or(|download| download.package != package) {
            self.download = Some(Download { package: package.clone(), began: now, bytes });
        }
        let mut line = format!(
            "downloading {package}: {} of {} MB, {} %",
            bytes / 1_000_000,
            size / 1_000_000,
            bytes.saturating_mul(100) / size.max(1)
        );
        if let Some(download) = &self.download {
            let (elapsed, fetched) = (now - download.began, bytes.saturating_sub(download.bytes));
            if fetched > 0 && elapsed >= Duration::from_secs(1) {
                let left = elapsed.as_secs().saturating_mul(size.saturating_sub(bytes)) / fetched;
                line.push_str(&format!(", {}, {left} s left", Rate(fetched, elapsed)));
            }
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let mut progress = Progress::default();
        let mut line = |bytes, now| progress.line("a.gz".to_owned(), bytes, 400_000_000, now);
        let now = Instant::now();
        assert_eq!(line(100_000_000, now), "downloading a.gz: 100 of 400 MB, 25 %");
        assert_eq!(
            line(200_000_000, now + Duration::from_secs(10)),
            "downloading a.gz: 200 of 400 MB, 50 %, 10.0 MB/s, 20 s left"
        );
        // One that begins again, and another one.
        assert_eq!(line(0, now + Duration::from_secs(11)), "downloading a.gz: 0 of 400 MB, 0 %");
        let line = progress.line("b.gz".to_owned(), 0, 0, now);
        assert_eq!(line, "downloading b.gz: 0 of 0 MB, 0 %");
    }
}
