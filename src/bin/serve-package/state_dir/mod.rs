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

use crate::machine_tracker::{Key, MAX_MACHINES, MachineTracker, Record, State};
pub use writer::Writer;

/// The name of the file.
const FILE: &str = "machines";

/// A file with lines that could not be read is kept by this name.
pub const UNREADABLE: &str = "machines.unreadable";

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
pub enum StateDirError {
    /// Another process has it.
    InUse(PathBuf),
    NoFolder(PathBuf),
    /// The file in it is of another program, or of nobody any more.
    Foreign(PathBuf),
    Io(PathBuf, io::Error),
}

impl fmt::Display for StateDirError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse(path) => write!(
                formatter,
                "--state-dir {path:?} is used by another serve-package; name another"
            ),
            Self::Foreign(path) => write!(
                formatter,
                "{path:?} is not a state file of serve-package; name another --state-dir"
            ),
            Self::NoFolder(path) => write!(formatter, "--state-dir {path:?} is not a directory"),
            Self::Io(path, _) => write!(formatter, "cannot use --state-dir {path:?}"),
        }
    }
}

impl Error for StateDirError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io(_, source) => Some(source),
            _ => None,
        }
    }
}

impl StateDir {
    /// Opens the folder, which is made if it is missing.
    ///
    /// # Errors
    ///
    /// When it cannot be made, or another process has it.
    pub fn open(path: &Path) -> Result<Self, StateDirError> {
        let open = || -> io::Result<File> {
            fs::create_dir_all(path)?;
            let folder = File::open(path)?;
            rustix::fs::flock(&folder, FlockOperation::NonBlockingLockExclusive)?;
            Ok(folder)
        };
        let path = path.to_owned();
        match open() {
            Ok(folder) => Ok(Self { path, folder }),
            Err(error) => Err(match error.kind() {
                io::ErrorKind::WouldBlock => StateDirError::InUse(path),
                io::ErrorKind::AlreadyExists => StateDirError::NoFolder(path),
                _ => StateDirError::Io(path, error),
            }),
        }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the tracker what was known before. How many lines could not be
    /// read; a last one that was torn is none of them. With such lines the file is
    /// also kept as [`UNREADABLE`], as it is about to be replaced.
    ///
    /// # Errors
    ///
    /// When the file is there and cannot be read, or is none of ours.
    pub fn restore(&self, tracker: &mut MachineTracker) -> Result<usize, StateDirError> {
        let fail = |error| StateDirError::Io(self.file(), error);
        let Contents { offered, machines, unreadable, is_foreign } = self.read().map_err(fail)?;
        if is_foreign {
            return Err(StateDirError::Foreign(self.file()));
        }
        if unreadable > 0 {
            self.keep().map_err(fail)?;
        }
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

    /// Keeps the file under another name, even if there are no links.
    fn keep(&self) -> io::Result<()> {
        let kept = self.path.join(UNREADABLE);
        let _ = fs::remove_file(&kept);
        fs::hard_link(self.file(), &kept).or_else(|_| fs::rename(self.file(), &kept))
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
                let is_torn = (bytes.len() as u64) < MAX_LINE;
                // The first line is never torn: the file is put in place as a whole.
                contents.is_foreign |= contents.offered.is_none() && !bytes.is_empty();
                if is_torn || contents.is_foreign {
                    return Ok(contents);
                }
                contents.unreadable += 1;
                continue;
            }
            match str::from_utf8(&bytes).ok().and_then(line::read) {
                Some(line::Line::Offered(version)) => contents.offered = Some(version),
                _ if contents.offered.is_none() => {
                    contents.is_foreign = true;
                    return Ok(contents);
                }
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
    /// Whether it does not begin as ours does.
    is_foreign: bool,
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
        let mut lines = line::offered("4152.2.0");
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
