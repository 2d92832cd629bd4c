//! A file that is not there until it is right.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
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

    /// The longest file name on Linux (`NAME_MAX`).
    const MAX_LENGTH: usize = 255;

    /// Creates `.NAME.PID.part`, with the beginning of a name that is too long
    /// for that.
    pub fn create(target: &Path) -> Result<Self, DownloadError> {
        let fail = |path: &Path, source| DownloadError::File { path: path.to_owned(), source };
        let Some(name) = target.file_name() else {
            return Err(fail(target, io::Error::other("this is not the path of a file")));
        };
        let mut path = target.to_owned();
        for number in 0..Self::NAMES {
            let end = match number {
                0 => format!(".{}.part", std::process::id()),
                number => format!(".{}-{number}.part", std::process::id()),
            };
            let mut hidden = OsString::from(".");
            hidden.push(&*beginning(name, Self::MAX_LENGTH - 1 - end.len()));
            hidden.push(end);
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

/// As much of a name as fits. One that is not UTF-8 is cut as it is shown.
fn beginning(name: &OsStr, length: usize) -> Cow<'_, str> {
    match name.to_string_lossy() {
        Cow::Borrowed(name) => name[..name.floor_char_boundary(length)].into(),
        Cow::Owned(mut name) => {
            name.truncate(name.floor_char_boundary(length));
            name.into()
        }
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.published {
            // It may have been removed by somebody else; the error cannot be reported.
            let _ = fs::remove_file(&self.path);
        }
    }
}
