//! `serve-package inspect`: files that are payloads, and files that are not.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use common::payload::{Directory, GOOD_KEY, OTHER_KEY, payload, published};
use common::server::{binary, run};
use common::{EXTENSION, UPDATE};
use omaha::Digests;
use rustix::fs::{CWD, Mode, mkfifoat};

/// What it prints on standard output, and its exit status.
fn inspect(arguments: &[&OsStr]) -> (String, i32) {
    let mut command = Command::new(binary());
    command.arg("inspect").args(arguments).stdin(Stdio::null());
    let output = command.output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap())
}

/// With the project's key.
fn with_key(path: &Path) -> (String, i32) {
    inspect(&[path.as_ref(), "--key".as_ref(), GOOD_KEY.as_ref()])
}

/// Expects that a file is wrong, for this reason.
fn expect_wrong(path: &Path, reason: &str) {
    let (text, status) = with_key(path);
    let first = text.lines().next().unwrap();
    assert!(first.contains(": WRONG: ") && first.contains(reason), "{reason}: {text}");
    assert_eq!(status, 1, "{text}");
}

#[test]
fn good_ones() {
    let digests = Digests::from_reader(fs::File::open(UPDATE).unwrap()).unwrap();
    let (text, status) = with_key(UPDATE.as_ref());
    assert_eq!(status, 0, "{text}");
    let signed = format!("signed by   {GOOD_KEY:?}, for update_engine and download_sysext");
    for expected in [
        "right: a full payload of an operating system, complete and undamaged, signed by the key",
        "partition   262144 bytes, SHA-256 ",
        "kernel      4096 bytes, SHA-256 ",
        "operations  17: 2 REPLACE, 15 REPLACE_BZ",
        "signatures  1, of version 2",
        &signed,
        &digests.sha256.to_hex(),
        &digests.sha256.to_base64(),
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let (text, status) = with_key(EXTENSION.as_ref());
    assert_eq!(status, 0, "{text}");
    assert!(text.contains("right: a full payload of an extension"), "{text}");
    let (text, status) = with_key(payload("delta.gz").as_ref());
    assert_eq!(status, 0, "{text}");
    assert!(text.contains("a delta payload of an operating system"), "{text}");
}

#[test]
fn several_files_and_one_is_wrong() {
    let directory = Directory::new();
    let page = directory.write("page.gz", b"<!DOCTYPE html><title>404</title>");
    let (text, status) = inspect(&[UPDATE.as_ref(), page.as_ref(), EXTENSION.as_ref()]);
    assert_eq!(status, 1);
    assert_eq!(text.lines().filter(|line| line.contains(": right: ")).count(), 2, "{text}");
    assert!(text.contains("page.gz: WRONG: it is an HTML page, not an update payload"), "{text}");
}

#[test]
fn what_is_no_payload() {
    let directory = Directory::new();
    for (content, reason) in [
        (&b""[..], "it is an empty file, not an update payload"),
        (b"<html><body>Not Found", "it is an HTML page"),
        (b"<?xml version=\"1.0\"?><response protocol=\"3.0\"/>", "the answer of an Omaha server"),
        (b"\x1f\x8b\x08\0", "compressed with gzip"),
        (b"BZh91AY&SY", "compressed with bzip2"),
        (b"hsqs\0\0\0\0", "a squashfs image"),
    ] {
        expect_wrong(&directory.write("file.gz", content), reason);
    }
    let missing = directory.join("missing.gz");
    expect_wrong(&missing, "the payload cannot be read: no such file");
    expect_wrong(directory.path(), "the payload cannot be read: it is a directory");
}

#[test]
fn what_is_not_whole() {
    let directory = Directory::new();
    let good = fs::read(UPDATE).unwrap();
    let size = good.len();
    for (length, reason) in [
        (12, "cut in its header"),
        (40, "cut in its manifest"),
        (40_000, "cut in its operations' data"),
        (size - 1, "cut in its signatures"),
    ] {
        expect_wrong(&directory.write("cut.gz", &good[..length]), reason);
    }
    let more = [&good[..], b"!"].concat();
    expect_wrong(&directory.write("more.gz", &more), "with something after it");
    let change = |at: usize, reason| {
        let mut changed = good.clone();
        changed[at] ^= 0x80;
        expect_wrong(&directory.write("changed.gz", &changed), reason);
    };
    change(11, "it is a payload in version 129 of the format");
    change(12, "its header announces a manifest of ");
    change(20, "it is not a valid payload: manifest: ");
    change(30_000, "it is a damaged payload: the ");
    change(size - 1, "it is not signed by the key");
}

#[test]
fn keys() {
    let (text, status) = inspect(&[UPDATE.as_ref(), "--key".as_ref(), OTHER_KEY.as_ref()]);
    assert!(text.contains(&format!("WRONG: it is not signed by the key {OTHER_KEY:?}")), "{text}");
    assert_eq!(status, 1);
    // An entry of version 1 is good enough for an extension.
    let (text, status) = with_key(payload("signed-for-version-1.gz").as_ref());
    assert!(text.contains("for download_sysext only (the entry of version 1)"), "{text}");
    assert_eq!(status, 0);
    assert_eq!(with_key(payload("two-signatures.gz").as_ref()).1, 0);

    let no_key = ["--key".as_ref(), UPDATE.as_ref()];
    let (text, status) = inspect(&[&[UPDATE.as_ref()], &no_key[..]].concat());
    assert_eq!((text.as_str(), status), ("", 1));
}

#[test]
fn a_published_digest() {
    let directory = Directory::new();
    let good = fs::read(EXTENSION).unwrap();
    let file = directory.write("oem-a.gz", &good);
    directory.write("oem-a.gz.sha256", published(&good, "dir/oem-a.gz").as_bytes());
    let (text, status) = with_key(&file);
    assert!(status == 0 && text.contains("oem-a.gz.sha256\" has this SHA-256"), "{text}");
    directory.write("oem-a.gz.sha256", published(b"other", "oem-a.gz").as_bytes());
    expect_wrong(&file, "oem-a.gz.sha256\" says ");
    directory.write("oem-a.gz.sha256", b"\n");
    expect_wrong(&file, "oem-a.gz.sha256\" is empty");
    let hex = Digests::from_reader(&good[..]).unwrap().sha256.to_hex();
    for text in [format!("\u{feff}{hex}\r\n"), format!("SHA256 (oem (a) = b.gz) = {hex}\n")] {
        directory.write("oem-a.gz.sha256", text.as_bytes());
        assert_eq!(with_key(&file).1, 0, "{text}");
    }
    directory.write("oem-a.gz.sha256", b"<html>");
    expect_wrong(&file, "oem-a.gz.sha256\": \"<html>\" is not a SHA-256");
    // A pipe that nobody writes into.
    let pipe = directory.join("oem-a.gz.sha256");
    fs::remove_file(&pipe).unwrap();
    mkfifoat(CWD, &pipe, Mode::RUSR).unwrap();
    let outcome = run(["inspect".as_ref(), file.as_os_str()]);
    assert!(outcome.stdout.contains("oem-a.gz.sha256\": it is no regular file"), "{outcome:?}");
}

#[test]
fn as_json() {
    let arguments = [UPDATE, "--key", GOOD_KEY, "--json", EXTENSION].map(OsStr::new);
    let (text, status) = inspect(&arguments);
    let lines: Vec<_> = text.lines().collect();
    let [update, extension] = lines[..] else { panic!("{text}") };
    assert_eq!(status, 0);
    let beginning = format!("{{\"file\":\"{UPDATE}\",\"right\":true,\"problems\":[],\"size\":");
    assert!(update.starts_with(&beginning), "{update}");
    for expected in [
        "\"payload\":{\"kind\":\"operating-system\",\"delta\":false,\"length\":",
        "\"replace\":2,\"replace_bz\":15,\"move\":0,\"bsdiff\":0,\"partition\":{\"size\":262144,",
        "\"signature_versions\":[2],\"key\":{\"file\":",
        "\"update_engine\":true,\"download_sysext\":true}}",
    ] {
        assert!(update.contains(expected), "{expected}: {update}");
    }
    assert!(extension.contains("\"kind\":\"extension\""), "{extension}");
}
