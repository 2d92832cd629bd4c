//! A folder of updates (`--updates`): read at start, and again on SIGHUP.

mod layout;
mod notes;
mod offering;
mod reload;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use omaha::{PackageFile, PackageName};

use crate::args::{Settings, UPDATES};
use crate::digest_cache::DigestCache;
use crate::format::Plain;
use crate::hashing::Hashing;
use crate::log::{Log, Priority};
use crate::packages::{Checks, NOT_CHECKED, compare, is_hidden};
use layout::Found;
use notes::Notes;
pub use offering::Offering;
pub use reload::{Reload, start};

/// Reads the folder.
#[derive(Debug)]
pub struct Loader {
    settings: Settings,
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
}

impl Update {
    /// Whether machines may be offered it.
    fn is_offered(&self) -> bool {
        !self.packages.is_empty() && !self.found.is_held
    }
}

impl Loader {
    /// For this folder. What was found out by hashing is kept in `state_dir`.
    pub fn new(settings: &Settings, folder: &Path, state_dir: Option<&Path>, log: Log) -> Self {
        let (settings, folder) = (settings.clone(), folder.to_owned());
        let cache = state_dir.map_or_else(DigestCache::none, DigestCache::below);
        Self { settings, folder, cache, log }
    }

    /// Reads the folder for the first time.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or holds nothing that can be served.
    pub fn load(&self) -> Result<Updates, Box<dyn Error>> {
        let updates = self.read(&Updates::default())?;
        if self.settings.skip_payload_check {
            self.log.line(Priority::Warning, NOT_CHECKED);
        }
        Ok(updates)
    }

    /// Reads the folder, of which this was known before.
    fn read(&self, before: &Updates) -> Result<Updates, Box<dyn Error>> {
        let mut notes = Notes::new(self.log, &self.folder);
        let fail = |source| LoadError { folder: self.folder.clone(), source };
        let found = layout::scan(&self.folder, &mut notes).map_err(|error| fail(Some(error)))?;
        let mut keys = Vec::new();
        let checks = Checks::new(&self.settings, &mut keys)?;
        keys.iter().for_each(|(_, line)| notes.say(line));

        let is_first = before.updates.is_empty();
        let hashing = if is_first {
            let files = found.iter().flat_map(|found| {
                let files = found.files.as_deref().unwrap_or_default();
                files.iter().map(|name| self.path(found, name))
            });
            Hashing::new(&files.collect::<Vec<_>>())
        } else {
            Hashing::quiet()
        };
        let files = before.updates.iter().flat_map(|update| &update.packages);
        let mut read = Read {
            loader: self,
            checks,
            hashing,
            before: files.map(|file| (file.path(), file)).collect(),
            recalled: Vec::new(),
            notes,
        };
        let updates: Vec<_> = found.into_iter().filter_map(|found| read.update(found)).collect();
        let Read { recalled, mut notes, .. } = read;
        if let Some(error) = self.cache.take_failure() {
            notes.say(&format!(
                "digests cannot be kept in --state-dir, and are computed again after a restart: {}",
                Plain(&error)
            ));
        }
        notes.finish();
        if updates.iter().all(|update| update.packages.is_empty()) {
            return Err(fail(None).into());
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
    checks: Checks<'a>,
    hashing: Hashing,
    /// Those that are open already.
    before: HashMap<&'a Path, &'a Arc<PackageFile>>,
    recalled: Vec<Arc<PackageFile>>,
    notes: Notes,
}

impl Read<'_> {
    /// Opens what was found, unless something is wrong with it.
    fn update(&mut self, mut found: Found) -> Option<Update> {
        match self.packages(&found) {
            Ok(packages) => Some(Update { found, packages }),
            Err(reason) if found.is_floor => {
                let place = &found.place;
                self.notes.say(&format!(
                    "{place} cannot be served: {reason}; it is a floor, so that machines below it \
                     are offered nothing newer"
                ));
                found.is_held = true;
                Some(Update { found, packages: Vec::new() })
            }
            Err(reason) => {
                self.notes.leave_out(&found.place, &reason);
                None
            }
        }
    }

    fn packages(&mut self, found: &Found) -> Result<Vec<Arc<PackageFile>>, String> {
        let names = found.files.as_ref().map_err(String::clone)?;
        let packages = names.iter().enumerate().map(|(index, name)| {
            let path = self.loader.path(found, name);
            self.package(index == 0, &path, name.clone())
        });
        packages.collect()
    }

    fn package(
        &mut self,
        is_system: bool,
        path: &Path,
        name: PackageName,
    ) -> Result<Arc<PackageFile>, String> {
        let cache = &self.loader.cache;
        if let Some(file) = self.before.get(path) {
            if file.is_in_place() {
                cache.keep(path);
                compare(file).map_err(|error| error.to_string())?;
                return Ok(Arc::clone(file));
            }
            // What was found out may be wrong.
            cache.remove(path);
        }
        let opened = self.checks.open(&self.hashing, cache, is_system, path, name);
        let opened = opened.map_err(|error| error.to_string())?;
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
struct LoadError {
    folder: PathBuf,
    /// None if there is nothing in it.
    source: Option<io::Error>,
}

impl fmt::Display for LoadError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { folder, source } = self;
        let Some(source) = source else {
            return write!(
                formatter,
                "{UPDATES} {folder:?} holds no update that can be served; each belongs into \
                 [CHANNEL/]BOARD/VERSION/, such as \
                 amd64-usr/4152.2.0/flatcar_production_update.gz"
            );
        };
        write!(formatter, "cannot read {UPDATES} {folder:?}: {}", Plain(source))?;
        if is_hidden(folder, source) {
            formatter.write_str("; the service cannot see /home, /root and /tmp")?;
        }
        Ok(())
    }
}

/// Its text includes the cause.
impl Error for LoadError {}
