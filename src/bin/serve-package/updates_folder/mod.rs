//! A folder of updates (`--updates`): read at start, and again on SIGHUP.

mod layout;
mod notes;
mod offering;
mod reload;

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use omaha::{PackageFile, PackageName};

use rustix::process::{Resource, getrlimit};

use crate::args::{Settings, UPDATES};
use crate::digest_cache::DigestCache;
use crate::format::Plain;
use crate::hashing::Hashing;
use crate::log::{Log, Priority};
use crate::packages::{Checks, NOT_CHECKED, StartError, compare, is_hidden};
use layout::Found;
use notes::Notes;
pub use offering::Offering;
pub use reload::{Reload, start};

/// Descriptors for everything but packages: 64 connections, whatever
/// `--max-connections` allows beyond that, and the server's own.
const DESCRIPTORS_KEPT: u64 = 64 + 32;

/// Whether there are descriptors for so many packages, and for the connections.
fn check_descriptors(packages: usize) -> Result<(), LoadError> {
    let Some(limit) = getrlimit(Resource::Nofile).current else { return Ok(()) };
    let needed = packages as u64 + DESCRIPTORS_KEPT;
    if needed <= limit { Ok(()) } else { Err(LoadError::Descriptors { needed, limit }) }
}

/// Reads the folder.
#[derive(Debug)]
pub struct Loader {
    /// With the keys as they were at the start.
    checks: Checks,
    folder: PathBuf,
    cache: DigestCache,
    log: Log,
}

/// What the folder holds.
#[derive(Debug, Default)]
pub struct Updates {
    updates: Vec<Update>,
    /// Files that were not read, because they were hashed before.
    recalled: Vec<Arc<PackageFile>>,
}

/// An update of the folder, with its packages open; without any, if it cannot be
/// served and is a floor, which no machine may skip.
#[derive(Clone, Debug)]
struct Update {
    found: Found,
    packages: Vec<Arc<PackageFile>>,
    /// Whether it was not there before as it is now.
    is_new: bool,
}

impl Update {
    /// Whether machines may be offered it.
    fn is_offered(&self) -> bool {
        !self.packages.is_empty() && !self.found.is_held
    }
}

impl Loader {
    /// For this folder. What was found out by hashing is kept in `state_dir`.
    ///
    /// # Errors
    ///
    /// When the key cannot be read.
    pub fn new(
        settings: &Settings,
        folder: &Path,
        state_dir: Option<&Path>,
        log: Log,
    ) -> Result<Self, StartError> {
        let mut notes = Vec::new();
        let checks = Checks::new(settings, &mut notes)?;
        if settings.skip_payload_check {
            notes.push((Priority::Warning, NOT_CHECKED.to_owned()));
        }
        notes.iter().for_each(|(priority, line)| log.line(*priority, line));
        let cache = state_dir.map_or_else(DigestCache::none, DigestCache::below);
        Ok(Self { checks, folder: folder.to_owned(), cache, log })
    }

    /// Reads the folder for the first time.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or holds nothing that can be served.
    pub fn load(&self) -> Result<Updates, Box<dyn Error>> {
        self.read(&Updates::default())
    }

    /// Reads the folder, of which this was known before.
    fn read(&self, before: &Updates) -> Result<Updates, Box<dyn Error>> {
        let mut notes = Notes::new(self.log, &self.folder);
        let is_first = before.updates.is_empty();
        let found = layout::scan(&self.folder, is_first, &mut notes)?;
        let number = |found: &Found| found.files.as_deref().map_or(0, <[_]>::len);
        check_descriptors(found.iter().map(number).sum())?;
        let hashing = if is_first {
            let mut files = Vec::new();
            for found in &found {
                for name in found.files.as_deref().unwrap_or_default() {
                    files.push(self.path(found, name));
                }
            }
            Hashing::new(&files)
        } else {
            Hashing::quiet()
        };
        let mut read = Read { loader: self, hashing, before, recalled: Vec::new(), notes };
        let mut updates = Vec::new();
        for found in found {
            updates.extend(read.update(found));
        }
        let Read { recalled, mut notes, .. } = read;
        if let Some(error) = self.cache.take_failure() {
            notes.say(&format!(
                "digests cannot be kept in --state-dir, and are computed again after a restart: {}",
                Plain(&error)
            ));
        }
        notes.finish();
        if updates.iter().all(|update| update.packages.is_empty()) {
            return Err(LoadError::Nothing(self.folder.clone()).into());
        }
        self.cache.sweep();
        Ok(Updates { updates, recalled })
    }

