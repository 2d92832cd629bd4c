//! Files to serve, in a directory that goes away with the test.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A directory of its own for each test.
pub struct Directory(PathBuf);

impl Directory {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("serve-package-test-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        // One that is left over from a killed run with the same process id.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Where a file of this name is or would be.
    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file.
    pub fn write(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.join(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// Makes a file that is nothing but a hole of so many bytes, and then
    /// `end`: any size at no cost.
    pub fn write_sparse(&self, name: &str, hole: u64, end: &[u8]) -> PathBuf {
        use std::os::unix::fs::FileExt;
        let path = self.join(name);
        let file = File::create(&path).unwrap();
        file.set_len(hole + end.len() as u64).unwrap();
        file.write_all_at(end, hole).unwrap();
        path
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Bytes that differ at every place, so that a byte from the wrong place is
/// noticed: the number of each group of eight, in the group.
pub fn bytes(length: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(length + 8);
    for group in 0u64.. {
        if bytes.len() >= length {
            break;
        }
        bytes.extend_from_slice(&group.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// More than all the socket buffers between two processes hold, as long as the
/// client is a [`Client::slow`](super::http::Client::slow): a server that sends
/// this much to a client that does not read is stuck.
pub const MORE_THAN_BUFFERS: usize = 24 * 1024 * 1024;

/// The key that the fixtures are signed with.
pub const GOOD_KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/payloads/key.pem");

/// A key that nothing is signed with, but for one entry.
pub const OTHER_KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/payloads/other-key.pem");

/// A payload of `fixtures/payloads`.
pub fn payload(name: &str) -> String {
    format!("{}/fixtures/payloads/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// What a release server has beside a file of this content.
pub fn published(content: &[u8], name: &str) -> String {
    format!("{}  {name}\n", omaha::Digests::from_reader(content).unwrap().sha256)
}
