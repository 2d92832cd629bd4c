//! Reading a payload's header and manifest.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

use super::error::{Part, PayloadError};
use super::format::Format;
use super::header;
use super::kind::Kind;
use super::manifest::Manifest;
use super::operation::{Operation, OperationCounts};
use super::partition::PartitionChange;
use super::signature::Signatures;

/// What the header and the manifest of a payload say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    manifest: Manifest,
    length: u64,
}

impl Payload {
    /// The longest manifest that is read, in bytes: 64 MiB. Those of full payloads
    /// have some hundred kilobytes.
    pub const MAX_MANIFEST: u64 = 64 * 1024 * 1024;

    /// Reads the header and the manifest. The reader then stands where the
    /// operations' data begin. It needs no buffer: it is read in
    /// two large pieces.
    ///
    /// # Errors
    ///
    /// When reading fails, when it is not a payload, or not a sound one, and when
    /// it ends before the manifest does.
    pub fn read(mut reader: impl Read) -> Result<Self, PayloadError> {
        Self::read_beginning(&mut reader, None)
    }

    /// The same of a file that is known to have this many bytes: memory is then taken
    /// once, and not at all where the manifest does not fit into the file. Whether
    /// the rest fits is for [`check_length`](Self::check_length) to say.
    ///
    /// # Errors
    ///
    /// Those of [`Payload::read`].
    pub fn read_sized(mut reader: impl Read, size: u64) -> Result<Self, PayloadError> {
        Self::read_beginning(&mut reader, Some(size))
    }

    fn read_beginning(reader: &mut dyn Read, size: Option<u64>) -> Result<Self, PayloadError> {
        let mut beginning = Vec::new();
        (&mut *reader).take(header::LENGTH as u64).read_to_end(&mut beginning)?;
        let length = match header::read(&beginning) {
            Err(PayloadError::NotAPayload(_)) => {
                // More of it tells better what it is instead.
                let more = Format::LOOKED_AT - beginning.len();
                reader.take(more as u64).read_to_end(&mut beginning)?;
                return Err(PayloadError::NotAPayload(Format::of(&beginning)));
            }
            length => length?,
        };
        if length > Self::MAX_MANIFEST {
            return Err(PayloadError::ManifestTooLong(length));
        }
        let expected = header::LENGTH as u64 + length;
        let cut = |found| PayloadError::Cut { part: Part::Manifest, expected, found };
        if let Some(size) = size.filter(|size| *size < expected) {
            return Err(cut(size));
        }
        let step = if size.is_some() { length } else { STEP };
        let manifest = read_in_steps(reader, length, step)?;
        if (manifest.len() as u64) < length {
            return Err(cut((header::LENGTH + manifest.len()) as u64));
        }
        Self::of_manifest(manifest)
    }

    /// Reads the header, the manifest and the signatures of a file, wherever it
    /// was read to, and checks that it has exactly the length that it should
    /// have. The operations' data are not read.
    ///
    /// # Errors
    ///
    /// Those of [`Payload::read`] and of [`Signatures::parse`], and when the file
    /// has another length.
    pub fn of_file(file: &File) -> Result<(Self, Signatures), PayloadError> {
        let found = file.metadata()?.len();
        let payload = Self::read_sized(FileReader { file, position: 0 }, found)?;
        payload.check_length(found)?;
        let size = payload.signatures_size();
        let reader = FileReader { file, position: payload.signed_length() };
        let mut signatures = Vec::new();
        reader.take(size).read_to_end(&mut signatures)?;
        if (signatures.len() as u64) < size {
            let found = payload.signed_length() + signatures.len() as u64;
            return Err(payload.cut(found));
        }
        Ok((payload, Signatures::parse(&signatures)?))
    }

    fn of_manifest(bytes: Vec<u8>) -> Result<Self, PayloadError> {
        let begin = (header::LENGTH + bytes.len()) as u64;
        let manifest = Manifest::parse(bytes)?;
        let facts = &manifest.facts;
        if facts.signatures_size > Signatures::MAX_LENGTH {
            return Err(PayloadError::manifest(format_args!(
                "it announces {} bytes of signatures, expected at most {}",
                facts.signatures_size,
                Signatures::MAX_LENGTH
            )));
        }
        let data = facts.signatures_offset.checked_add(facts.signatures_size);
        let length = data.and_then(|data| data.checked_add(begin));
        let length = length.ok_or_else(|| {
            let offset = facts.signatures_offset;
            PayloadError::manifest(format_args!("the signatures begin at byte {offset}"))
        })?;
        Ok(Self { manifest, length })
    }

