//! The first 20 bytes of a payload.

use super::error::{Part, PayloadError};
use super::format::Format;

/// Bytes of the header.
pub(super) const LENGTH: usize = 20;

const MAGIC: &[u8; 4] = b"CrAU";

/// The version of the format. update_engine 0.4.10 does not look at it, but
/// Flatcar's `download_sysext` does, and later versions look otherwise.
const VERSION: u64 = 1;

/// Reads the header from the beginning of a file, of which there may be more or
/// less. Returns the length of the manifest.
pub(super) fn read(beginning: &[u8]) -> Result<u64, PayloadError> {
    if !beginning.starts_with(MAGIC) {
        return Err(PayloadError::NotAPayload(Format::of(beginning)));
    }
    let number = |at: usize| {
        let bytes = beginning.get(at..at + 8).and_then(|bytes| bytes.try_into().ok());
        bytes.map(u64::from_be_bytes)
    };
    let cut = PayloadError::Cut {
        part: Part::Header,
        expected: LENGTH as u64,
        found: beginning.len() as u64,
    };
    let version = number(4);
    if let Some(version) = version.filter(|version| *version != VERSION) {
        return Err(PayloadError::Version(version));
    }
    number(12).ok_or(cut)
}

/// The header of a payload whose manifest has this many bytes.
pub(super) fn write(manifest: u64) -> [u8; LENGTH] {
    let mut header = [0; LENGTH];
    header[..4].copy_from_slice(MAGIC);
    header[4..12].copy_from_slice(&VERSION.to_be_bytes());
    header[12..].copy_from_slice(&manifest.to_be_bytes());
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written() {
        assert_eq!(read(&write(216)).unwrap(), 216);
        assert_eq!(read(&write(u64::MAX)).unwrap(), u64::MAX);
    }

    #[test]
    fn what_is_wrong() {
        let header = write(216);
        for length in 4..LENGTH {
            let error = read(&header[..length]).unwrap_err();
            let PayloadError::Cut { part: Part::Header, expected: 20, found } = error else {
                panic!("{length}: {error}")
            };
            assert_eq!(found, length as u64);
        }
        assert!(matches!(read(b""), Err(PayloadError::NotAPayload(Format::Empty))));
        assert!(matches!(read(b"CrAV"), Err(PayloadError::NotAPayload(_))));
        let mut later = header;
        later[11] = 2;
        assert!(matches!(read(&later), Err(PayloadError::Version(2))));
    }
}
