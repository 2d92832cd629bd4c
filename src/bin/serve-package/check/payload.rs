//! Verifying that what was fetched is a payload that a machine can install.

use std::fs::File;
use std::path::Path;

use omaha::payload::{Kind, Part, Payload, PayloadError};
use omaha::protocol::ErrorCode;

use super::terminal::Terminal;
use crate::format::{OneLine, sentence};
use crate::key_file::KeyFile;

/// What of the packages that are fetched is verified, besides their digests.
#[derive(Debug)]
pub enum Wanted {
    /// Nothing.
    Digests,
    /// That they are whole payloads, each in its place.
    Whole,
    /// And that they are signed by a key.
    Signed(KeyFile),
}

impl Wanted {
    /// What was shown when nothing was wrong, to follow "an update is offered".
    pub fn shown(&self) -> String {
        match self {
            Self::Digests => {
                "; its packages match the answer; whether they are payloads was not checked"
                    .to_owned()
            }
            Self::Whole => {
                "; its packages are complete and undamaged; their signatures were not checked (no --key)"
                    .to_owned()
            }
            Self::Signed(key) => format!("; its packages are complete and undamaged, signed by {:?}", key.path),
        }
    }

    /// Verifies a file that was fetched as the operating system's package or as an
    /// extension.
    ///
    /// # Errors
    ///
    /// What is wrong, and `update_engine`'s number for it.
    pub fn verify(
        &self,
        path: &Path,
        name: &str,
        is_system: bool,
        terminal: &mut Terminal,
    ) -> Result<(), (String, ErrorCode)> {
        if matches!(self, Self::Digests) {
            return Ok(());
        }
        let fail = |error: PayloadError| {
            let reason = match &error {
                PayloadError::Io(_) => format!("{path:?}: {}", sentence(&error)),
                error => error.to_string(),
            };
            (reason, code(&error))
        };
        let mut file = File::open(path).map_err(|error| fail(error.into()))?;
        let size = file.metadata().map_err(|error| fail(error.into()))?.len();
        let payload = Payload::read_sized(&mut file, size).map_err(fail)?;
        let verified = payload.verify(file, |_| {}).map_err(fail)?;
        let expected = if is_system { Kind::OperatingSystem } else { Kind::Extension };
        if payload.kind() != expected {
            let reason = format!("it is the payload of {}, not of {expected}", payload.kind());
            return Err((reason, ErrorCode::DOWNLOAD_MANIFEST_PARSE_ERROR));
        }
        if let Self::Signed(KeyFile { path, key }) = self {
            let matching = verified.signatures.matching(key, &verified.signed_digest);
            if !matching.is_accepted(payload.kind()) {
                let reason = format!("it is not signed by the key {path:?}");
                return Err((reason, ErrorCode::DOWNLOAD_PAYLOAD_PUBLIC_KEY_VERIFICATION_ERROR));
            }
        }
        if payload.is_delta() {
            let what = "is a delta payload, which applies to one earlier version only";
            terminal.complain("note", &format!("{} {what}", OneLine(name)));
        }
        Ok(())
    }
}

/// `update_engine`'s number for what is wrong with a payload
/// (payload_processor.cc and delta_performer.cc).
fn code(error: &PayloadError) -> ErrorCode {
    match error {
        PayloadError::NotAPayload(_) => ErrorCode::DOWNLOAD_INVALID_METADATA_MAGIC_STRING,
        PayloadError::Unsigned => ErrorCode::SIGNED_DELTA_PAYLOAD_EXPECTED,
        PayloadError::Damaged { .. } => ErrorCode::DOWNLOAD_OPERATION_HASH_MISMATCH,
        PayloadError::NoDigest => ErrorCode::DOWNLOAD_OPERATION_HASH_MISSING,
        PayloadError::NoPartitionInfo => ErrorCode::DOWNLOAD_PAYLOAD_VERIFICATION_ERROR,
        PayloadError::Malformed { part: Part::Data, .. } => {
            ErrorCode::DOWNLOAD_OPERATION_EXECUTION_ERROR
        }
        // The file on the server has another length: its digest was right.
        PayloadError::Cut { .. } | PayloadError::TooLong { .. } => ErrorCode::PAYLOAD_SIZE_MISMATCH,
        PayloadError::Io(_) => ErrorCode::ERROR,
        _ => ErrorCode::DOWNLOAD_MANIFEST_PARSE_ERROR,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes() {
        const SIGNED: &[u8] = b"\x20\x01\x28\x01";
        const OPERATION: &[u8] = b"\x0a\x06\x08\0\x10\0\x18\x01";
        const KERNEL: &[u8] = b"\x52\x04\x08\0\x22\0";
        for (manifest, number) in [
            (&[][..], 17),
            (&[SIGNED, OPERATION, KERNEL], 38),
            (&[SIGNED, OPERATION], 12),
            (&[SIGNED], 28),
            (&[SIGNED, b"\x52\x02\x08\0"], 23),
        ] {
            let manifest = manifest.concat();
            let length = (manifest.len() as u64).to_be_bytes();
            let content = [b"CrAU\0\0\0\0\0\0\0\x01", &length[..], &manifest].concat();
            let error = Payload::read(&content[..]).unwrap_err();
            assert_eq!(code(&error).code(), number, "{error}");
        }
    }
}
