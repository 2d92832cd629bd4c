//! Verifying everything that follows the manifest, in one pass.

use std::io::{self, Read};

use sha2::Digest as _;

use super::error::PayloadError;
use super::operation::Operation;
use super::read::Payload;
use super::signature::Signatures;
use crate::digest::{Digests, Hasher, Sha256};

/// A payload that is whole, and whose operations' data are undamaged.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// Of the whole file.
    pub digests: Digests,
    /// Of what is signed: everything before the signatures.
    pub signed_digest: Sha256,
    /// The signatures, which were not verified yet: that needs a key.
    pub signatures: Signatures,
}

/// Bytes that are read at once, and after which progress is reported.
const PIECE: usize = 64 * 1024;

impl Payload {
    /// Reads the rest of the file, from the operations' data on, and checks that
    /// the data of each operation have the digest that the manifest tells, and
    /// that the file ends where it should. `progress` is called with how many bytes of
    /// the file were read so far, of [`Payload::length`].
    ///
    /// # Errors
    ///
    /// When reading fails, when an operation's data are damaged, when the file has
    /// another length, and when the signatures are not as they should be.
    pub fn verify(
        &self,
        mut reader: impl Read,
        mut progress: impl FnMut(u64),
    ) -> Result<Verified, PayloadError> {
        self.verify_content(&mut reader, &mut progress)
    }

    /// The same once for all readers, which keeps the program small.
    fn verify_content(
        &self,
        reader: &mut dyn Read,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Verified, PayloadError> {
        let (header, manifest) = self.beginning();
        let mut content = Content { reader, hasher: Hasher::new(), progress };
        content.hasher.update(&header);
        content.hasher.update(manifest);

        let mut buffer = vec![0; PIECE];
        for (number, operation) in (1..).zip(self.operations()) {
            self.check_data(&operation, number, &mut content, &mut buffer)?;
        }
        let signed_digest = content.hasher.sha256();

        let mut signatures = Vec::new();
        let length = self.signatures_size();
        let take = &mut |piece: &[u8]| signatures.extend_from_slice(piece);
        self.take(&mut content, &mut buffer, length, take)?;
        if content.read(&mut buffer[..1])? > 0 {
            return Err(PayloadError::TooLong { expected: self.length(), found: None });
        }
        let signatures = Signatures::parse(&signatures)?;
        Ok(Verified { digests: content.hasher.finish(), signed_digest, signatures })
    }

    fn check_data(
        &self,
        operation: &Operation,
        number: u32,
        content: &mut Content<'_>,
        buffer: &mut [u8],
    ) -> Result<(), PayloadError> {
        let offset = content.hasher.size();
        let mut hasher = sha2::Sha256::new();
        self.take(content, buffer, operation.data_length, &mut |piece| hasher.update(piece))?;
        let found = Sha256::from_bytes(hasher.finalize().into());
        let length = operation.data_length;
        match operation.data_sha256 {
            Some(expected) if length > 0 && expected != found => {
                Err(PayloadError::Damaged { operation: number, offset, length, expected, found })
            }
            _ => Ok(()),
        }
    }

    /// Reads this many bytes, and passes them on in pieces.
    fn take(
        &self,
        content: &mut Content<'_>,
        buffer: &mut [u8],
        mut length: u64,
        piece: &mut dyn FnMut(&[u8]),
    ) -> Result<(), PayloadError> {
        while length > 0 {
            let wanted = usize::try_from(length).unwrap_or(PIECE).min(buffer.len());
            let read = content.read(&mut buffer[..wanted])?;
            if read == 0 {
                return Err(self.cut(content.hasher.size()));
            }
            piece(&buffer[..read]);
            length -= read as u64;
        }
        Ok(())
    }
}

/// What is read, and the digests of it so far.
struct Content<'a> {
    reader: &'a mut dyn Read,
    hasher: Hasher,
    progress: &'a mut dyn FnMut(u64),
}

impl Content<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.reader.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => {
                    let read = read?;
                    self.hasher.update(&buffer[..read]);
                    (self.progress)(self.hasher.size());
                    return Ok(read);
                }
            }
        }
    }
}
