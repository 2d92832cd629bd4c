//! From settings to the tracker of machines, with what was known before.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use omaha::PackageFile;

use crate::args::Settings;
use crate::log::{Log, Priority};
use crate::machine_tracker::{Expected, MachineTracker, Offered, Rules};
use crate::state_dir::{StateDir, StateDirError, UNREADABLE};
use crate::time::now;

/// The `--expect` file cannot be read.
#[derive(Debug)]
struct ExpectError {
    path: PathBuf,
    source: io::Error,
}

impl fmt::Display for ExpectError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "cannot read --expect {:?}", self.path)
    }
}

impl Error for ExpectError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

/// A tracker that knows no machines yet.
///
/// # Errors
///
/// When the list of expected machines cannot be read.
pub fn tracker(
    settings: &Settings,
    offered: Offered,
    packages: &[Arc<PackageFile>],
) -> Result<Arc<Mutex<MachineTracker>>, Box<dyn Error>> {
    let expected = match &settings.expect {
        Some(path) => Expected::read(
            &std::fs::read_to_string(path)
                .map_err(|source| ExpectError { path: path.clone(), source })?,
        ),
        None => Expected::default(),
    };
    let rules = Rules {
        boards: settings.boards.clone(),
        force: settings.force,
        at_once: settings.at_once,
        stop_after_failures: settings.stop_after_failures,
        silent_after: settings.silent_after,
    };
    let names = packages.iter().map(|package| package.name().to_string());
    Ok(Arc::new(Mutex::new(MachineTracker::new(offered, names, rules, expected, now()))))
}

/// The folder of what is known across restarts: `--state-dir`, or what systemd
/// has for it (`StateDirectory=`).
///
/// # Errors
///
/// When the folder cannot be used.
pub fn state_dir(settings: &Settings) -> Result<Option<StateDir>, StateDirError> {
    let from_systemd = || {
        let folders = std::env::var("STATE_DIRECTORY").ok()?;
        folders.split(':').next().filter(|folder| !folder.is_empty()).map(PathBuf::from)
    };
    let path = settings.state_dir.clone().or_else(from_systemd);
    path.map(|path| StateDir::open(&path)).transpose()
}

/// Gives the tracker what was known before a restart.
///
/// # Errors
///
/// When the folder cannot be read.
pub fn restore(
    state_dir: &StateDir,
    tracker: &Mutex<MachineTracker>,
    log: Log,
) -> Result<(), StateDirError> {
    let path = state_dir.path();
    let mut tracker = tracker.lock().unwrap_or_else(PoisonError::into_inner);
    let unreadable = state_dir.restore(&mut tracker)?;
    if unreadable > 0 {
        let plural = if unreadable == 1 { "" } else { "s" };
        let line = format!(
            "{unreadable} line{plural} in --state-dir {path:?} could not be read; the file is kept \
             as {UNREADABLE}"
        );
        log.line(Priority::Warning, &line);
    }
    let machines = tracker.counts().machines();
    if machines > 0 {
        let plural = if machines == 1 { "" } else { "s" };
        let line = format!("{machines} machine{plural} known from --state-dir {path:?}");
        log.line(Priority::Info, &line);
    }
    Ok(())
}