    /// Checks the length of its file.
    ///
    /// # Errors
    ///
    /// When that is not exactly [`Payload::length`].
    pub fn check_length(&self, found: u64) -> Result<(), PayloadError> {
        match found.cmp(&self.length) {
            std::cmp::Ordering::Less => Err(self.cut(found)),
            std::cmp::Ordering::Equal => Ok(()),
            std::cmp::Ordering::Greater => {
                Err(PayloadError::TooLong { expected: self.length, found: Some(found) })
            }
        }
    }

    /// Its file has only this many bytes, but the manifest is among them.
    pub(super) fn cut(&self, found: u64) -> PayloadError {
        let part = if found < self.signed_length() { Part::Data } else { Part::Signatures };
        PayloadError::Cut { part, expected: self.length, found }
    }

    /// The length that its file must have, in bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// How many bytes from the beginning of the file on are signed: all before the
    /// signatures.
    pub fn signed_length(&self) -> u64 {
        self.length - self.signatures_size()
    }

    /// The length of the signatures at its end, in bytes.
    pub fn signatures_size(&self) -> u64 {
        self.manifest.facts.signatures_size
    }

    /// Where the operations' data begin, in bytes from the beginning of the file.
    pub fn data_offset(&self) -> u64 {
        (header::LENGTH + self.manifest.bytes().len()) as u64
    }

    /// What it updates.
    pub fn kind(&self) -> Kind {
        match self.manifest.facts.kernel {
            Some(_) => Kind::OperatingSystem,
            None => Kind::Extension,
        }
    }

    /// Whether it applies to one earlier version only: it has operations that need
    /// the old partition, or says what that is.
    pub fn is_delta(&self) -> bool {
        let facts = &self.manifest.facts;
        let old_kernel = facts.kernel.and_then(|kernel| kernel.old);
        let OperationCounts { moves, bsdiff, .. } = facts.counts;
        moves + bsdiff > 0 || facts.partition.old.or(old_kernel).is_some()
    }

    /// Bytes of a block of the partition.
    pub fn block_size(&self) -> u64 {
        self.manifest.facts.block_size
    }

    /// The partition, or the extension's file, before and after.
    pub fn partition(&self) -> PartitionChange {
        self.manifest.facts.partition
    }

    /// The kernel before and after, if it has one.
    pub fn kernel(&self) -> Option<PartitionChange> {
        self.manifest.facts.kernel
    }

    /// How many operations of each kind it has.
    pub fn operation_counts(&self) -> OperationCounts {
        self.manifest.facts.counts
    }

    /// The operations for the partition and then for the kernel, as
    /// `update_engine` performs them.
    pub fn operations(&self) -> impl Iterator<Item = Operation> {
        self.manifest.operations()
    }

    /// The bytes before the operations' data.
    pub(super) fn beginning(&self) -> ([u8; header::LENGTH], &[u8]) {
        let manifest = self.manifest.bytes();
        (header::write(manifest.len() as u64), manifest)
    }
}

/// Bytes for which memory is taken at a time, where it is not known how many will
/// come, so that only a long file takes much.
const STEP: u64 = 1024 * 1024;

/// Reads as much as there is, up to a length that a file claims.
fn read_in_steps(reader: &mut dyn Read, length: u64, step: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let wanted = (length - bytes.len() as u64).min(step);
        bytes.reserve_exact(usize::try_from(wanted).unwrap_or(0));
        if wanted == 0 || (&mut *reader).take(wanted).read_to_end(&mut bytes)? == 0 {
            return Ok(bytes);
        }
    }
}

/// Reads a file from a position on, which is nobody else's.
struct FileReader<'a> {
    file: &'a File,
    position: u64,
}

impl Read for FileReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.position)?;
        self.position += read as u64;
        Ok(read)
    }
}
