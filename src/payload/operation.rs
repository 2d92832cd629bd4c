//! Operations: how the bytes of a partition come out of a payload.

use super::error::PayloadError;
use super::partition::digest;
use super::protobuf::{Fields, Meter, Value};
use crate::digest::Sha256;

/// What an operation does: the enumeration `InstallOperation.Type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OperationType {
    /// Writes its data.
    Replace,
    /// Writes its data, which is compressed with bzip2.
    ReplaceBz,
    /// Copies blocks of the partition as it was before.
    Move,
    /// Makes new blocks of old ones and a binary difference.
    Bsdiff,
}

impl OperationType {
    /// Whether it needs what was there before, so that its payload is a delta.
    pub fn needs_old_partition(self) -> bool {
        matches!(self, Self::Move | Self::Bsdiff)
    }

    fn of_number(number: u64) -> Option<Self> {
        Some(match number {
            0 => Self::Replace,
            1 => Self::ReplaceBz,
            2 => Self::Move,
            3 => Self::Bsdiff,
            _ => return None,
        })
    }
}

/// One operation: the message `InstallOperation`, without the extents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Operation {
    /// What it does.
    pub operation_type: OperationType,
    /// Where its data begins, in bytes from the end of the manifest.
    pub data_offset: u64,
    /// The length of its data in bytes, 0 if it has none.
    pub data_length: u64,
    /// The SHA-256 of its data, if the payload says.
    pub data_sha256: Option<Sha256>,
}

impl Operation {
    pub(super) fn parse(message: &[u8], meter: &mut Meter) -> Result<Self, PayloadError> {
        let (mut number, mut data_offset, mut data_length, mut data_sha256) = (None, 0, 0, None);
        for field in Fields::of(message) {
            match meter.count(field).map_err(PayloadError::manifest)? {
                (1, Value::Varint(value)) => number = Some(value),
                (2, Value::Varint(offset)) => data_offset = offset,
                (3, Value::Varint(length)) => data_length = length,
                (8, Value::Bytes(bytes)) => data_sha256 = Some(digest(bytes)?),
                _ => {}
            }
        }
        // The type is a required field.
        let number = number.ok_or_else(|| PayloadError::manifest("an operation has no type"))?;
        let operation_type = OperationType::of_number(number).ok_or_else(|| {
            PayloadError::manifest(format_args!("an operation has the unknown type {number}"))
        })?;
        Ok(Self { operation_type, data_offset, data_length, data_sha256 })
    }
}

/// How many operations of each kind a payload has, for the partition and the
/// kernel together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OperationCounts {
    /// Of [`OperationType::Replace`].
    pub replace: u32,
    /// Of [`OperationType::ReplaceBz`].
    pub replace_bz: u32,
    /// Of [`OperationType::Move`].
    pub moves: u32,
    /// Of [`OperationType::Bsdiff`].
    pub bsdiff: u32,
    /// `noop_operations`, which do nothing; the signatures are the data of one.
    pub noop: u32,
    /// Of those that have data, those without a SHA-256 of it.
    pub without_digest: u32,
}

impl OperationCounts {
    /// Of all kinds that do something.
    pub fn total(&self) -> u32 {
        self.replace + self.replace_bz + self.moves + self.bsdiff
    }

    pub(super) fn add(&mut self, operation: &Operation) {
        *match operation.operation_type {
            OperationType::Replace => &mut self.replace,
            OperationType::ReplaceBz => &mut self.replace_bz,
            OperationType::Move => &mut self.moves,
            OperationType::Bsdiff => &mut self.bsdiff,
        } += 1;
        if operation.data_length > 0 && operation.data_sha256.is_none() {
            self.without_digest += 1;
        }
    }
}
