//! Tests of the digests. The expected values are those of `sha1sum` and
//! `sha256sum`.

use proptest::prelude::*;

use super::*;

/// Of no bytes at all.
const EMPTY_SHA1: &str = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Of `abc`.
const ABC_SHA1: &str = "a9993e364706816aba3e25717850c26c9cd0d89d";
const ABC_SHA256: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const ABC_SHA1_BASE64: &str = "qZk+NkcGgWq6PiVxeFDCbJzQ2J0=";
const ABC_SHA256_BASE64: &str = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";

/// Gives its content a few bytes at a time, with an interruption before each.
struct Halting<'a>(&'a [u8], bool);

impl Read for Halting<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.1 = !self.1;
        if self.1 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let length = buffer.len().min(7);
        self.0.read(&mut buffer[..length])
    }
}

#[test]
fn known_digests() {
    let empty = Digests::from_reader(io::empty()).unwrap();
    assert_eq!(empty.sha1.to_hex(), EMPTY_SHA1);
    assert_eq!(empty.sha256.to_hex(), EMPTY_SHA256);
    assert_eq!(empty.size, 0);

    let abc = Digests::from_reader(&b"abc"[..]).unwrap();
    assert_eq!(abc.sha1.to_hex(), ABC_SHA1);
    assert_eq!(abc.sha1.to_base64(), ABC_SHA1_BASE64);
    assert_eq!(abc.sha256.to_hex(), ABC_SHA256);
    assert_eq!(abc.sha256.to_base64(), ABC_SHA256_BASE64);
    assert_eq!(abc.size, 3);
}

#[test]
fn content_longer_than_the_buffer() {
    // NIST's example of a million times the letter a.
    let million = Digests::from_reader(io::repeat(b'a').take(1_000_000)).unwrap();
    assert_eq!(million.sha1.to_hex(), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
    assert_eq!(
        million.sha256.to_hex(),
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
    );
    assert_eq!(million.size, 1_000_000);
}

#[test]
fn errors_of_the_reader() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::PermissionDenied.into())
        }
    }
    let error = Digests::from_reader(b"abc".chain(Broken)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
}

#[test]
fn either_form_is_read() {
    let sha1 = Digests::from_reader(&b"abc"[..]).unwrap().sha1;
    assert_eq!(ABC_SHA1.parse(), Ok(sha1));
    assert_eq!(ABC_SHA1.to_uppercase().parse(), Ok(sha1));
    assert_eq!(ABC_SHA1_BASE64.parse(), Ok(sha1));
    let sha256 = Digests::from_reader(&b"abc"[..]).unwrap().sha256;
    assert_eq!(ABC_SHA256.parse(), Ok(sha256));
    assert_eq!(ABC_SHA256_BASE64.parse(), Ok(sha256));
}

#[test]
fn refusals() {
    for text in [
        "",
        "abc",
        // One too few, one too many, a space, another letter, a sign, two bytes for one.
        &ABC_SHA1[1..],
        "a9993e364706816aba3e25717850c26c9cd0d89d0",
        "a9993e364706816aba3e25717850c26c9cd0d89 ",
        "g9993e364706816aba3e25717850c26c9cd0d89d",
        "+9993e364706816aba3e25717850c26c9cd0d89d",
        "é993e364706816aba3e25717850c26c9cd0d89d",
        // Not padded, the URL's alphabet, bits beyond the last byte, 21 and 19 bytes.
        "qZk+NkcGgWq6PiVxeFDCbJzQ2J0",
        "qZk-NkcGgWq6PiVxeFDCbJzQ2J0=",
        "qZk+NkcGgWq6PiVxeFDCbJzQ2J1=",
        "qZk+NkcGgWq6PiVxeFDCbJzQ2J0A",
        "qZk+NkcGgWq6PiVxeFDCbJzQ2A==",
    ] {
        assert!(text.parse::<Sha1>().is_err(), "{text:?}");
        assert!(Sha1::from_hex(text).is_err(), "{text:?}");
        assert!(Sha1::from_base64(text).is_err(), "{text:?}");
    }
    // Right in itself, but of the other digest.
    assert!(ABC_SHA256.parse::<Sha1>().is_err());
    assert!(ABC_SHA1_BASE64.parse::<Sha256>().is_err());
}

#[test]
fn messages() {
    assert_eq!(
        "abc\n".parse::<Sha256>().unwrap_err().to_string(),
        r#""abc\n" is not a SHA-256: expected 64 digits of hex or 44 characters of base64"#
    );
    assert_eq!(
        Sha1::from_hex(ABC_SHA1_BASE64).unwrap_err().to_string(),
        "\"qZk+NkcGgWq6PiVxeFDCbJzQ2J0=\" is not a SHA-1: expected 40 digits of hex"
    );
    let message = "é".repeat(1000).parse::<Sha1>().unwrap_err().to_string();
    assert!(message.starts_with(&format!("\"{}…\" is not a SHA-1: ", "é".repeat(80))), "{message}");
}

#[test]
fn debug_names_the_type() {
    let sha1 = Sha1::from_bytes([0xab; 20]);
    assert_eq!(format!("{sha1:?}"), format!("Sha1({})", "ab".repeat(20)));
}

proptest! {
    #[test]
    fn every_form_survives(bytes in any::<[u8; 32]>()) {
        let sha256 = Sha256::from_bytes(bytes);
        prop_assert_eq!(sha256.as_bytes(), &bytes);
        prop_assert_eq!(Sha256::from_hex(&sha256.to_hex()), Ok(sha256));
        prop_assert_eq!(Sha256::from_base64(&sha256.to_base64()), Ok(sha256));
        prop_assert_eq!(sha256.to_hex().parse(), Ok(sha256));
        prop_assert_eq!(sha256.to_base64().parse(), Ok(sha256));
    }

    #[test]
    fn interruptions_change_nothing(content in prop::collection::vec(any::<u8>(), 0..300)) {
        let halting = Digests::from_reader(Halting(&content, false)).unwrap();
        prop_assert_eq!(halting, Digests::from_reader(&content[..]).unwrap());
        prop_assert_eq!(halting.size, content.len() as u64);
    }
}
