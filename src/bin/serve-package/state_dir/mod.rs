//! What is known of the machines, kept across restarts (`--state-dir`).
//!
//! The file `machines` is appended to, a line for each change, and rewritten
//! from time to time: at start, when it has grown, and after lines were lost.

mod line;
mod writer;

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;

use crate::format::Plain;
use crate::machine_tracker::{Key, MAX_MACHINES, MachineTracker, Record, State};
pub use writer::Writer;

/// The name of the file.
const FILE: &str = "machines";

/// Longer than any line, whatever machines say.
const MAX_LINE: u64 = 16 * 1024;

/// The folder, which is this process's alone.
#[derive(Debug)]
pub struct StateDir {
    path: PathBuf,
    /// Locked as long as it is open.
    folder: File,
}

/// Why a folder cannot be used.
#[derive(Debug)]
pub struct StateDirError {
    path: PathBuf,
    source: io::Error,
}

impl fmt::Display for StateDirError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, source } = self;
        match source.kind() {
            io::ErrorKind::WouldBlock => {
                write!(
                    formatter,
                    "--state-dir {path:?} is used by another serve-package; name another"
                )
            }
            io::ErrorKind::AlreadyExists => {
                write!(formatter, "--state-dir {path:?} is not a folder")
            }
            _ => write!(formatter, "cannot use --state-dir {path:?}: {}", Plain(source)),
        }
    }
}

/// Its text includes the cause.
impl Error for StateDirError {}

impl StateDir {
    /// Opens the folder, which is made if it is missing.
    ///
    /// # Errors
    ///
    /// When it cannot be made, or another process has it.
    pub fn open(path: &Path) -> Result<Self, StateDirError> {
        let open = || {
            fs::create_dir_all(path)?;
            let folder = File::open(path)?;
            rustix::fs::flock(&folder, FlockOperation::NonBlockingLockExclusive)?;
            Ok(folder)
        };
        let path = path.to_owned();
        match open() {
            Ok(folder) => Ok(Self { path, folder }),
            Err(source) => Err(StateDirError { path, source }),
        }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the tracker what was known before. How many lines could not be
    /// read; a last one that was torn is none of them.
    ///
    /// # Errors
    ///
    /// When the file is there and cannot be read.
    pub fn restore(&self, tracker: &mut MachineTracker) -> Result<usize, StateDirError> {
        let restored = self.read().map_err(|source| StateDirError { path: self.file(), source })?;
        let Contents { offered, machines, unreadable } = restored;
        let is_same = offered.as_deref() == Some(tracker.offered().stored());
        for (key, mut record) in machines {
            if !is_same {
                forget_update(&mut record);
            }
            tracker.restore(key, record);
        }
        Ok(unreadable)
    }

    fn file(&self) -> PathBuf {
        self.path.join(FILE)
    }

    fn read(&self) -> io::Result<Contents> {
        let mut contents = Contents::default();
        let file = match File::open(self.file()) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(contents),
            Err(error) => return Err(error),
        };
        let mut reader = BufReader::new(file);
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            io::Read::take(&mut reader, MAX_LINE).read_until(b'\n', &mut bytes)?;
            if bytes.pop_if(|last| *last == b'\n').is_none() {
                if bytes.is_empty() || bytes.len() as u64 != MAX_LINE {
                    return Ok(contents);
                }
                contents.unreadable += 1;
                continue;
            }
            match str::from_utf8(&bytes).ok().and_then(line::read) {
                Some(line::Line::Offered(version)) => contents.offered = Some(version),
                Some(line::Line::Machine(key, record)) => {
                    let machines = &mut contents.machines;
                    if machines.len() < MAX_MACHINES || machines.contains_key(&key) {
                        machines.insert(key, *record);
                    }
                }
                Some(line::Line::Gone(key)) => {
                    contents.machines.remove(&key);
                }
                None => contents.unreadable += 1,
            }
        }
    }
}

/// What is in the file, of at most [`MAX_MACHINES`] machines.
#[derive(Debug, Default)]
struct Contents {
    offered: Option<String>,
    machines: HashMap<Key, Record>,
    unreadable: usize,
}

/// What a machine has done with another update says nothing about this one.
fn forget_update(record: &mut Record) {
    record.state = State::Seen;
    record.not_offered = "".into();
    record.error = None;
    (record.is_silent, record.has_failed, record.has_completed) = (false, false, false);
    (record.offered, record.is_step) = ("".into(), false);
    (record.attempts, record.bytes, record.size) = (0, 0, 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_machines_are_read_than_are_distinguished() {
        let path = std::env::temp_dir().join(format!("serve-package-{}", std::process::id()));
        let state_dir = StateDir::open(&path).unwrap();
        let record = Record::new([10, 0, 0, 1].into(), 1);
        let mut lines = String::new();
        for number in 0..=MAX_MACHINES {
            lines.push_str(&line::machine(&Key::Id(number.to_string().into()), &record));
        }
        // Not a further one.
        let again = Record { attempts: 5, ..record };
        lines.push_str(&line::machine(&Key::Id("0".into()), &again));
        fs::write(state_dir.file(), lines).unwrap();
        let contents = state_dir.read().unwrap();
        fs::remove_dir_all(&path).unwrap();
        assert_eq!(contents.machines.len(), MAX_MACHINES);
        assert_eq!(contents.machines[&Key::Id("0".into())].attempts, 5);
    }
}
