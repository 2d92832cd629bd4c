//! What was found out by hashing packages, kept in `--state-dir` across restarts:
//! a file for each package, called by the SHA-256 of the package's path.

use std::cell::RefCell;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use omaha::Digests;

/// The folder of these files, if there is one.
#[derive(Debug)]
pub struct DigestCache {
    folder: Option<PathBuf>,
    /// The names of those that were asked for.
    used: RefCell<Vec<String>>,
    failure: RefCell<Option<io::Error>>,
}

impl DigestCache {
    /// Keeps nothing.
    pub fn none() -> Self {
        Self { folder: None, used: RefCell::default(), failure: RefCell::default() }
    }

    /// Keeps them in a folder below this one.
    pub fn below(state_dir: &Path) -> Self {
        Self { folder: Some(state_dir.join("digests")), ..Self::none() }
    }

    /// What is known of a package, if anything.
    pub fn read(&self, package: &Path) -> Option<Vec<u8>> {
        fs::read(self.place(package)?).ok()
    }

    /// Keeps what is known of a package. Nothing that is torn by a crash is taken
    /// for anything, so it is not waited for the disk.
    pub fn write(&self, package: &Path, content: impl FnOnce() -> Vec<u8>) {
        let Some(place) = self.place(package) else { return };
        let Some(folder) = &self.folder else { return };
        let new = folder.join(".new");
        let write = || {
            fs::create_dir_all(folder)?;
            fs::write(&new, content())?;
            fs::rename(&new, &place)
        };
        if let Err(error) = write() {
            *self.failure.borrow_mut() = Some(error);
        }
    }

    /// Keeps what is known of a package.
    pub fn keep(&self, package: &Path) {
        let _ = self.place(package);
    }

    /// Keeps nothing more of a package.
    pub fn remove(&self, package: &Path) {
        if let Some(place) = self.place(package) {
            let _ = fs::remove_file(place);
        }
    }

    /// Removes what was not asked for, and starts over.
    pub fn sweep(&self) {
        let used = self.used.take();
        let Some(folder) = &self.folder else { return };
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.file_name().to_str().is_none_or(|name| !used.iter().any(|used| used == name)) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// Why something could not be kept since the last call, if so.
    pub fn take_failure(&self) -> Option<io::Error> {
        self.failure.take()
    }

    fn place(&self, package: &Path) -> Option<PathBuf> {
        let folder = self.folder.as_ref()?;
        let name = Digests::from_reader(package.as_os_str().as_bytes()).ok()?.sha256.to_hex();
        let place = folder.join(&name);
        self.used.borrow_mut().push(name);
        Some(place)
    }
}
