//! A file that is not there until it is right.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::DownloadError;

/// A file beside the one that it is to become, so that a rename can put it
/// there in one step. It is removed unless it is published.
pub(super) struct Partial {
    path: PathBuf,
    file: File,
    published: bool,
}

impl Partial {
    /// Names that are tried: others are left from processes that were killed.
    const NAMES: u32 = 100;

    /// Creates `.NAME.PID.part`.
    pub fn create(target: &Path) -> Result<Self, DownloadError> {
        let fail = |path: &Path, source| DownloadError::File { path: path.to_owned(), source };
        let Some(name) = target.file_name() else {
            return Err(fail(target, io::Error::other("this is not the path of a file")));
        };
        let mut path = target.to_owned();
        for number in 0..Self::NAMES {
            let mut hidden = OsString::from(".");
            hidden.push(name);
            match number {
                0 => hidden.push(format!(".{}.part", std::process::id())),
                number => hidden.push(format!(".{}-{number}.part", std::process::id())),
            }
            path.set_file_name(hidden);
            // Never follows a link that somebody else put there.
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => return Ok(Self { path, file, published: false }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(fail(&path, error)),
            }
        }
        Err(fail(&path, io::ErrorKind::AlreadyExists.into()))
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Puts it under its final path, after it has reached the disk.
    pub fn publish(mut self, target: &Path) -> Result<(), DownloadError> {
        let fail = |source| DownloadError::File { path: target.to_owned(), source };
        self.file.sync_all().map_err(fail)?;
        fs::rename(&self.path, target).map_err(fail)?;
        self.published = true;
        // The rename itself is on the disk when its directory is.
        let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty());
        let directory = File::open(parent.unwrap_or(Path::new("."))).map_err(fail)?;
        match directory.sync_all() {
            // Some file systems cannot, and then there is nothing to be done.
            Err(error) if error.kind() != io::ErrorKind::InvalidInput => Err(fail(error)),
            _ => Ok(()),
        }
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.published {
            // It may have been removed by somebody else; there is nobody to tell.
            let _ = fs::remove_file(&self.path);
        }
    }
}
