//! What tells one file, and one state of it, from another.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What tells whether a file was changed in place. The time of status change
/// (`ctime`) is left out on purpose: renaming another file over this one
/// changes it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    pub size: u64,
    pub seconds: i64,
    pub nanoseconds: i64,
}

impl Stamp {
    pub fn of(metadata: &Metadata) -> Self {
        Self { size: metadata.len(), seconds: metadata.mtime(), nanoseconds: metadata.mtime_nsec() }
    }

    /// In whole seconds, as HTTP has it; 1970 for a time before that.
    pub fn modified(self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(u64::try_from(self.seconds).unwrap_or(0))
    }
}

/// Which file it is, beside its size and time of modification, and when its
/// content or anything else of it was last changed, which no program can set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub inode: u64,
    pub changed: (i64, i64),
}

impl Identity {
    pub fn of(metadata: &Metadata) -> Self {
        Self { inode: metadata.ino(), changed: (metadata.ctime(), metadata.ctime_nsec()) }
    }
}
