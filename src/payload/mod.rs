//! What is in an update payload: what it is, whether it is whole, who signed it.
//!
//! A *payload* is what `update_engine` and Flatcar's `download_sysext` install: a
//! header, a manifest (a protobuf message), the data of the operations that the
//! manifest lists, and signatures. Its name ends in `.gz`, but nothing in it is
//! gzip. The format is defined in `update_metadata.proto` and `delta_performer.cc` of
//! update_engine. Neither version nor board is in it.
//!
//! | bytes | what |
//! | --- | --- |
//! | 0 to 3 | `CrAU` |
//! | 4 to 11 | the version of the format, 1 (numbers are big endian) |
//! | 12 to 19 | the length M of the manifest |
//! | M more | the manifest, `DeltaArchiveManifest` |
//! | then | the data of the operations, one after another |
//! | at the end | the message `Signatures`, where the manifest says |
//!
//! [`Payload`] is what the header and the manifest say. [`Payload::verify`] reads
//! the rest and compares every operation's data with its digest. What it returns
//! has the signatures and the digest that was signed, for a [`PublicKey`].
//!
//! Memory and time are bounded, whatever the file holds: the manifest has at most
//! [`Payload::MAX_MANIFEST`] bytes, never more than there are in the file, and is
//! not copied into anything larger. ([`Payload::read`], which does not know how long
//! the file is, may have it twice for a moment, where the allocator cannot move it.)
//!
//! ```
//! use std::fs::{self, File};
//! use omaha::payload::{Kind, Payload, PublicKey};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut file = File::open("fixtures/update.gz")?;
//! let payload = Payload::read(&mut file)?;
//! assert_eq!(payload.kind(), Kind::OperatingSystem);
//! assert!(!payload.is_delta());
//!
//! let key = PublicKey::from_pem(&fs::read_to_string("fixtures/payloads/key.pem")?)?;
//! let verified = payload.verify(&mut file, |_bytes| {})?;
//! let matching = verified.signatures.matching(&key, &verified.signed_digest);
//! assert!(matching.is_accepted(payload.kind()));
//! # Ok(())
//! # }
//! ```

mod der;
mod error;
mod format;
mod header;
mod key;
mod kind;
mod manifest;
mod operation;
mod partition;
mod protobuf;
mod read;
mod signature;
mod verify;

pub use error::{Part, PayloadError};
pub use format::Format;
pub use key::{KeyError, PublicKey};
pub use kind::Kind;
pub use operation::{Operation, OperationCounts, OperationType};
pub use partition::{PartitionChange, PartitionInfo};
pub use read::Payload;
pub use signature::{Matching, Signature, Signatures};
pub use verify::Verified;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
