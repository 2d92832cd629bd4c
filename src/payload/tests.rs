//! Whole payloads: the fixtures, and what can be done to them.

use std::fs::{self, File};
use std::io::Read;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::testing::Message;
use super::*;
use crate::digest::{Digests, Sha256};

const SYSTEM: &str = "fixtures/update.gz";
const EXTENSION: &str = "fixtures/oem-fixture.gz";

fn key(name: &str) -> PublicKey {
    PublicKey::from_pem(&fs::read_to_string(format!("fixtures/payloads/{name}")).unwrap()).unwrap()
}

fn verify(mut content: &[u8]) -> Result<(Payload, Verified), PayloadError> {
    let payload = Payload::read(&mut content)?;
    let verified = payload.verify(content, |_| {})?;
    Ok((payload, verified))
}

fn matching(path: &str, key_name: &str) -> Matching {
    let (_, verified) = verify(&fs::read(path).unwrap()).unwrap();
    verified.signatures.matching(&key(key_name), &verified.signed_digest)
}

/// A payload with this manifest, and with these data and signatures.
fn with_manifest(manifest: &Message, rest: &[u8]) -> Vec<u8> {
    [&header::write(manifest.0.len() as u64)[..], &manifest.0, rest].concat()
}

/// The end of a manifest whose signatures begin here.
fn signed_at(offset: u64) -> Message {
    Message::default().number(4, offset).number(5, 1)
}

/// The same, with what is said of every partition.
fn installable(offset: u64) -> Message {
    signed_at(offset).message(9, &Message::default().bytes(2, &[0; 32]))
}

