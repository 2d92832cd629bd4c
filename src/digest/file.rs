//! Both digests of a file at the same time, and the checksums of its blocks.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::{self, Scope, ScopedJoinHandle};

use sha1::digest::Digest as _;

use super::prefix::PrefixHasher;
use super::{BLOCK, BlockChecksums, Digests, Sha1, Sha256};

/// Bytes of a piece. With 32 KiB the two threads spend as much on waiting for
/// each other as they save.
const PIECE: usize = 4 * BLOCK;

/// Pieces in memory at a time: two that are hashed, one that is being read, and
/// one by which a hasher may be ahead.
const PIECES: usize = 4;

/// Hashers that need each piece.
const HASHERS: u8 = 2;

/// What is known of a file that was read to its end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FileDigests {
    pub digests: Digests,
    pub blocks: BlockChecksums,
    /// The SHA-256 of the prefix that was asked for, unless the file is shorter.
    pub prefix: Option<Sha256>,
}

impl FileDigests {
    /// Takes both digests of the first `limit` bytes of a file, each on a
    /// thread of its own, which share what they read: with two processors that
    /// takes about half as long as one after the other. The SHA-256 of the first
    /// `prefix` bytes costs nothing more.
    ///
    /// # Errors
    ///
    /// Those of `pread(2)`.
    pub(crate) fn from_file(
        file: &Watched<'_>,
        limit: u64,
        prefix: Option<u64>,
    ) -> io::Result<Self> {
        // Not here: the pieces lie on a stack, which is given back with its thread.
        let mut digests = None;
        thread::scope(|scope| {
            let work = Box::new(|| digests = Self::on_two_threads(file, limit, prefix));
            // Without a thread it is done below.
            let _ = spawn(scope, "sha256", work);
        });
        digests.unwrap_or_else(|| Self::on_this_thread(file, limit, prefix))
    }

    fn on_this_thread(file: &Watched<'_>, limit: u64, prefix: Option<u64>) -> io::Result<Self> {
        let (mut sha1, mut sha256) = (sha1::Sha1::new(), PrefixHasher::new(prefix));
        let mut blocks = BlockChecksums::default();
        let mut block = vec![0; BLOCK];
        for number in 0.. {
            let length = file.read_at(&mut block, (number * BLOCK) as u64, limit)?;
            sha1.update(&block[..length]);
            sha256.update(&block[..length]);
            blocks.record(number, &block[..length]);
            if length < BLOCK {
                break;
            }
        }
        Ok(Self::new(sha1, sha256, blocks))
    }

    fn new(sha1: sha1::Sha1, sha256: PrefixHasher, blocks: BlockChecksums) -> Self {
        let (sha256, size, prefix) = sha256.finish();
        let digests = Digests { sha1: Sha1(sha1.finalize().into()), sha256, size };
        Self { digests, blocks, prefix }
    }

    /// None if no thread could be started.
    fn on_two_threads(
        file: &Watched<'_>,
        limit: u64,
        prefix: Option<u64>,
    ) -> Option<io::Result<Self>> {
        let mut room = [[0; PIECE]; PIECES];
        let pieces = Pieces::new(file, limit, &mut room);
        let (mut sha1, mut sha256) = (sha1::Sha1::new(), PrefixHasher::new(prefix));
        thread::scope(|scope| {
            let work = Box::new(|| pieces.for_each(|piece| sha1.update(piece)));
            let other = spawn(scope, "sha1", work).ok()?;
            pieces.for_each(|piece| sha256.update(piece));
            other.join().ok()
        })?;
        let State { error, blocks, .. } = std::mem::take(&mut *pieces.lock());
        Some(match error {
            Some(error) => Err(error),
            None => Ok(Self::new(sha1, sha256, blocks)),
        })
    }
}

/// Twice what the pieces take, whatever the program has as its default.
const STACK: usize = 2 * PIECE * PIECES;

fn spawn<'scope>(
    scope: &'scope Scope<'scope, '_>,
    name: &str,
    work: Box<dyn FnOnce() + Send + 'scope>,
) -> io::Result<ScopedJoinHandle<'scope, ()>> {
    thread::Builder::new().name(name.to_owned()).stack_size(STACK).spawn_scoped(scope, work)
}

/// A file, piece by piece, for two hashers. Each piece is read once: by the
/// hasher that finds the one it needs not there yet, so that the faster of the
/// two does more of the reading.
struct Pieces<'a> {
    file: &'a Watched<'a>,
    limit: u64,
    /// Piece `n` is in `n % PIECES`.
    places: [RwLock<Piece<'a>>; PIECES],
    state: Mutex<State>,
    changed: Condvar,
}

struct Piece<'a> {
    bytes: &'a mut [u8; PIECE],
    /// Less than all at the end of the file.
    length: usize,
}

#[derive(Default)]
struct State {
    places: [Place; PIECES],
    /// The first piece that no thread reads yet.
    unread: usize,
    blocks: BlockChecksums,
    error: Option<io::Error>,
}

/// What is in a place.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Nothing,
    /// A piece that is being read.
    Coming,
    /// A piece, and how many hashers need it still.
    Piece(u8),
}

impl<'a> Pieces<'a> {
    fn new(file: &'a Watched<'a>, limit: u64, room: &'a mut [[u8; PIECE]; PIECES]) -> Self {
        let places = room.each_mut().map(|bytes| RwLock::new(Piece { bytes, length: 0 }));
        Self { file, limit, places, state: Mutex::default(), changed: Condvar::new() }
    }

