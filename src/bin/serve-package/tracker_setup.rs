//! From settings to the tracker of machines, with what was known before.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use omaha::PackageFile;

use crate::args::Settings;
use crate::exit_condition::Until;
use crate::log::{Log, Priority};
use crate::machine_tracker::{Expected, MachineTracker, Offered, Rules};
use crate::state_dir::{StateDir, StateDirError, UNREADABLE};
use crate::time::now;

/// What is wrong with the `--expect` file.
#[derive(Debug)]
enum ExpectError {
    Read(PathBuf, io::Error),
    Encoding(PathBuf),
    Empty(PathBuf),
}

impl fmt::Display for ExpectError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(path, _) => write!(formatter, "cannot read --expect {path:?}"),
            Self::Encoding(path) => write!(formatter, "--expect {path:?} is not UTF-8 text"),
            Self::Empty(path) => write!(formatter, "--expect {path:?} names no machine"),
        }
    }
}

impl Error for ExpectError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Read(_, source) => Some(source),
            _ => None,
        }
    }
}

/// The machines that are expected.
fn expected(settings: &Settings) -> Result<Expected, ExpectError> {
    let Some(path) = &settings.expect else { return Ok(Expected::default()) };
    let text = std::fs::read_to_string(path).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => ExpectError::Encoding(path.clone()),
        _ => ExpectError::Read(path.clone(), error),
    })?;
    let expected = Expected::read(&text);
    if expected.len() == 0 && settings.until_updated == Some(Until::Expected) {
        return Err(ExpectError::Empty(path.clone()));
    }
    Ok(expected)
}

/// A tracker that knows no machines yet.
///
/// # Errors
///
/// When the list of expected machines cannot be used.
pub fn tracker(
    settings: &Settings,
    offered: Offered,
    packages: &[Arc<PackageFile>],
) -> Result<Arc<Mutex<MachineTracker>>, Box<dyn Error>> {
    let expected = expected(settings)?;
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