fn problem(manifest: &Message) -> String {
    match Payload::read(&with_manifest(manifest, &[])[..]) {
        Err(PayloadError::Malformed { part: Part::Manifest | Part::Data, problem }) => problem,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_operating_system() {
    let content = fs::read(SYSTEM).unwrap();
    let (payload, verified) = verify(&content).unwrap();
    assert_eq!((payload.kind(), payload.is_delta()), (Kind::OperatingSystem, false));
    assert_eq!((payload.block_size(), payload.length()), (4096, content.len() as u64));
    let PartitionChange { old, new } = payload.partition();
    assert_eq!((old, new.unwrap().size), (None, 262_144));
    assert_eq!(payload.kernel().unwrap().new.unwrap().size, 4096);
    let counts = payload.operation_counts();
    assert_eq!((counts.replace, counts.replace_bz, counts.noop), (2, 15, 1));
    assert_eq!((counts.total(), counts.without_digest), (17, 0));
    assert_eq!(payload.operations().count(), 17);
    assert_eq!(verified.digests, Digests::from_reader(&content[..]).unwrap());
    let signed = &content[..usize::try_from(payload.signed_length()).unwrap()];
    assert_eq!(verified.signed_digest, Digests::from_reader(signed).unwrap().sha256);
}

#[test]
fn an_extension_and_a_delta() {
    let (payload, _) = verify(&fs::read(EXTENSION).unwrap()).unwrap();
    assert_eq!((payload.kind(), payload.kernel()), (Kind::Extension, None));
    let (payload, _) = verify(&fs::read("fixtures/payloads/delta.gz").unwrap()).unwrap();
    assert_eq!((payload.kind(), payload.is_delta()), (Kind::OperatingSystem, true));
    assert_eq!(payload.operation_counts().moves, 1);
    assert_eq!(payload.partition().old.unwrap().size, 4096);
}

#[test]
fn who_signed_it() {
    let by_both = Matching { update_engine: true, download_sysext: Some(2) };
    let by_none = Matching { update_engine: false, download_sysext: None };
    for path in [SYSTEM, EXTENSION, "fixtures/payloads/two-signatures.gz"] {
        assert_eq!(matching(path, "key.pem"), by_both, "{path}");
        assert_eq!(matching(path, "other-key.pem"), by_none, "{path}");
    }
    let path = "fixtures/payloads/signed-for-version-1.gz";
    let by_one = matching(path, "key.pem");
    assert_eq!(by_one, Matching { update_engine: false, download_sysext: Some(1) });
    assert!(by_one.is_accepted(Kind::Extension) && !by_one.is_accepted(Kind::OperatingSystem));
    assert_eq!(matching(path, "other-key.pem"), by_both);
}

#[test]
fn a_file_is_read_at_both_ends() {
    let mut file = File::open(SYSTEM).unwrap();
    let (payload, signatures) = Payload::of_file(&file).unwrap();
    let (expected, verified) = verify(&fs::read(SYSTEM).unwrap()).unwrap();
    assert_eq!((payload, signatures), (expected, verified.signatures));
    let mut beginning = [0; 4];
    file.read_exact(&mut beginning).unwrap();
    assert_eq!(&beginning, b"CrAU", "its position is where it was");
}

#[test]
fn a_file_of_another_length() {
    let content = fs::read(SYSTEM).unwrap();
    let directory = std::env::temp_dir().join(format!("omaha-payload-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let path = directory.join("payload");
    let of = |content: &[u8]| {
        fs::write(&path, content).unwrap();
        Payload::of_file(&File::open(&path).unwrap()).unwrap_err()
    };
    let size = content.len();
    for (length, expected) in [(size - 1, Part::Signatures), (size - 300, Part::Data)] {
        let error = of(&content[..length]);
        assert!(matches!(error, PayloadError::Cut { part, .. } if part == expected), "{error}");
    }
    let error = of(&[&content[..], b"!"].concat());
    assert!(matches!(error, PayloadError::TooLong { found: Some(_), .. }), "{error}");
    fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn every_length_but_the_right_one() {
    let content = fs::read("fixtures/payloads/two-signatures.gz").unwrap();
    let (payload, _) = verify(&content).unwrap();
    for length in 0..content.len() {
        let error = verify(&content[..length]).unwrap_err();
        let expected = match length as u64 {
            0 => {
                assert!(matches!(error, PayloadError::NotAPayload(Format::Empty)));
                continue;
            }
            1..4 => {
                assert!(matches!(error, PayloadError::NotAPayload(_)));
                continue;
            }
            4..20 => Part::Header,
            length if length < payload.data_offset() => Part::Manifest,
            length if length < payload.signed_length() => Part::Data,
            _ => Part::Signatures,
        };
        let PayloadError::Cut { part, found, .. } = error else { panic!("{length}: {error}") };
        assert_eq!((part, found), (expected, length as u64));
    }
    let more = [&content[..], b"!"].concat();
    let length = content.len() as u64;
    let error = verify(&more).unwrap_err();
    assert!(matches!(error, PayloadError::TooLong { expected, .. } if expected == length));
}

#[test]
fn damaged_data_name_their_operation() {
    let mut content = fs::read(SYSTEM).unwrap();
    let (payload, _) = verify(&content).unwrap();
    let second = payload.operations().nth(1).unwrap();
    let begin = payload.data_offset() + second.data_offset;
    content[usize::try_from(begin).unwrap()] ^= 1;
    let error = verify(&content).unwrap_err();
    let PayloadError::Damaged { operation: 2, offset, length, expected, .. } = error else {
        panic!("{error}")
    };
    assert_eq!((offset, length), (begin, second.data_length));
    assert_eq!(Some(expected), second.data_sha256);
}

#[test]
fn progress_goes_to_the_end() {
    let content = fs::read(SYSTEM).unwrap();
    let mut rest = &content[..];
    let payload = Payload::read(&mut rest).unwrap();
    let mut told = Vec::new();
    payload.verify(rest, |bytes| told.push(bytes)).unwrap();
    assert!(told.is_sorted());
    assert_eq!(told.last(), Some(&payload.length()));
}

#[test]
fn manifests_that_contradict_the_format() {
    let operation =
        |offset, length| Message::default().number(1, 0).number(2, offset).number(3, length);
    let manifest = |operation: &Message| signed_at(100).message(1, operation);
    for (manifest, expected) in [
        (manifest(&Message::default()), "an operation has no type"),
        (manifest(&Message::default().number(1, 4)), "an operation has the unknown type 4"),
        (manifest(&operation(0, 1).bytes(8, b"short")), "a SHA-256 does not have 32 bytes"),
        (
            manifest(&operation(1, 1)),
            "the data of operation 1 begin at byte 1, not at 0, where those before it end",
        ),
        (manifest(&operation(0, 101)), "the data end at byte 101, and the signatures begin at 100"),
        (
            manifest(&operation(0, 1)).message(1, &operation(1, u64::MAX)),
            "operation 2 has 18446744073709551615 bytes of data",
        ),
        (
            installable(u64::MAX).message(1, &operation(0, u64::MAX)),
            "the signatures begin at byte 18446744073709551615",
        ),
        (
            installable(0).number(5, 65_537),
            "it announces 65537 bytes of signatures, expected at most 65536",
        ),
        (
            manifest(&operation(0, 1)).message(10, &Message::default().bytes(2, b"\x0b")),
            "a field has an unknown wire type",
        ),
    ] {
        assert_eq!(problem(&manifest), expected);
    }
    let unsigned = with_manifest(&Message::default().number(4, 0), &[]);
    assert!(matches!(Payload::read(&unsigned[..]), Err(PayloadError::Unsigned)));
}

/// What the machines refuse, each with its reason; `update_engine`'s number for it is
/// the command's business.
#[test]
fn what_no_machine_installs() {
    let operation = Message::default().number(1, 0).number(2, 0).number(3, 1);
    let hashed = operation.clone().bytes(8, &[0; 32]);
    let kernel = Message::default().number(1, 0).message(4, &Message::default());
    let refusal = |manifest: &Message| {
        Payload::read(&with_manifest(manifest, &[])[..])
            .map(drop)
            .map_err(|error| error.to_string())
    };
    let good = installable(1).message(1, &hashed);
    for (manifest, expected) in [
        (installable(1).message(1, &operation).message(10, &kernel), "an operation has no SHA-256"),
        (
            installable(2).message(1, &hashed),
            "the data end at byte 1, and the signatures begin at 2",
        ),
        (signed_at(1).message(1, &hashed), "it has no SHA-256 of the new partition"),
        (
            signed_at(1).message(1, &hashed).message(9, &Message::default()),
            "it has no SHA-256 of the new partition",
        ),
        (good.clone().message(10, &Message::default().number(1, 0)), "a procedure has no new_info"),
        (good.clone().message(10, &Message::default().number(1, 1)), "a procedure has no new_info"),
    ] {
        let error = refusal(&manifest).unwrap_err();
        assert!(error.contains(expected), "{expected}: {error}");
    }
    // download_sysext does not compare the single operations.
    refusal(&installable(1).message(1, &operation)).unwrap();
    refusal(&good.clone().message(10, &kernel)).unwrap();
    // Of no type, or an unknown one: update_engine passes over it.
    for procedure in [Message::default(), Message::default().number(1, 2)] {
        let manifest = good.clone().message(10, &procedure);
        let payload = Payload::read(&with_manifest(&manifest, &[])[..]).unwrap();
        assert_eq!(payload.kind(), Kind::Extension);
    }
}

#[test]
fn operations_are_those_of_the_partition_first() {
    let operation =
        |offset| Message::default().number(1, 0).number(2, offset).number(3, 1).bytes(8, &[0; 32]);
    let of_kernel = Message::default().message(2, &operation(1)).number(1, 0);
    let of_kernel = of_kernel.message(4, &Message::default());
    // PCR policy: no kernel, but its data come in order as well.
    let of_policy = Message::default().number(1, 1).message(2, &operation(2));
    let of_policy = of_policy.message(4, &Message::default());
    let manifest = installable(3).message(10, &of_kernel).message(10, &of_policy);
    let manifest = manifest.message(1, &operation(0)).bytes(99, b"unknown").number(98, 1);
    let payload = Payload::read(&with_manifest(&manifest, &[])[..]).unwrap();
    assert!(payload.operations().map(|operation| operation.data_offset).eq(0..3));
    assert_eq!(payload.operation_counts().without_digest, 0);
    assert_eq!(payload.kind(), Kind::OperatingSystem);
}

#[test]
fn signatures_are_bounded() {
    let entry = Message::default().number(1, 2);
    let entries = |count| (0..count).fold(Message::default(), |all, _| all.message(1, &entry));
    assert_eq!(Signatures::parse(&entries(32).0).unwrap().entries.len(), 32);
    assert!(Signatures::parse(&entries(33).0).is_err());
    assert!(matches!(Signatures::parse(b""), Err(PayloadError::Unsigned)));
    assert!(Signatures::parse(&vec![0; 65_537]).is_err());
    assert!(Signatures::parse(b"\x0a\x01\x0b").is_err());
}

#[test]
fn hostile_manifests_end_soon() {
    let largest = usize::try_from(Payload::MAX_MANIFEST).unwrap();
    let filled = |pattern: &[u8]| {
        let mut bytes = pattern.repeat(largest / pattern.len());
        bytes.resize(largest, 0);
        bytes
    };
    // In a field of their own, which is an operation, a procedure, or unknown.
    let within = |field: u32, pattern: &[u8]| {
        let inside = pattern.repeat((largest - 16) / pattern.len());
        Message::default().bytes(field, &inside).0
    };
    for manifest in [
        filled(b"\x08\x01"),
        filled(b"\x0a\x02\x08\x00"),
        filled(b"\x12\x02\x08\x00"),
        within(1, b"\x78\x01"),
        within(9, b"\x78\x01"),
        within(10, b"\x12\x02\x08\x00"),
    ] {
        let content = with_manifest(&Message(manifest), &[]);
        let begin = Instant::now();
        Payload::read(&content[..]).unwrap_err();
        // A release build takes less than a hundred milliseconds, most of it to
        // copy the manifest. Here only that nothing is out of all proportion.
        assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", &content[20..30]);
    }
}

#[test]
fn keys_that_are_none() {
    let pem = fs::read_to_string("fixtures/payloads/key.pem").unwrap();
    let of = |text: &str| PublicKey::from_pem(text).unwrap_err();
    assert_eq!(key("key.pem").bits(), 2048);
    assert!(PublicKey::from_pem(&format!("Key of the fixtures\n{pem}\nmore")).is_ok());
    assert!(PublicKey::from_pem(&pem.replace('\n', "\r\n")).is_ok());
    assert_eq!(of(""), KeyError::NotPem);
    for ends in ["", "\r"] {
        assert_eq!(of(&pem.replace('\n', ends)), KeyError::LineBreaks);
    }
    let of_rsa = of(&pem.replace("PUBLIC", "RSA PUBLIC")).to_string();
    assert!(of_rsa.contains("with -pubin"), "{of_rsa}");
    assert_eq!(of(&pem.replace("END", "AND")), KeyError::NotPem);
    assert_eq!(of(&pem.replace("MIIB", "M!IB")), KeyError::NotPem);
    assert_eq!(
        of(&pem.replace("PUBLIC KEY", "PRIVATE KEY")),
        KeyError::Label("PRIVATE KEY".into())
    );
    assert_eq!(of(&pem.replace("MIIB", "MIIC")), KeyError::NotAKey);
    let ed25519 = "-----BEGIN PUBLIC KEY-----\n\
        MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n\
        -----END PUBLIC KEY-----\n";
    assert_eq!(of(ed25519), KeyError::NotRsa);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Wherever one bit is another one: it is refused, or it is in the signatures
    /// or in what they sign, and then the key does not fit any more.
    #[test]
    fn every_bit_counts(place: prop::sample::Index, bit in 0..8u8) {
        let mut content = fs::read(EXTENSION).unwrap();
        let place = place.index(content.len());
        content[place] ^= 1 << bit;
        if let Ok((payload, verified)) = verify(&content) {
            let matching = verified.signatures.matching(&key("key.pem"), &verified.signed_digest);
            let is_version = place as u64 >= payload.signed_length() && matching.download_sysext.is_some();
            prop_assert!(!matching.update_engine || is_version, "{place}");
        }
    }

    #[test]
    fn any_bytes(content: Vec<u8>) {
        prop_assert!(verify(&content).is_err());
    }

    #[test]
    fn any_manifest(manifest: Vec<u8>, rest: Vec<u8>) {
        let _ = verify(&with_manifest(&Message(manifest), &rest));
    }

    /// Whatever operations there are: if they are taken, they are those that were
    /// written, and verifying finds whether their data are right.
    #[test]
    fn what_was_written(
        data: Vec<(bool, Vec<u8>)>,
        damage: Option<prop::sample::Index>,
    ) {
        let (mut manifest, mut blob) = (Message::default(), Vec::new());
        for (is_compressed, data) in &data {
            let sha256 = Digests::from_reader(&data[..]).unwrap().sha256;
            let operation = Message::default()
                .number(1, u64::from(*is_compressed))
                .number(2, blob.len() as u64)
                .number(3, data.len() as u64)
                .bytes(8, sha256.as_bytes());
            manifest = manifest.message(1, &operation);
            blob.extend_from_slice(data);
        }
        let entry = Message::default().number(1, 2).bytes(2, b"a signature");
        let signatures = Message::default().message(1, &entry);
        let manifest = manifest.number(4, blob.len() as u64).number(5, signatures.0.len() as u64);
        let manifest = manifest.message(9, &Message::default().bytes(2, &[0; 32]));
        let damaged = damage.filter(|_| !blob.is_empty()).map(|index| index.index(blob.len()));
        if let Some(place) = damaged {
            blob[place] ^= 0x10;
        }
        let content = with_manifest(&manifest, &[blob, signatures.0].concat());
        match (verify(&content), damaged) {
            (Ok((payload, verified)), None) => {
                let counts = payload.operation_counts();
                prop_assert_eq!(counts.total() as usize, data.len());
                let lengths = payload.operations().map(|operation| operation.data_length);
                prop_assert!(lengths.eq(data.iter().map(|(_, data)| data.len() as u64)));
                prop_assert_eq!(&verified.signatures.entries[0].data, b"a signature");
                prop_assert_eq!(payload.kind(), Kind::Extension);
            }
            (Err(PayloadError::Damaged { .. }), Some(_)) => {}
            (other, damaged) => prop_assert!(false, "{damaged:?}: {other:?}"),
        }
    }
}

#[test]
fn a_signature_of_another_length() {
    let (_, verified) = verify(&fs::read(SYSTEM).unwrap()).unwrap();
    let (key, data) = (key("key.pem"), &verified.signatures.entries[0].data);
    assert!(key.verify(&verified.signed_digest, data));
    assert!(!key.verify(&verified.signed_digest, &[&[0], &data[..]].concat()));
    assert!(!key.verify(&verified.signed_digest, &data[1..]));
    assert!(!key.verify(&verified.signed_digest, &[]));
    assert!(!key.verify(&verified.signed_digest, &[0xff; 256]));
    assert!(!key.verify(&Sha256::from_bytes([0; 32]), data));
}
