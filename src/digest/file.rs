//! Both digests of a file at the same time.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::panic::resume_unwind;
use std::thread::{self, ScopedJoinHandle};

use sha1::digest::{Digest, Output};

use super::{Digests, Sha1, Sha256, each_piece};

impl Digests {
    /// Takes both digests of the first `limit` bytes of a file, each on a
    /// thread of its own: with two processors that takes about half as long,
    /// and what one of them reads the other finds in the page cache.
    ///
    /// # Errors
    ///
    /// Those of `pread(2)`, and when the two do not find equally much.
    pub(crate) fn of_file(file: &File, limit: u64) -> io::Result<Self> {
        let pass = || Pass { file, at: 0 }.take(limit);
        let sha1_of_file = || digest_of::<sha1::Sha1>(pass());
        let (first, second) = thread::scope(|scope| {
            let thread = thread::Builder::new().name("sha1".to_owned());
            let spawned = thread.spawn_scoped(scope, sha1_of_file);
            let second = digest_of::<sha2::Sha256>(pass());
            let first = match spawned.map(ScopedJoinHandle::join) {
                Ok(first) => first.unwrap_or_else(|panic| resume_unwind(panic)),
                // There is no thread to be had: one after the other.
                Err(_) => sha1_of_file(),
            };
            (first, second)
        });
        let ((sha1, size), (sha256, size_again)) = (first?, second?);
        if size != size_again {
            return Err(io::Error::other("its length changed while it was read"));
        }
        Ok(Self { sha1: Sha1(sha1.into()), sha256: Sha256(sha256.into()), size })
    }
}

/// One digest of everything, and how many bytes that is.
fn digest_of<D: Digest>(reader: impl Read) -> io::Result<(Output<D>, u64)> {
    let (mut hasher, mut size) = (D::new(), 0);
    each_piece(reader, |piece| {
        hasher.update(piece);
        size += piece.len() as u64;
    })?;
    Ok((hasher.finalize(), size))
}

/// Reads a file from its beginning, whoever else reads it at the same time.
struct Pass<'a> {
    file: &'a File,
    at: u64,
}

impl Read for Pass<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read_at(buffer, self.at)?;
        self.at += length as u64;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_in_one_pass() {
        let file = File::open("fixtures/update.gz").unwrap();
        let content = std::fs::read("fixtures/update.gz").unwrap();
        let of_file = |limit| Digests::of_file(&file, limit).unwrap();
        assert_eq!(of_file(u64::MAX), Digests::of(&content[..]).unwrap());
        assert_eq!(of_file(1000), Digests::of(&content[..1000]).unwrap());
        assert_eq!(of_file(0), Digests::of(&[][..]).unwrap());
    }
}
