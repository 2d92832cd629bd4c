//! Tests of verification.

use std::error::Error as _;

use super::*;

/// A directory of its own for each test, removed at the end.
struct Directory(PathBuf);

impl Directory {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("omaha-{}-{test}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn package(content: &[u8]) -> Package {
    let digests = Digests::from_reader(content).unwrap();
    Package {
        name: "update.gz".to_owned(),
        sha1: Some(digests.sha1),
        sha256: Some(digests.sha256),
        size: digests.size,
        ..Package::default()
    }
}

fn message(result: Result<(), VerifyError>) -> String {
    crate::Chain(&result.unwrap_err()).to_string()
}

#[test]
fn the_right_content() {
    let whole = package(b"abc");
    whole.verify(&b"abc"[..]).unwrap();
    Package { sha1: None, ..whole.clone() }.verify(&b"abc"[..]).unwrap();
    Package { sha256: None, ..whole }.verify(&b"abc"[..]).unwrap();
    package(b"").verify(io::empty()).unwrap();
}

#[test]
fn another_digest() {
    let other = package(b"abd");
    let found = package(b"abc");
    assert_eq!(
        message(other.verify(&b"abc"[..])),
        format!(
            "\"update.gz\": the SHA-1 is {}, expected {}",
            found.sha1.unwrap(),
            other.sha1.unwrap()
        )
    );
    let other = Package { sha1: None, ..other };
    assert_eq!(
        message(other.verify(&b"abc"[..])),
        format!(
            "\"update.gz\": the SHA-256 is {}, expected {}",
            found.sha256.unwrap(),
            other.sha256.unwrap()
        )
    );
}

#[test]
fn without_digests_the_size_is_checked() {
    let package = Package { sha1: None, sha256: None, ..package(b"abc") };
    package.verify(&b"xyz"[..]).unwrap();
    assert_eq!(message(package.verify(&b"x"[..])), "\"update.gz\": the size is 1 byte, expected 3");
    assert_eq!(
        message(package.verify(&b"wxyz"[..])),
        "\"update.gz\": the size is more than 3 bytes, expected 3"
    );
}

#[test]
fn an_endless_reader_ends() {
    let error = package(b"abc").verify(io::repeat(b'a')).unwrap_err();
    let expected = VerifyErrorKind::Size { expected: 3, found: None };
    assert_eq!(format!("{:?}", error.kind()), format!("{expected:?}"));
}

#[test]
fn the_largest_size_does_not_overflow() {
    let package = Package { size: u64::MAX, ..package(b"abc") };
    assert_eq!(
        message(package.verify(&b"abc"[..])),
        "\"update.gz\": the size is 3 bytes, expected 18446744073709551615"
    );
}

#[test]
fn files_in_a_directory() {
    let directory = Directory::new("verify");
    let path = directory.0.join("update.gz");
    let package = package(b"abc");

    let error = package.verify_in(&directory.0).unwrap_err();
    assert!(matches!(error.kind(), VerifyErrorKind::Io(e) if e.kind() == io::ErrorKind::NotFound));
    assert_eq!(error.path(), Some(path.as_path()));
    assert!(error.source().is_some());

    fs::write(&path, "abc").unwrap();
    package.verify_in(&directory.0).unwrap();

    fs::write(&path, "abcd").unwrap();
    let expected = format!("{path:?}: the size is more than 3 bytes, expected 3");
    assert_eq!(message(package.verify_in(&directory.0)), expected);

    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let expected = format!("{path:?}: cannot be read: not a regular file");
    assert_eq!(message(package.verify_in(&directory.0)), expected);
}

#[test]
fn names_that_lead_elsewhere() {
    let directory = Directory::new("names");
    for name in ["", ".", "..", "/etc/passwd", "../x", "a/b", "a/", "a\\b", "a\0"] {
        let package = Package { name: name.to_owned(), ..package(b"abc") };
        let error = package.verify_in(&directory.0).unwrap_err();
        assert!(matches!(error.kind(), VerifyErrorKind::Name), "{name:?}");
        assert_eq!(error.name(), name);
        assert_eq!(error.to_string(), format!("{name:?}: the name is not a plain file name"));
    }
}
