//! What was found out by hashing a file, to be kept: a file that has not changed
//! since need not be read again before it is served.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::PackageName;
use super::file::{self, PackageError, PackageFile};
use super::stamp::{Identity, Stamp};
use crate::digest::{BLOCK, BlockChecksums, Digests, Sha1, Sha256, checksum};

/// What it begins with. Another form has another one.
const MAGIC: &[u8; 8] = b"omahaPF2";

impl PackageFile {
    /// What was found out by hashing it, for [`recall`](Self::recall): some 4
    /// bytes for each 64 KiB. It is for a folder that nobody else may write to.
    pub fn remember(&self) -> Vec<u8> {
        self.remember_with(None)
    }

    /// Opens a file without reading it, by what was found out when it was hashed
    /// before. None if it is not the same file any more, was changed since in
    /// whatever way, or this is not what [`remember`](Self::remember) gave: then
    /// it is to be opened as any other.
    ///
    /// A disk may have lost something without a trace. So what is sent is compared
    /// with the checksums as usual, and [`recheck`](Self::recheck) compares all.
    pub fn recall(path: &Path, name: PackageName, remembered: &[u8]) -> Option<Self> {
        Self::recall_with(path, name, remembered).map(|(package, _)| package)
    }

    /// Reads the whole file, and compares each block with its checksum. Before
    /// each 1 MiB it asks whether to go on, which is where to pause.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or was changed; from then on it is not offered any
    /// more.
    pub fn recheck(&self, go_on: &mut dyn FnMut() -> bool) -> Result<(), PackageError> {
        let mut buffer = vec![0; 16 * BLOCK];
        let mut at = 0;
        while at < self.size() && go_on() {
            let read = self.read(&mut buffer, &(at..self.size()));
            at += read.inspect_err(|_| self.note_change())?.len() as u64;
        }
        Ok(())
    }

    /// Whether the file at its path is still the one that was hashed, and was not
    /// changed since in whatever way.
    pub fn is_in_place(&self) -> bool {
        std::fs::metadata(self.path())
            .is_ok_and(|now| Identity::of(&now) == self.identity && Stamp::of(&now) == self.stamp)
            && self.check().is_ok()
    }

    pub(super) fn remember_with(&self, signed: Option<&Sha256>) -> Vec<u8> {
        let Self { stamp, identity, digests, .. } = self;
        let mut bytes = MAGIC.to_vec();
        for number in numbers(*stamp, *identity) {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(digests.sha1.as_bytes());
        bytes.extend(digests.sha256.as_bytes());
        bytes.push(signed.is_some().into());
        bytes.extend(signed.map_or([0; 32], |signed| *signed.as_bytes()));
        self.blocks.write(&mut bytes);
        bytes.extend(checksum(&bytes).to_le_bytes());
        bytes
    }

    /// The same, and the digest that is signed, if it was remembered.
    pub(super) fn recall_with(
        path: &Path,
        name: PackageName,
        remembered: &[u8],
    ) -> Option<(Self, Option<Sha256>)> {
        let (file, metadata) = file::open(path).ok()?;
        let (stamp, identity) = (Stamp::of(&metadata), Identity::of(&metadata));
        let (bytes, sum) = remembered.split_last_chunk()?;
        if checksum(bytes) != u32::from_le_bytes(*sum) {
            return None;
        }
        let mut bytes = bytes.strip_prefix(MAGIC)?;
        for number in numbers(stamp, identity) {
            bytes = bytes.strip_prefix(&number.to_le_bytes())?;
        }
        let (sha1, bytes) = bytes.split_first_chunk()?;
        let (sha256, bytes) = bytes.split_first_chunk()?;
        let (has_signed, bytes) = bytes.split_first()?;
        let (signed, bytes) = bytes.split_first_chunk()?;
        let digests = Digests {
            sha1: Sha1::from_bytes(*sha1),
            sha256: Sha256::from_bytes(*sha256),
            size: metadata.len(),
        };
        let blocks = BlockChecksums::read(bytes, metadata.len())?;
        let (path, is_changed) = (path.to_owned(), AtomicBool::new(false));
        let package = Self { name, path, file, digests, blocks, stamp, identity, is_changed };
        Some((package, (*has_signed == 1).then(|| Sha256::from_bytes(*signed))))
    }
}

/// What must be the same.
fn numbers(stamp: Stamp, identity: Identity) -> [u64; 6] {
    let (seconds, nanoseconds) = identity.changed;
    let times = [stamp.seconds, stamp.nanoseconds, seconds, nanoseconds];
    let [a, b, c, d] = times.map(i64::cast_unsigned);
    [identity.inode, stamp.size, a, b, c, d]
}

#[cfg(feature = "payload")]
impl super::PayloadFile {
    /// As [`PackageFile::remember`], with the digest that is signed.
    pub fn remember(&self) -> Vec<u8> {
        self.package.remember_with(Some(&self.signed_digest))
    }

