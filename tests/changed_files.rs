//! A package that changes while it is served: never other bytes than those
//! that were hashed.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use common::http::{Client, ask, get, request, update};
use common::payload::{Directory, MORE_THAN_BUFFERS, bytes};
use common::server::{Server, Stopped};
use common::{OFFERED, fixture};

const PACKAGE: &str = "/packages/update.gz";

/// The one line about a change.
const NO_LONGER: &str = "the package is no longer offered; restart to serve it as it is now: ";

/// A file that was written long ago, so that whatever writes to it now leaves
/// a later time behind, however coarse the file system's clock is.
fn write_old(directory: &Directory, name: &str, content: &[u8]) -> PathBuf {
    let path = directory.write(name, content);
    let time = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    path
}

fn open(path: &Path) -> File {
    File::options().write(true).open(path).unwrap()
}

/// The change was told, clearly and only once.
fn expect_told_once(stopped: &Stopped, path: &Path) {
    let told: Vec<_> = stopped.lines.iter().filter(|line| line.contains(NO_LONGER)).collect();
    assert_eq!(told.len(), 1, "{:#?}", stopped.lines);
    assert!(told[0].contains(&format!("{path:?}: it was changed since")), "{}", told[0]);
}

fn expect_no_longer_served(server: &Server) {
    for _ in 0..2 {
        assert!(!update(server.address(), &fixture("check-older")).offers());
        assert!(!update(server.address(), &fixture("forced-update")).offers());
        get(server.address(), PACKAGE, &[]).expect_refusal(503, "changed since the server was");
        get(server.address(), PACKAGE, &[("Range", "bytes=0-3")]).expect_refusal(503, "changed");
        assert_eq!(ask(server.address(), "HEAD", PACKAGE, &[], b"").status(), 503);
        let any = [("If-None-Match", "*")];
        get(server.address(), PACKAGE, &any).expect_refusal(503, "changed");
    }
    server.wait_for_line("no update: a package was changed since the server was started");
}

#[test]
fn a_file_that_is_changed_in_place_is_no_longer_served() {
    type Change = fn(&Path);
    let changes: [Change; 5] = [
        |path| open(path).write_all_at(b"X", 5000).unwrap(),
        |path| fs::write(path, b"something else").unwrap(),
        |path| open(path).set_len(9_999).unwrap(),
        |path| open(path).set_len(10_001).unwrap(),
        // Only its time: what was written cannot be known.
        |path| open(path).set_modified(UNIX_EPOCH).unwrap(),
    ];
    for change in changes {
        let directory = Directory::new();
        let path = write_old(&directory, "payload.bin", &bytes(10_000));
        let server = Server::of_file(&path);
        assert!(update(server.address(), &fixture("check-older")).offers());
        assert_eq!(get(server.address(), PACKAGE, &[]).status(), 200);
        change(&path);
        expect_no_longer_served(&server);
        // Events are taken all the same: machines are in the middle of it.
        assert_eq!(update(server.address(), &fixture("update-complete")).status(), 200);
        let stopped = server.stop();
        assert_eq!(stopped.status.code(), Some(0));
        expect_told_once(&stopped, &path);
    }
}

#[test]
fn a_file_that_is_replaced_or_removed_is_served_as_it_was() {
    type Change = fn(&Directory, &Path);
    let changes: [Change; 3] = [
        |directory, path| fs::rename(directory.write("new", b"something else"), path).unwrap(),
        |_, path| fs::remove_file(path).unwrap(),
        |directory, path| fs::rename(path, directory.join("elsewhere")).unwrap(),
    ];
    for change in changes {
        let (directory, payload) = (Directory::new(), bytes(10_000));
        let path = write_old(&directory, "payload.bin", &payload);
        let server = Server::of_file(&path);
        change(&directory, &path);
        assert!(update(server.address(), &fixture("check-older")).offers());
        let answer = get(server.address(), PACKAGE, &[]);
        assert_eq!(answer.status(), 200);
        assert!(answer.body == payload);
        let stopped = server.stop();
        assert!(!stopped.lines.iter().any(|line| line.contains("changed")), "{:?}", stopped.lines);
    }
}

