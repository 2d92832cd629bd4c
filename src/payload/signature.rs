//! The signatures at the end of a payload: the message `Signatures`.

use super::error::PayloadError;
use super::key::PublicKey;
use super::kind::Kind;
use super::protobuf::{Fields, Value};
use crate::digest::Sha256;

/// All signatures of a payload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Signatures {
    /// In the order of the file.
    pub entries: Vec<Signature>,
}

/// One signature.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Signature {
    /// Which of the client's versions it is for; `update_engine` takes 2.
    pub version: u64,
    /// RSA, PKCS #1 v1.5, SHA-256; in some entries something else.
    pub data: Vec<u8>,
}

impl Signatures {
    /// The longest message that is read, in bytes: real ones have 264 to some
    /// thousand.
    pub const MAX_LENGTH: u64 = 64 * 1024;

    /// The most entries that are read: real ones have one or two.
    pub const MAX_ENTRIES: usize = 32;

    /// The version of the entry that `update_engine` takes
    /// (`kSignatureMessageCurrentVersion`).
    pub const UPDATE_ENGINE: u64 = 2;

    /// Reads the message.
    ///
    /// # Errors
    ///
    /// When it is not one, when it has no signature or too many, and when it is
    /// too long.
    pub fn parse(message: &[u8]) -> Result<Self, PayloadError> {
        if message.len() as u64 > Self::MAX_LENGTH {
            return Err(PayloadError::signatures("they are too long"));
        }
        let mut entries = Vec::new();
        for field in Fields::of(message) {
            if let (1, Value::Bytes(entry)) = field.map_err(PayloadError::signatures)? {
                if entries.len() == Self::MAX_ENTRIES {
                    return Err(PayloadError::signatures("there are too many"));
                }
                entries.push(Signature::parse(entry)?);
            }
        }
        if entries.is_empty() {
            return Err(PayloadError::Unsigned);
        }
        Ok(Self { entries })
    }

    /// Which machines would find that a payload is signed with their key.
    pub fn matching(&self, key: &PublicKey, signed: &Sha256) -> Matching {
        let is_right = |entry: &&Signature| key.verify(signed, &entry.data);
        let first = |entry: &&Signature| entry.version == Self::UPDATE_ENGINE;
        Matching {
            update_engine: self.entries.iter().find(first).as_ref().is_some_and(is_right),
            download_sysext: self.entries.iter().find(is_right).map(|entry| entry.version),
        }
    }
}

impl Signature {
    fn parse(message: &[u8]) -> Result<Self, PayloadError> {
        let (mut version, mut data) = (0, &[][..]);
        for field in Fields::of(message) {
            match field.map_err(PayloadError::signatures)? {
                (1, Value::Varint(value)) => version = value,
                (2, Value::Bytes(bytes)) => data = bytes,
                _ => {}
            }
        }
        Ok(Self { version, data: data.to_vec() })
    }
}

/// Which clients take a payload's signatures for right, with one certain key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Matching {
    /// `update_engine` does: its entry, the first of version 2, is right.
    pub update_engine: bool,
    /// Flatcar's `download_sysext` does, because some entry is right: the first
    /// one that is has this version.
    pub download_sysext: Option<u64>,
}

impl Matching {
    /// Whether the client that installs payloads of this kind takes it.
    pub fn is_accepted(&self, kind: Kind) -> bool {
        match kind {
            Kind::OperatingSystem => self.update_engine,
            Kind::Extension => self.download_sysext.is_some(),
        }
    }
}
