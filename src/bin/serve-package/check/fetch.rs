//! Fetching and verifying one package.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use omaha::client::lint::{Finding, Rule};
use omaha::client::{HttpTransport, OfferedPackage, Progress, Retry};
use omaha::protocol::ErrorCode;

use super::interrupt::Interrupt;
use super::outcome::Downloaded;
use super::terminal::Terminal;
use crate::format::{OneLine, Rate, Seconds, sentence};

/// What it takes to fetch a package.
pub struct Fetcher<'a> {
    pub package: &'a OfferedPackage,
    pub directory: &'a Path,
    pub transport: &'a Arc<HttpTransport>,
    pub interrupt: &'a Interrupt,
    /// How often to try to begin.
    pub retry: Retry,
}

impl Fetcher<'_> {
    /// Fetches the package from the first codebase that has it. The findings are the
    /// codebases before that.
    ///
    /// # Errors
    ///
    /// Why the last one had it not, and `update_engine`'s number for that.
    pub fn run(
        &self,
        codebases: &[String],
        terminal: &mut Terminal,
    ) -> (Result<Downloaded, (String, ErrorCode)>, Vec<Finding>) {
        let mut findings = Vec::new();
        let mut last: Option<(String, ErrorCode)> = None;
        for codebase in codebases {
            findings.extend(last.map(|(reason, _)| Finding::new(Rule::CodebaseFails, reason)));
            match self.fetch(codebase, terminal) {
                Ok(downloaded) => return (Ok(downloaded), findings),
                Err(error) => last = Some(error),
            }
        }
        let error = last.unwrap_or_else(|| {
            let reason = "there is no codebase to fetch it from".to_owned();
            (reason, ErrorCode::OMAHA_RESPONSE_INVALID)
        });
        (Err(error), findings)
    }

    fn fetch(
        &self,
        codebase: &str,
        terminal: &mut Terminal,
    ) -> Result<Downloaded, (String, ErrorCode)> {
        let (name, size) = (self.package.name(), self.package.size());
        let download = self.package.download_at(codebase).map_err(|error| {
            let reason =
                format!("codebase {} leads nowhere: {}", OneLine(codebase), sentence(&error));
            (reason, ErrorCode::DOWNLOAD_TRANSFER_ERROR)
        })?;
        let url = download.url().clone();
        terminal.say(&format!("fetching {url}"));
        let begin = Instant::now();
        let mut cuts = 0;
        let result = download
            .with_transport(Arc::clone(self.transport))
            .with_start_retry(self.retry)
            .to_directory(self.directory, &mut |progress| match progress {
                Progress::Created(path) => self.interrupt.set_partial(Some(path)),
                Progress::Bytes { done, total, .. } => terminal.progress(name, done, total),
                Progress::Cut { error, delay, .. } => {
                    cuts += 1;
                    terminal.end_progress();
                    let (error, time) = (sentence(error), Seconds(delay));
                    let what = format!("{url}: {error}; resuming in {time}");
                    terminal.complain("note", &what);
                }
                _ => {}
            });
        self.interrupt.set_partial(None);
        terminal.end_progress();
        let path =
            result.map_err(|error| (format!("{url}: {}", sentence(&error)), error.error_code()))?;
        let elapsed = begin.elapsed();
        terminal.say(&format!(
            "verified {}: {size} bytes in {}, {}, saved as {path:?}",
            OneLine(name),
            Seconds(elapsed),
            Rate(size, elapsed)
        ));
        Ok(Downloaded { name: name.to_owned(), url, path, bytes: size, elapsed, cuts })
    }
}