#[test]
fn a_changed_extension_takes_the_whole_update_with_it() {
    let directory = Directory::new();
    let payload = write_old(&directory, "payload.bin", &bytes(10_000));
    let extension = write_old(&directory, "oem-test.gz", b"extension");
    let flags = ["--skip-payload-check", "--package-version", OFFERED, "--package-file"];
    let flags = flags.map(OsStr::new);
    let rest = [payload.as_os_str(), "--extension".as_ref(), extension.as_os_str()];
    let server = Server::start([&flags[..], &rest].concat());
    assert!(update(server.address(), &fixture("check-older")).offers());

    open(&extension).write_all_at(b"E", 0).unwrap();
    assert!(!update(server.address(), &fixture("check-older")).offers());
    get(server.address(), "/packages/oem-test.gz", &[]).expect_refusal(503, "changed");
    // A machine that is fetching the rest may continue.
    assert_eq!(get(server.address(), PACKAGE, &[]).status(), 200);
    expect_told_once(&server.stop(), &extension);
}

/// Begins a download, changes the file, and continues reading until the server
/// has had enough. What came must be the beginning of what was announced.
fn change_during_a_download(change: impl FnOnce(&Path)) {
    let (directory, payload) = (Directory::new(), bytes(MORE_THAN_BUFFERS));
    let path = write_old(&directory, "payload.bin", &payload);
    let server = Server::of_file(&path);
    let mut client = Client::slow(server.address());
    client.send(request("GET", PACKAGE, &[], b""));
    assert_eq!(client.read_head().content_length(), payload.len());
    let mut received = client.read(100_000);
    change(&path);
    received.extend_from_slice(&client.read_to_end());
    assert!(received.len() < payload.len(), "all of it came");
    assert!(received == payload[..received.len()], "other bytes came");

    let line = server.wait_for_line("download of update.gz cut at byte ");
    assert!(line.contains(&format!("cut at byte {} ", received.len())), "{line}");
    assert!(line.contains("changed") && !line.contains("client went"), "{line}");
    expect_no_longer_served(&server);
    expect_told_once(&server.stop(), &path);
}

/// Writes something else into a file, and puts its time back.
fn change_unnoticed(path: &Path, offset: u64) {
    let time = fs::metadata(path).unwrap().modified().unwrap();
    open(path).write_all_at(b"X", offset).unwrap();
    open(path).set_modified(time).unwrap();
}

/// Size and time are as before, so a check cannot know. The first download does.
#[test]
fn changed_with_its_time_put_back() {
    let (directory, payload) = (Directory::new(), bytes(200_000));
    let path = write_old(&directory, "payload.bin", &payload);
    let server = Server::of_file(&path);
    change_unnoticed(&path, 150_000);
    assert!(update(server.address(), &fixture("check-older")).offers());
    // What lies before and behind it is what was hashed.
    let answer = get(server.address(), PACKAGE, &[("Range", "bytes=0-99999")]);
    assert!(answer.body == payload[..100_000]);
    let mut client = Client::connect(server.address());
    client.send(request("GET", PACKAGE, &[], b""));
    assert_eq!(client.read_head().content_length(), payload.len());
    let received = client.read_to_end();
    assert!(received.len() <= 150_000 && received == payload[..received.len()]);
    server.wait_for_line("download of update.gz cut at byte ");
    expect_no_longer_served(&server);
    expect_told_once(&server.stop(), &path);
}

#[test]
fn changed_with_its_time_put_back_during_a_download() {
    change_during_a_download(|path| change_unnoticed(path, MORE_THAN_BUFFERS as u64 - 1));
}

#[test]
fn truncated_during_a_download() {
    change_during_a_download(|path| open(path).set_len(1_000).unwrap());
}

#[test]
fn truncated_a_little_during_a_download() {
    let length = MORE_THAN_BUFFERS as u64 - 1;
    change_during_a_download(|path| open(path).set_len(length).unwrap());
}

#[test]
fn overwritten_during_a_download() {
    change_during_a_download(|path| fs::write(path, vec![0xee; MORE_THAN_BUFFERS]).unwrap());
}

#[test]
fn replaced_during_a_download() {
    let (directory, payload) = (Directory::new(), bytes(MORE_THAN_BUFFERS));
    let path = write_old(&directory, "payload.bin", &payload);
    let server = Server::of_file(&path);
    let mut client = Client::slow(server.address());
    client.send(request("GET", PACKAGE, &[], b""));
    let length = client.read_head().content_length();
    let mut received = client.read(100_000);
    fs::rename(directory.write("new", b"something else"), &path).unwrap();
    received.extend_from_slice(&client.read(length - received.len()));
    assert!(received == payload);
}
