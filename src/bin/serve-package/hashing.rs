//! How far reading the packages is, for who waits for it: a bar on a terminal,
//! and `STATUS=` for the service manager.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use omaha::{PackageError, PackageFile, PackageName, PayloadFile};

use crate::progress::ProgressDisplay;
use crate::systemd;

/// What takes no longer than this is not worth a word.
const SHOWN_AFTER: Duration = Duration::from_millis(500);

/// Reads one package after another.
#[derive(Debug)]
pub struct Hashing {
    /// Bytes of all packages, and those that were read.
    total: u64,
    done: AtomicU64,
    /// None where nobody waits for it.
    shown: Option<Mutex<Shown>>,
}

#[derive(Debug)]
struct Shown {
    progress: ProgressDisplay,
    started: Instant,
    percent: Option<u64>,
}

impl Hashing {
    /// For these files. One that is not there says so when it is opened.
    pub fn new(paths: &[impl AsRef<Path>]) -> Self {
        let size = |path: &_| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        let total = paths.iter().map(size).sum();
        let shown =
            Shown { progress: ProgressDisplay::bar(), started: Instant::now(), percent: None };
        systemd::status("reading the packages");
        Self { total, done: AtomicU64::new(0), shown: Some(Mutex::new(shown)) }
    }

    /// Tells nobody how far it is.
    pub fn quiet() -> Self {
        Self { total: 0, done: AtomicU64::new(0), shown: None }
    }

    /// Opens and hashes a package.
    ///
    /// # Errors
    ///
    /// Those of [`PackageFile::open`].
    pub fn open(&self, path: &Path, name: PackageName) -> Result<PackageFile, PackageError> {
        self.watch(&name.clone(), |read| PackageFile::open_with_progress(path, name, read))
    }

    /// Opens and hashes a package that must be a payload.
    ///
    /// # Errors
    ///
    /// Those of [`PackageFile::open_payload`].
    pub fn open_payload(
        &self,
        path: &Path,
        name: PackageName,
    ) -> Result<PayloadFile, PackageError> {
        self.watch(&name.clone(), |read| PackageFile::open_payload(path, name, read))
    }

    fn watch<T>(&self, name: &PackageName, open: impl FnOnce(&(dyn Fn(usize) + Sync)) -> T) -> T {
        let opened = open(&|bytes| self.note(name.as_str(), bytes));
        // Lines follow.
        if let Some(Ok(mut shown)) = self.shown.as_ref().map(Mutex::lock) {
            shown.progress.end();
        }
        opened
    }

    fn note(&self, name: &str, bytes: usize) {
        let done = self.done.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64;
        // Who comes while another one shows it has nothing newer to show.
        let Some(Ok(mut shown)) = self.shown.as_ref().map(Mutex::try_lock) else { return };
        if shown.started.elapsed() < SHOWN_AFTER {
            return;
        }
        shown.progress.show(name, done, self.total);
        let percent = percent(done, self.total);
        if shown.percent != Some(percent) {
            shown.percent = Some(percent);
            systemd::status(&format!("reading the packages: {percent} % of {} bytes", self.total));
        }
    }
}

fn percent(done: u64, total: u64) -> u64 {
    let percent = u128::from(done) * 100 / u128::from(total.max(1));
    // Files may grow.
    u64::try_from(percent).map_or(100, |percent| percent.min(100))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percents() {
        for (done, total, expected) in [(0, 0, 0), (1, 3, 33), (3, 3, 100), (9, 3, 100)] {
            assert_eq!(percent(done, total), expected);
        }
        assert_eq!(percent(u64::MAX, u64::MAX), 100);
    }
}