    /// Hands every piece to a hasher, in order.
    fn for_each(&self, mut hash: impl FnMut(&[u8])) {
        for number in 0.. {
            self.provide(number);
            let length = {
                let piece = self.places[number % PIECES].read();
                let piece = piece.unwrap_or_else(PoisonError::into_inner);
                hash(&piece.bytes[..piece.length]);
                piece.length
            };
            self.leave(number);
            if length < PIECE {
                break;
            }
        }
    }

    /// Returns when a piece is there, and reads meanwhile whatever comes next.
    fn provide(&self, number: usize) {
        let mut state = self.lock();
        loop {
            let next = state.unread;
            if number < next && matches!(state.places[number % PIECES], Place::Piece(_)) {
                return;
            }
            if state.places[next % PIECES] == Place::Nothing {
                state.places[next % PIECES] = Place::Coming;
                state.unread += 1;
                drop(state);
                let read = self.read(next);
                state = self.lock();
                state.places[next % PIECES] = Place::Piece(HASHERS);
                state.error = state.error.take().or(read.err());
                self.changed.notify_all();
            } else {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    /// Says that a hasher is done with a piece.
    fn leave(&self, number: usize) {
        let place = &mut self.lock().places[number % PIECES];
        *place = match *place {
            Place::Piece(left @ 2..) => Place::Piece(left - 1),
            _ => Place::Nothing,
        };
        self.changed.notify_all();
    }

    /// Reads a piece into its place; after an error, which ends everything,
    /// nothing.
    fn read(&self, number: usize) -> io::Result<()> {
        let mut piece =
            self.places[number % PIECES].write().unwrap_or_else(PoisonError::into_inner);
        let Piece { bytes, length } = &mut *piece;
        *length = 0;
        *length = self.file.read_at(&mut bytes[..], (number * PIECE) as u64, self.limit)?;
        let mut blocks = BlockChecksums::default();
        blocks.record(0, &bytes[..*length]);
        self.lock().blocks.place(number * PIECE / BLOCK, &blocks);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file, and who observes its reading.
pub(crate) struct Watched<'a> {
    pub file: &'a File,
    /// Called with the number of bytes read, piece by piece.
    pub read: &'a (dyn Fn(usize) + Sync),
}

impl Watched<'_> {
    /// Fills the buffer from a place in the file on, as far as the file and the
    /// limit go. How many bytes that was.
    fn read_at(&self, buffer: &mut [u8], at: u64, limit: u64) -> io::Result<usize> {
        let left = usize::try_from(limit.saturating_sub(at)).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(left);
        let mut length = 0;
        while length < wanted {
            match self.file.read_at(&mut buffer[length..wanted], at + length as u64) {
                Ok(0) => break,
                Ok(read) => length += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        (self.read)(length);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As both ways have it, which agree.
    fn of_file(file: &File, limit: u64, prefix: Option<u64>) -> FileDigests {
        use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
        let seen = AtomicU64::new(0);
        let read = |bytes: usize| {
            seen.fetch_add(bytes as u64, Relaxed);
        };
        let file = &Watched { file, read: &read };
        let digests = FileDigests::from_file(file, limit, prefix).unwrap();
        assert_eq!(seen.swap(0, Relaxed), digests.digests.size);
        assert_eq!(digests, FileDigests::on_this_thread(file, limit, prefix).unwrap());
        assert_eq!(seen.into_inner(), digests.digests.size);
        digests
    }

    #[test]
    fn as_in_one_pass() {
        let file = File::open("fixtures/update.gz").unwrap();
        let content = std::fs::read("fixtures/update.gz").unwrap();
        for length in [content.len(), 1000, 0] {
            let limit = if length == content.len() { u64::MAX } else { length as u64 };
            let FileDigests { digests, blocks, prefix } = of_file(&file, limit, None);
            assert_eq!(digests, Digests::from_reader(&content[..length]).unwrap());
            assert!(blocks.matches(0, &content[..length]));
            assert_eq!(prefix, None);
        }
    }

    #[test]
    fn at_the_edges_of_pieces() {
        let file = File::open("/dev/zero").unwrap();
        let content = vec![0; PIECE * 10 + 1];
        for pieces in [1, 2, 3, 4, 5, 9, 10] {
            for length in [pieces * PIECE - 1, pieces * PIECE, pieces * PIECE + 1] {
                let FileDigests { digests, blocks, prefix } =
                    of_file(&file, length as u64, Some(length as u64 - 1));
                assert_eq!(digests, Digests::from_reader(&content[..length]).unwrap(), "{length}");
                assert!(blocks.matches(0, &content[..length]));
                let shorter = Digests::from_reader(&content[..length - 1]).unwrap();
                assert_eq!(prefix, Some(shorter.sha256), "{length}");
            }
        }
    }

    #[test]
    fn prefixes() {
        let file = File::open("/dev/zero").unwrap();
        let content = vec![0; 2 * PIECE];
        for length in [0, 1, BLOCK, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE] {
            let found = of_file(&file, content.len() as u64, Some(length as u64));
            let expected = Digests::from_reader(&content[..length]).unwrap().sha256;
            assert_eq!(found.prefix, Some(expected), "{length}");
        }
        let longer = Some(content.len() as u64 + 1);
        assert_eq!(of_file(&file, content.len() as u64, longer).prefix, None);
    }

    #[test]
    fn what_cannot_be_read() {
        let directory = File::open("/").unwrap();
        let directory = Watched { file: &directory, read: &|_| {} };
        assert!(FileDigests::from_file(&directory, u64::MAX, None).is_err());
    }
}
