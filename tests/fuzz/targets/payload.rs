//! A payload: whatever the file holds, reading ends, and what is accepted is as
//! long as it says, has its operations one after another, and verifies the same
//! way however it comes.
#![no_main]

use std::io::Read;

use libfuzzer_sys::fuzz_target;
use omaha::payload::{Format, Payload, PublicKey, Signatures, Verified};

/// One byte at a time.
struct Slowly<'a>(&'a [u8]);

impl Read for Slowly<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = buffer.len().min(1);
        self.0.read(&mut buffer[..length])
    }
}

fn verify(mut reader: impl Read) -> Option<(Payload, Verified)> {
    let payload = Payload::read(&mut reader).ok()?;
    let operations: Vec<_> = payload.operations().collect();
    assert_eq!(operations.len(), payload.operation_counts().total() as usize);
    let mut end = 0;
    for operation in operations.iter().filter(|operation| operation.data_length > 0) {
        assert_eq!(operation.data_offset, end);
        end += operation.data_length;
    }
    assert_eq!(payload.data_offset() + end, payload.signed_length());
    let verified = payload.verify(reader, |_| {}).ok()?;
    Some((payload, verified))
}

fuzz_target!(|content: &[u8]| {
    let _ = (Format::of(content).to_string(), PublicKey::from_der(content));
    let _ = std::str::from_utf8(content).map(PublicKey::from_pem);
    let _ = Signatures::parse(content);
    let verified = verify(content);
    assert_eq!(verified, verify(Slowly(content)));
    if let Some((payload, verified)) = verified {
        assert_eq!(payload.length(), content.len() as u64);
        assert_eq!(verified.digests.size, payload.length());
        // One byte less, one byte more.
        assert!(verify(&content[..content.len() - 1]).is_none());
        assert!(verify(content.chain(&b"!"[..])).is_none());
    }
});
