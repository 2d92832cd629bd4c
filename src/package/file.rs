//! A file that is served: opened once, hashed at boot, watched for change.

use std::fmt;
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::ops::Range;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use rustix::fs::{AtFlags, StatxFlags, statx};

use super::PackageName;
use super::stamp::{Identity, Stamp};
use crate::digest::{BLOCK, BlockChecksums, Digests, FileDigests, Sha256, Watched};
use crate::protocol::response;

/// A package that is served from a file.
///
/// The file is opened once and hashed at once; everything later reads from the
/// same descriptor. So a file that is *replaced* (another one renamed over it)
/// stays what it was, and one that is *changed in place* is noticed: by its
/// size or time of modification at once, see [`PackageFile::check`], and by its
/// content when it is read, because each block is compared with the checksum
/// that was taken while the file was hashed.
#[derive(Debug)]
pub struct PackageFile {
    pub(super) name: PackageName,
    pub(super) path: PathBuf,
    pub(super) file: File,
    pub(super) digests: Digests,
    pub(super) blocks: BlockChecksums,
    pub(super) stamp: Stamp,
    pub(super) identity: Identity,
    /// Once it was changed it stays so, even if its size and time are put back.
    pub(super) is_changed: AtomicBool,
}

impl PackageFile {
    /// Opens and hashes the file at `path`, to be offered under `name`.
    ///
    /// # Errors
    ///
    /// When it cannot be opened or read, is not a regular file, is empty, or
    /// changes while it is read.
    pub fn open(path: &Path, name: PackageName) -> Result<Self, PackageError> {
        Self::open_with_progress(path, name, &|_| {})
    }

    /// The same, and calls `read` with the number of bytes of each piece that
    /// was read, on whichever thread that is. Some gigabytes from a slow disk
    /// take minutes.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open).
    pub fn open_with_progress(
        path: &Path,
        name: PackageName,
        read: &(dyn Fn(usize) + Sync),
    ) -> Result<Self, PackageError> {
        let (file, metadata) = open(path)?;
        Self::hash(path, name, file, &metadata, None, read).map(|(package, _)| package)
    }

    /// The same for a file that must be an update payload, of which the header,
    /// the manifest and the signatures are read first: something else is refused
    /// at once, and the digest that is signed comes with the other ones. The
    /// operations' data are not verified; see
    /// [`Payload::verify`](crate::payload::Payload::verify).
    ///
    /// # Errors
    ///
    /// As for [`open`](Self::open), and when it is not a payload, or not a whole
    /// one; then [`PackageError::payload`] says why.
    #[cfg(feature = "payload")]
    pub fn open_payload(
        path: &Path,
        name: PackageName,
        read: &(dyn Fn(usize) + Sync),
    ) -> Result<PayloadFile, PackageError> {
        use crate::payload::{Payload, PayloadError};

        let (file, metadata) = open(path)?;
        let fail = |problem| PackageError { path: path.to_owned(), problem };
        let (payload, signatures) = Payload::of_file(&file).map_err(|error| match error {
            PayloadError::Io(error) => fail(Problem::Io(error)),
            error => fail(Problem::Payload(error)),
        })?;
        let prefix = Some(payload.signed_length());
        let (package, signed_digest) = Self::hash(path, name, file, &metadata, prefix, read)?;
        // The length was right, and is still the same.
        let signed_digest = signed_digest.ok_or_else(|| fail(Problem::ChangedSince))?;
        Ok(PayloadFile { package, payload, signatures, signed_digest })
    }

