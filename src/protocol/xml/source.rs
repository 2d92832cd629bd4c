//! The bytes of a document on their way to the parser.

use std::io::{self, Read};

use super::error::ReadErrorKind;
use super::limits;
use super::prolog::Prolog;

/// Bytes asked for at a time. A real request fits, and clearing more takes longer
/// than it saves.
pub(super) const BUFFER: usize = 2 * 1024;

/// Hands the parser the bytes of a document one by one, as it asks for them,
/// and refuses what the parser should not see.
///
/// The parser never gets to know why a byte is refused: its own errors lose
/// what is in an [`io::Error`]. The reason is kept in [`refusal`](Self::refusal).
pub(super) struct Source<'a> {
    inner: &'a mut dyn Read,
    buffer: &'a mut [u8; BUFFER],
    /// How much of the buffer has been read from `inner`.
    filled: usize,
    /// The byte to hand out next, an index in the buffer.
    next: usize,
    /// Where to stop and think, an index in the buffer. Everything before it
    /// can be handed out without looking.
    stop: usize,
    /// How many bytes there were before those in the buffer.
    before: usize,
    /// Where the present piece began, a number of bytes from the beginning of
    /// the document.
    piece: usize,
    prolog: Prolog,
    /// Where a document type declaration was found, an index in the buffer.
    doctype: Option<usize>,
    started: bool,
    ended: bool,
    /// Whether the very first thing is the root element.
    bare: bool,
    refusal: Option<ReadErrorKind>,
}

impl<'a> Source<'a> {
    /// A source that has not been asked for anything yet.
    pub(super) fn new(inner: &'a mut dyn Read, buffer: &'a mut [u8; BUFFER]) -> Self {
        Self {
            inner,
            buffer,
            filled: 0,
            next: 0,
            stop: 0,
            before: 0,
            piece: 0,
            prolog: Prolog::default(),
            doctype: None,
            started: false,
            ended: false,
            bare: false,
            refusal: None,
        }
    }

    /// Begins to count the bytes of another piece.
    pub(super) fn begin_piece(&mut self) {
        self.piece = self.before + self.next;
        self.set_stop();
    }

    /// Why a byte was refused, if one was.
    pub(super) fn take_refusal(&mut self) -> Option<ReadErrorKind> {
        self.refusal.take()
    }

    /// Whether the parser has seen the end of the input.
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Whether the root element is the very first thing in the document.
    pub(super) fn begins_with_root(&self) -> bool {
        self.bare
    }

    fn set_stop(&mut self) {
        let allowed = limits::DOCUMENT.min(self.piece + limits::PIECE);
        self.stop = self
            .filled
            .min(allowed.saturating_sub(self.before))
            .min(self.doctype.unwrap_or(self.filled));
    }

    /// Called at `stop`: finds out whether there is more to hand out.
    /// Returns `false` at the end of the input.
    #[cold]
    fn advance(&mut self) -> Result<bool, ReadErrorKind> {
        let offset = self.before + self.next;
        if self.ended {
            return Ok(false);
        }
        if self.doctype == Some(self.next) {
            return Err(ReadErrorKind::Doctype);
        }
        if offset >= limits::DOCUMENT {
            return Err(ReadErrorKind::Limit {
                limit: limits::DOCUMENT,
                what: "bytes in the document",
            });
        }
        if offset - self.piece >= limits::PIECE {
            return Err(ReadErrorKind::Limit {
                limit: limits::PIECE,
                what: "bytes in a tag or between two",
            });
        }
        self.before = offset;
        self.next = 0;
        self.filled = 0;
        if self.started {
            self.fill(1)?;
        } else {
            // Enough to know the encoding. No document is shorter.
            self.fill(4)?;
            self.started = true;
            self.next = skip_mark(&self.buffer[..self.filled])?;
            let start = &self.buffer[self.next..self.filled];
            self.bare = !matches!(start, [b'<', b'!' | b'?', ..]) && matches!(start, [b'<', _, ..]);
        }
        if !self.prolog.is_over() {
            let fresh = &self.buffer[self.next..self.filled];
            self.doctype = self.prolog.find_doctype(fresh).map(|found| self.next + found);
        }
        self.ended = self.next == self.filled;
        self.set_stop();
        Ok(!self.ended)
    }

    /// Reads at least this many bytes, unless the input ends before.
    fn fill(&mut self, least: usize) -> Result<(), ReadErrorKind> {
        while self.filled < least {
            let free = self.buffer.get_mut(self.filled..).unwrap_or_default();
            match self.inner.read(free) {
                Ok(0) => break,
                // A source that claims more than it was asked for is not believed.
                Ok(count) => self.filled = self.filled.saturating_add(count).min(BUFFER),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(ReadErrorKind::Io(error)),
            }
        }
        Ok(())
    }
}

impl Read for Source<'_> {
    /// Hands out one byte, which is what the parser asks for.
    #[inline]
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        // Twice if a declaration begins with the first byte of a buffer.
        while self.next == self.stop {
            match self.advance() {
                Ok(true) => {}
                Ok(false) => return Ok(0),
                Err(kind) => {
                    self.refusal = Some(kind);
                    return Err(io::ErrorKind::Other.into());
                }
            }
        }
        match (into.first_mut(), self.buffer.get(self.next)) {
            (Some(place), Some(byte)) => {
                *place = *byte;
                self.next += 1;
                Ok(1)
            }
            _ => Ok(0),
        }
    }
}

/// The length of the byte order mark, unless it is that of another encoding.
fn skip_mark(start: &[u8]) -> Result<usize, ReadErrorKind> {
    match start {
        [0xEF, 0xBB, 0xBF, ..] => Ok(3),
        // The mark, or a document that begins with `<` or white space.
        [0xFE, 0xFF, ..] | [0xFF, 0xFE, ..] | [0, _, ..] | [_, 0, ..] => {
            Err(ReadErrorKind::Encoding(Some("UTF-16 or UTF-32".to_owned())))
        }
        _ => Ok(0),
    }
}