    fn path(&self, found: &Found, name: &PackageName) -> PathBuf {
        let mut path = self.folder.join(&found.place);
        path.push(name.as_str());
        path
    }
}

/// Reads the folder once.
struct Read<'a> {
    loader: &'a Loader,
    hashing: Hashing,
    /// What was read before.
    before: &'a Updates,
    recalled: Vec<Arc<PackageFile>>,
    notes: Notes,
}

impl Read<'_> {
    /// Opens what was found, unless something is wrong with it.
    fn update(&mut self, mut found: Found) -> Option<Update> {
        match self.packages(&found) {
            Ok((packages, is_new)) => Some(Update { found, packages, is_new }),
            Err(reason) if found.is_floor => {
                let place = &found.place;
                self.notes.say(&format!(
                    "{place} cannot be served: {reason}; it counts as a floor, so that machines below it \
                     are offered nothing newer"
                ));
                found.is_held = true;
                Some(Update { found, packages: Vec::new(), is_new: false })
            }
            Err(reason) => {
                self.notes.leave_out(&found.place, &reason);
                None
            }
        }
    }

    /// The packages, and whether one of them was not there before as it is now.
    fn packages(&mut self, found: &Found) -> Result<(Vec<Arc<PackageFile>>, bool), String> {
        let names = found.files.as_ref().map_err(String::clone)?;
        let before = self.before.updates.iter().find(|update| update.found.place == found.place);
        let before = before.map_or(&[][..], |update| &update.packages);
        let (mut packages, mut is_new) = (Vec::new(), false);
        for name in names {
            let path = self.loader.path(found, name);
            let known = before.iter().find(|file| file.name() == name);
            if let Some(file) = known.filter(|file| file.is_in_place()) {
                self.loader.cache.keep(&path);
                compare(file).map_err(|error| error.to_string())?;
                packages.push(Arc::clone(file));
                continue;
            }
            if known.is_some() {
                // What was found out may be wrong.
                self.loader.cache.remove(&path);
            }
            is_new = true;
            packages.push(self.open(packages.is_empty(), &path, name).map_err(|e| e.to_string())?);
        }
        Ok((packages, is_new))
    }

    fn open(
        &mut self,
        is_system: bool,
        path: &Path,
        name: &PackageName,
    ) -> Result<Arc<PackageFile>, StartError> {
        let Loader { checks, cache, .. } = self.loader;
        let opened = checks.open(&self.hashing, cache, is_system, path, name.clone())?;
        let package = Arc::new(opened.package);
        if opened.is_recalled {
            self.recalled.push(Arc::clone(&package));
        }
        if let Some((Priority::Warning, note)) = opened.note {
            self.notes.say(&format!("{path:?}: {note}"));
        }
        Ok(package)
    }
}

/// Why the folder cannot be served.
#[derive(Debug)]
pub enum LoadError {
    Read(PathBuf, io::Error),
    /// There is no update in it.
    Nothing(PathBuf),
    /// There are too few of them for its packages.
    Descriptors {
        needed: u64,
        limit: u64,
    },
}

impl fmt::Display for LoadError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(folder, _) if folder.is_file() => {
                write!(formatter, "{UPDATES} {folder:?} is a file; name a directory")
            }
            Self::Read(folder, error) => {
                write!(formatter, "cannot read {UPDATES} {folder:?}: {}", Plain(error))?;
                if is_hidden(folder, error) {
                    formatter.write_str("; the service cannot see /home, /root and /tmp")?;
                }
                Ok(())
            }
            Self::Nothing(folder) => write!(
                formatter,
                "{UPDATES} {folder:?} holds no update that can be served; each belongs into \
                 [CHANNEL/]BOARD/VERSION/, such as \
                 amd64-usr/4152.2.0/flatcar_production_update.gz"
            ),
            Self::Descriptors { needed, limit } => write!(
                formatter,
                "the packages and some connections need {needed} file descriptors, and the limit is \
                 {limit}; raise it (LimitNOFILE=, ulimit -n)"
            ),
        }
    }
}

/// Its text includes the cause.
impl Error for LoadError {}