    /// Hashes a file from its beginning, and returns the digest of a prefix too.
    fn hash(
        path: &Path,
        name: PackageName,
        file: File,
        metadata: &Metadata,
        prefix: Option<u64>,
        read: &(dyn Fn(usize) + Sync),
    ) -> Result<(Self, Option<Sha256>), PackageError> {
        let fail = |problem| PackageError { path: path.to_owned(), problem };
        let io = |source| fail(Problem::Io(source));
        let (stamp, identity) = (Stamp::of(metadata), Identity::of(metadata));
        // One byte more than expected tells a growing file without following it.
        let watched = Watched { file: &file, read };
        let FileDigests { digests, blocks, prefix } =
            FileDigests::from_file(&watched, stamp.size.saturating_add(1), prefix).map_err(io)?;
        let now = Stamp::of(&file.metadata().map_err(io)?);
        if digests.size != stamp.size || now != stamp {
            return Err(fail(Problem::ChangedWhileReading { before: stamp.size, after: now.size }));
        }
        let is_changed = AtomicBool::new(false);
        let path = path.to_owned();
        Ok((Self { name, path, file, digests, blocks, stamp, identity, is_changed }, prefix))
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

    /// Whether the file is still what was hashed, as far as is known: its size
    /// and time of modification are the same, and no part of it was found to be
    /// changed when it was read.
    ///
    /// It does not wait for a disk: of a file on a network, or in a file system
    /// that is a program, it takes what the kernel knows (`statx(2)`,
    /// `AT_STATX_DONT_SYNC`).
    ///
    /// # Errors
    ///
    /// When it was changed in place, or its state cannot be read.
    pub fn check(&self) -> Result<(), PackageError> {
        let flags = AtFlags::EMPTY_PATH | AtFlags::STATX_DONT_SYNC;
        match statx(&self.file, "", flags, StatxFlags::SIZE | StatxFlags::MTIME) {
            Ok(status) => self.compare(Stamp {
                size: status.stx_size,
                seconds: status.stx_mtime.tv_sec,
                nanoseconds: status.stx_mtime.tv_nsec.into(),
            }),
            // Before Linux 4.11, or a sandbox that does not know the call.
            Err(_) => self.check_at_source(),
        }
    }

    /// The same, by asking wherever the file lies, which may take its time.
    fn check_at_source(&self) -> Result<(), PackageError> {
        let metadata = self.file.metadata().map_err(|source| self.error(Problem::Io(source)))?;
        self.compare(Stamp::of(&metadata))
    }

    fn compare(&self, now: Stamp) -> Result<(), PackageError> {
        if now != self.stamp || self.is_changed.load(Ordering::Relaxed) {
            return Err(self.changed());
        }
        Ok(())
    }

    /// Notes that the file is no longer what was hashed.
    fn changed(&self) -> PackageError {
        self.note_change();
        self.error(Problem::ChangedSince)
    }

    /// Notes that it must not be offered any more.
    pub(super) fn note_change(&self) {
        self.is_changed.store(true, Ordering::Relaxed);
    }

    fn error(&self, problem: Problem) -> PackageError {
        PackageError { path: self.path.clone(), problem }
    }

    /// Bytes that a buffer for [`read`](Self::read) must have at least.
    pub(crate) const LEAST_BUFFER: usize = BLOCK;

    /// Reads the beginning of a range into the buffer, as much as it has room
    /// for, but at least one byte, and checks that it is what was hashed.
    ///
    /// # Errors
    ///
    /// Those of `pread(2)`, and when the file was changed.
    pub(crate) fn read<'buffer>(
        &self,
        buffer: &'buffer mut [u8],
        range: &Range<u64>,
    ) -> Result<&'buffer [u8], PackageError> {
        let blocks = BlockChecksums::around(range, self.size());
        let room = buffer.len() / BLOCK * BLOCK;
        let wanted = usize::try_from(blocks.end - blocks.start).unwrap_or(room).min(room);
        let content = &mut buffer[..wanted];
        let read = self.file.read_exact_at(content, blocks.start);
        // First: a file that was truncated ends early, and that is why.
        self.check_at_source()?;
        read.map_err(|source| self.error(Problem::Io(source)))?;
        let first = usize::try_from(blocks.start / BLOCK as u64).unwrap_or(usize::MAX);
        if !self.blocks.matches(first, content) {
            return Err(self.changed());
        }
        let start = usize::try_from(range.start - blocks.start).unwrap_or(wanted);
        let end = usize::try_from(range.end - blocks.start).unwrap_or(wanted).min(wanted);
        Ok(&content[start..end])
    }

    /// Its entry in a manifest, with both digests.
    pub fn describe(&self) -> response::Package {
        response::Package::new(self.name.as_str(), &self.digests)
    }
}

/// The file's entry in a manifest.
impl From<&PackageFile> for response::Package {
    fn from(file: &PackageFile) -> Self {
        file.describe()
    }
}

/// The file's entry in a manifest.
impl From<&Arc<PackageFile>> for response::Package {
    fn from(file: &Arc<PackageFile>) -> Self {
        file.describe()
    }
}

/// A payload that is served from a file, and what is known of it.
#[cfg(feature = "payload")]
#[derive(Debug)]
#[non_exhaustive]
pub struct PayloadFile {
    /// The file.
    pub package: PackageFile,
    /// What it says of itself.
    pub payload: crate::payload::Payload,
    /// Its signatures, for a key to verify.
    pub signatures: crate::payload::Signatures,
    /// The digest that is signed.
    pub signed_digest: Sha256,
}

/// Opens a regular file that is not empty.
pub(super) fn open(path: &Path) -> Result<(File, Metadata), PackageError> {
    let fail = |problem| PackageError { path: path.to_owned(), problem };
    let io = |source| fail(Problem::Io(source));
    // Opening a named pipe for reading waits for a writer, unless O_NONBLOCK.
    let nonblocking = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(nonblocking).open(path).map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    if !metadata.is_file() {
        return Err(fail(Problem::NotRegular(kind(&metadata))));
    }
    if metadata.len() == 0 {
        return Err(fail(Problem::Empty));
    }
    Ok((file, metadata))
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
    ChangedWhileReading {
        before: u64,
        after: u64,
    },
    ChangedSince,
    #[cfg(feature = "payload")]
    Payload(crate::payload::PayloadError),
}

impl PackageError {
    /// Why it is not a payload that can be installed, if it is about that.
    #[cfg(feature = "payload")]
    pub fn payload(&self) -> Option<&crate::payload::PayloadError> {
        match &self.problem {
            Problem::Payload(error) => Some(error),
            _ => None,
        }
    }

    /// Whether the file is no longer what was hashed.
    pub fn is_changed(&self) -> bool {
        matches!(self.problem, Problem::ChangedSince | Problem::ChangedWhileReading { .. })
    }
}

impl fmt::Display for PackageError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}: ", self.path)?;
        match &self.problem {
            Problem::Io(_) => formatter.write_str("it cannot be read"),
            Problem::NotRegular(kind) => {
                write!(formatter, "it is {kind}; a package must be a regular file")
            }
            Problem::Empty => formatter.write_str("it is empty; a package must have content"),
            Problem::ChangedWhileReading { before, after } => write!(
                formatter,
                "it changed while it was read ({before} bytes before, {after} after); \
                 start again when it is complete"
            ),
            Problem::ChangedSince => {
                formatter.write_str("it was changed since the server was started")
            }
            #[cfg(feature = "payload")]
            Problem::Payload(error) => error.fmt(formatter),
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