    /// As [`PackageFile::recall`], and reads what the payload says of itself.
    pub fn recall(path: &Path, name: PackageName, remembered: &[u8]) -> Option<Self> {
        let (package, signed_digest) = PackageFile::recall_with(path, name, remembered)?;
        let (payload, signatures) = crate::payload::Payload::of_file(&package.file).ok()?;
        Some(Self { package, payload, signatures, signed_digest: signed_digest? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, File};
    use std::io::{Seek, SeekFrom, Write};
    use std::path::PathBuf;

    fn write(name: &str, content: &[u8]) -> PathBuf {
        let path = std::env::temp_dir().join(format!("omaha-{name}-{}", std::process::id()));
        fs::write(&path, content).unwrap();
        path
    }

    fn name() -> PackageName {
        "a.gz".parse().unwrap()
    }

    #[test]
    fn the_same_file_is_recalled() {
        let path = write("recall", &vec![7; 3 * BLOCK + 5]);
        let package = PackageFile::open(&path, name()).unwrap();
        let remembered = package.remember();
        let recalled = PackageFile::recall(&path, name(), &remembered).unwrap();
        assert_eq!(recalled.digests(), package.digests());
        recalled.check().unwrap();
        recalled.recheck(&mut || true).unwrap();
        assert_eq!(recalled.remember(), remembered);
        for at in 0..remembered.len() {
            let mut torn = remembered.clone();
            torn[at] ^= 1;
            assert!(PackageFile::recall(&path, name(), &torn).is_none(), "{at}");
            assert!(PackageFile::recall(&path, name(), &remembered[..at]).is_none(), "{at}");
        }
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn another_one_is_not() {
        let path = write("other", &[7; 100]);
        let remembered = PackageFile::open(&path, name()).unwrap().remember();
        let modified = fs::metadata(&path).unwrap().modified().unwrap();
        // The same size and time, in the file's place and in the file itself.
        let other = write("another", &[8; 100]);
        File::options().write(true).open(&other).unwrap().set_modified(modified).unwrap();
        fs::rename(&other, &path).unwrap();
        assert!(PackageFile::recall(&path, name(), &remembered).is_none());
        let remembered = PackageFile::open(&path, name()).unwrap().remember();
        // Some file systems count time in ticks of some milliseconds.
        while PackageFile::recall(&path, name(), &remembered).is_some() {
            fs::write(&path, [9; 100]).unwrap();
            File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
        }
        fs::remove_file(&path).unwrap();
        assert!(PackageFile::recall(&path, name(), &remembered).is_none());
    }

    /// What the file system does not tell is found all the same.
    #[test]
    fn what_was_lost_is_found() {
        let path = write("lost", &vec![7; 20 * BLOCK]);
        let package = PackageFile::open(&path, name()).unwrap();
        let mut file = File::options().write(true).open(&path).unwrap();
        file.seek(SeekFrom::Start(18 * BLOCK as u64)).unwrap();
        file.write_all(&[8]).unwrap();
        file.set_modified(package.modified()).unwrap();
        let mut asked = 0;
        let mut go_on = || {
            asked += 1;
            asked < 9
        };
        assert!(package.recheck(&mut go_on).unwrap_err().is_changed());
        assert!(package.check().is_err());
        fs::remove_file(path).unwrap();
    }
}
