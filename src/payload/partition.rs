//! What a partition, or the kernel, is before and after.

use super::error::PayloadError;
use super::protobuf::{Fields, Meter, Value};
use crate::digest::Sha256;

/// The content of a partition: the message `PartitionInfo`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartitionInfo {
    /// Its size in bytes.
    pub size: u64,
    /// Its SHA-256, if the payload says.
    pub sha256: Option<Sha256>,
}

/// What a partition is before and after the update.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartitionChange {
    /// Before: only a delta says.
    pub old: Option<PartitionInfo>,
    /// After.
    pub new: Option<PartitionInfo>,
}

/// Reads what a message adds to a partition's description; a message that comes
/// twice is merged, as protobuf wants it.
pub(super) fn merge(
    info: &mut Option<PartitionInfo>,
    message: &[u8],
    meter: &mut Meter,
) -> Result<(), PayloadError> {
    let info = info.get_or_insert_default();
    for field in Fields::of(message) {
        match meter.count(field).map_err(PayloadError::manifest)? {
            (1, Value::Varint(size)) => info.size = size,
            (2, Value::Bytes(bytes)) => info.sha256 = Some(digest(bytes)?),
            _ => {}
        }
    }
    Ok(())
}

/// A digest in a manifest.
pub(super) fn digest(bytes: &[u8]) -> Result<Sha256, PayloadError> {
    let digest = bytes.try_into().map(Sha256::from_bytes);
    digest.map_err(|_| PayloadError::manifest("a SHA-256 does not have 32 bytes"))
}
