//! The manifest: the message `DeltaArchiveManifest`.

use super::error::PayloadError;
use super::operation::{Operation, OperationCounts};
use super::partition::{self, PartitionChange};
use super::protobuf::{Field, Fields, Meter, Value};

/// `update_metadata.proto`'s default.
const BLOCK_SIZE: u64 = 4096;

/// Bytes of a manifest that was read once to its end and is right.
///
/// The operations stay in it as they are, and are read again when somebody asks:
/// as values they would take ten times as much memory.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Manifest {
    bytes: Vec<u8>,
    pub facts: Facts,
}

/// What a manifest says, apart from the single operations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    pub block_size: u64,
    /// In bytes from the end of the manifest.
    pub signatures_offset: u64,
    pub signatures_size: u64,
    pub partition: PartitionChange,
    /// None without a procedure for the kernel.
    pub kernel: Option<PartitionChange>,
    pub counts: OperationCounts,
}

impl Manifest {
    pub(super) fn parse(bytes: Vec<u8>) -> Result<Self, PayloadError> {
        let facts = facts(&bytes)?;
        Ok(Self { bytes, facts })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The operations in the order in which `update_engine` performs them.
    pub(super) fn operations(&self) -> impl Iterator<Item = Operation> {
        // Each was read before.
        let parse = |message: &[u8]| Operation::parse(message, &mut Meter::default());
        operations(&self.bytes).flatten().filter_map(move |message| parse(message).ok())
    }
}

/// Reads everything.
fn facts(message: &[u8]) -> Result<Facts, PayloadError> {
    let (mut partition, mut kernel) = (PartitionChange::default(), None);
    let (mut counts, mut meter) = (OperationCounts::default(), Meter::default());
    let (mut block_size, mut offset, mut size) = (BLOCK_SIZE, None, None);
    for field in Fields::of(message) {
        match meter.count(field).map_err(PayloadError::manifest)? {
            (2, Value::Bytes(noop)) => {
                Operation::parse(noop, &mut meter)?;
                counts.noop += 1;
            }
            (3, Value::Varint(value)) => block_size = value,
            (4, Value::Varint(value)) => offset = Some(value),
            (5, Value::Varint(value)) => size = Some(value),
            (8, Value::Bytes(old)) => partition::merge(&mut partition.old, old, &mut meter)?,
            (9, Value::Bytes(new)) => partition::merge(&mut partition.new, new, &mut meter)?,
            (10, Value::Bytes(procedure)) => change_of_kernel(procedure, &mut kernel, &mut meter)?,
            _ => {}
        }
    }
    let (Some(signatures_offset), Some(signatures_size @ 1..)) = (offset, size) else {
        return Err(PayloadError::Unsigned);
    };
    let mut data_end = 0;
    for message in operations(message) {
        let operation = Operation::parse(message?, &mut meter)?;
        counts.add(&operation);
        data_end = end_of_data(&operation, data_end, counts.total())?;
    }
    // `Write` in payload_processor.cc.
    if data_end != signatures_offset {
        return Err(PayloadError::data(format_args!(
            "the data end at byte {data_end}, and the signatures begin at {signatures_offset}"
        )));
    }
    // Only update_engine looks at them: `ValidateOperationHash` in delta_performer.cc.
    if kernel.is_some() && counts.without_digest > 0 {
        return Err(PayloadError::NoDigest);
    }
    // `SetNewInfo` in payload_processor.cc, and `verify_signature_on_disk` in
    // src/download/package.rs of ue-rs.
    if partition.new.and_then(|new| new.sha256).is_none() {
        return Err(PayloadError::NoPartitionInfo);
    }
    Ok(Facts { block_size, signatures_offset, signatures_size, partition, kernel, counts })
}

/// Where an operation's data ends. `update_engine` takes all data in order and
/// without gaps (`PerformOperation` in payload_processor.cc).
fn end_of_data(operation: &Operation, begin: u64, number: u32) -> Result<u64, PayloadError> {
    let Operation { data_offset, data_length, .. } = *operation;
    if data_length == 0 {
        return Ok(begin);
    }
    if data_offset != begin {
        return Err(PayloadError::data(format_args!(
            "the data of operation {number} begin at byte {data_offset}, not at {begin}, where \
             those before it end"
        )));
    }
    begin.checked_add(data_length).ok_or_else(|| {
        PayloadError::manifest(format_args!("operation {number} has {data_length} bytes of data"))
    })
}

/// Reads what a procedure says of the kernel, if it is one for the kernel.
/// `update_engine` passes over a procedure whose type it does not know, and needs to
/// know what becomes of the others (`LoadManifest` in payload_processor.cc).
fn change_of_kernel(
    procedure: &[u8],
    kernel: &mut Option<PartitionChange>,
    meter: &mut Meter,
) -> Result<(), PayloadError> {
    /// `InstallProcedure.Type`.
    const KERNEL: u64 = 0;
    const PCR_POLICY: u64 = 1;
    let (mut change, mut procedure_type) = (PartitionChange::default(), None);
    for field in Fields::of(procedure) {
        match meter.count(field).map_err(PayloadError::manifest)? {
            (1, Value::Varint(value)) => procedure_type = Some(value),
            (3, Value::Bytes(old)) => partition::merge(&mut change.old, old, meter)?,
            (4, Value::Bytes(new)) => partition::merge(&mut change.new, new, meter)?,
            _ => {}
        }
    }
    match procedure_type {
        Some(KERNEL | PCR_POLICY) if change.new.is_none() => {
            return Err(PayloadError::manifest("a procedure has no new_info"));
        }
        Some(KERNEL) => *kernel = Some(change),
        _ => {}
    }
    Ok(())
}

/// The operations of the partition, then those of the procedures, not yet parsed.
fn operations(manifest: &[u8]) -> impl Iterator<Item = Result<&[u8], PayloadError>> {
    let of_procedures = messages(manifest, 10).flat_map(|procedure| {
        let (procedure, error) = match procedure {
            Ok(procedure) => (procedure, None),
            Err(error) => (&[][..], Some(Err(error))),
        };
        error.into_iter().chain(messages(procedure, 2))
    });
    messages(manifest, 1).chain(of_procedures)
}

/// The messages that a message has under a number.
fn messages(message: &[u8], wanted: u32) -> impl Iterator<Item = Result<&[u8], PayloadError>> {
    Fields::of(message).filter_map(move |field: Result<Field<'_>, _>| match field {
        Ok((number, Value::Bytes(bytes))) if number == wanted => Some(Ok(bytes)),
        Ok(_) => None,
        Err(error) => Some(Err(PayloadError::manifest(error))),
    })
}

impl std::fmt::Debug for Manifest {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.facts.fmt(formatter)
    }
}
