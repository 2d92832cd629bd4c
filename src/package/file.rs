//! A file that is served: opened once, hashed at boot, watched for change.

use std::fmt;
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::PackageName;
use crate::digest::Digests;
use crate::protocol::response;

/// A package that is served from a file.
///
/// The file is opened once and hashed at once; everything later reads from the
/// same descriptor. So a file that is *replaced* (another one renamed over it)
/// stays what it was, and one that is *changed in place* is noticed by its
/// size or time of modification: see [`PackageFile::check`].
#[derive(Debug)]
pub struct PackageFile {
    name: PackageName,
    path: PathBuf,
    file: File,
    digests: Digests,
    stamp: Stamp,
}

impl PackageFile {
    /// Opens and hashes the file at `path`, to be offered under `name`.
    ///
    /// # Errors
    ///
    /// When it cannot be opened or read, is not a regular file, is empty, or
    /// changes while it is read.
    pub fn open(path: &Path, name: PackageName) -> Result<Self, PackageError> {
        let fail = |problem| PackageError { path: path.to_owned(), problem };
        let io = |source| fail(Problem::Io(source));

        // Opening a named pipe for reading waits for a writer, unless O_NONBLOCK.
        let nonblocking = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
        let file =
            OpenOptions::new().read(true).custom_flags(nonblocking).open(path).map_err(io)?;
        let metadata = file.metadata().map_err(io)?;
        if !metadata.is_file() {
            return Err(fail(Problem::NotRegular(kind(&metadata))));
        }
        let stamp = Stamp::of(&metadata);
        if stamp.size == 0 {
            return Err(fail(Problem::Empty));
        }

        // One byte more than expected tells a growing file without following it.
        let digests = Digests::of_file(&file, stamp.size.saturating_add(1)).map_err(io)?;
        let now = Stamp::of(&file.metadata().map_err(io)?);
        if digests.size != stamp.size || now != stamp {
            return Err(fail(Problem::ChangedWhileReading { before: stamp.size, after: now.size }));
        }
        Ok(Self { name, path: path.to_owned(), file, digests, stamp })
    }

    /// The name it is offered under.
    pub fn name(&self) -> &PackageName {
        &self.name
    }

    /// Where it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its digests and its size, as they were when it was opened.
    pub fn digests(&self) -> &Digests {
        &self.digests
    }

    /// Its length in bytes.
    pub fn size(&self) -> u64 {
        self.stamp.size
    }

    /// When it was last modified before it was opened.
    pub fn modified(&self) -> SystemTime {
        self.stamp.modified()
    }

    /// Whether the file is still what was hashed, as far as its size and its
    /// time of modification tell.
    ///
    /// # Errors
    ///
    /// When it was changed in place, or its state cannot be read.
    pub fn check(&self) -> Result<(), PackageError> {
        let fail = |problem| PackageError { path: self.path.clone(), problem };
        let metadata = self.file.metadata().map_err(|source| fail(Problem::Io(source)))?;
        if Stamp::of(&metadata) == self.stamp { Ok(()) } else { Err(fail(Problem::ChangedSince)) }
    }

    /// Reads some bytes at an offset; 0 at the end.
    ///
    /// # Errors
    ///
    /// Those of `pread(2)`.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        loop {
            match self.file.read_at(buffer, offset) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    /// Its entry in a manifest, with both digests.
    pub fn describe(&self) -> response::Package {
        response::Package {
            name: self.name.to_string(),
            sha1: Some(self.digests.sha1),
            sha256: Some(self.digests.sha256),
            size: self.size(),
            required: true,
            metadata: None,
        }
    }
}

/// What tells whether a file was changed in place. The time of status change
/// (`ctime`) is left out on purpose: renaming another file over this one
/// changes it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    size: u64,
    seconds: i64,
    nanoseconds: i64,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self { size: metadata.len(), seconds: metadata.mtime(), nanoseconds: metadata.mtime_nsec() }
    }

    /// In whole seconds, as HTTP has it; 1970 for a time before that.
    fn modified(self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(u64::try_from(self.seconds).unwrap_or(0))
    }
}

fn kind(metadata: &Metadata) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    let kind = metadata.file_type();
    if kind.is_dir() {
        "a directory"
    } else if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_char_device() || kind.is_block_device() {
        "a device"
    } else {
        "not a regular file"
    }
}

/// Why a file cannot be served, or no longer.
#[derive(Debug)]
pub struct PackageError {
    path: PathBuf,
    problem: Problem,
}

#[derive(Debug)]
enum Problem {
    Io(io::Error),
    NotRegular(&'static str),
    Empty,
    ChangedWhileReading { before: u64, after: u64 },
    ChangedSince,
}

impl fmt::Display for PackageError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}: ", self.path)?;
        match &self.problem {
            Problem::Io(error) => write!(formatter, "{error}"),
            Problem::NotRegular(kind) => {
                write!(formatter, "it is {kind}; a package must be a regular file")
            }
            Problem::Empty => formatter.write_str("it is empty; a package must have content"),
            Problem::ChangedWhileReading { before, after } => write!(
                formatter,
                "it changed while it was read ({before} bytes before, {after} after); \
                 start again when it is complete"
            ),
            Problem::ChangedSince => formatter.write_str(
                "it was changed since the server was started; its digests no longer hold",
            ),
        }
    }
}

impl std::error::Error for PackageError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.problem {
            Problem::Io(error) => Some(error),
            _ => None,
        }
    }
}
