//! What is refused when serving starts, because no machine could install it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use std::fs;

use common::http::update;
use common::payload::{Directory, GOOD_KEY, OTHER_KEY, payload, published};
use common::server::{Server, run};
use common::{EXTENSION, OFFERED, UPDATE, fixture};

const AS: [&str; 4] = ["--package-version", OFFERED, "--listen-address", "127.0.0.1:0"];

/// Expects that it does not start, for one reason in one line.
fn expect_refusal(arguments: &[&str], reason: &str) {
    let outcome = run([&AS[..], arguments].concat());
    outcome.expect_failure(1, &["error: ", reason]);
    assert_eq!(outcome.stderr.lines().count(), 1, "{outcome:?}");
}

#[test]
fn what_is_no_whole_payload() {
    let directory = Directory::new();
    let good = fs::read(UPDATE).unwrap();
    let more = [&good[..], b"!"].concat();
    for (content, reason) in [
        (&b"<!DOCTYPE html>"[..], "it is an HTML page, not an update payload"),
        (&good[..12], "it is a payload that was cut in its header"),
        (&good[..100], "it is a payload that was cut in its manifest"),
        (&good[..40_000], "it is a payload that was cut in its operations' data"),
        (&more, "with something after it"),
    ] {
        let path = directory.write("file.gz", content);
        let path = path.to_str().unwrap();
        expect_refusal(&["--package-file", path], reason);
        expect_refusal(&["--package-file", UPDATE, "--extension", path], reason);
        let server =
            Server::start([&AS[..2], &["--skip-payload-check", "--package-file", path]].concat());
        server.wait_for_line("the packages were not checked (--skip-payload-check)");
        assert!(update(server.address(), &fixture("check-older")).offers());
    }
}

#[test]
fn kinds_in_the_wrong_places() {
    let directory = Directory::new();
    expect_refusal(&["--package-file", EXTENSION], "it is the payload of an extension");
    let copy = directory.write("oem-a.gz", &fs::read(UPDATE).unwrap());
    let system = ["--package-file", UPDATE, "--extension", copy.to_str().unwrap()];
    expect_refusal(&system, "it is the payload of an operating system");
    let link = directory.join("oem-b.gz");
    std::os::unix::fs::symlink(EXTENSION, &link).unwrap();
    let twice = ["--extension", EXTENSION, "--extension", link.to_str().unwrap()];
    expect_refusal(&[&["--package-file", UPDATE], &twice[..]].concat(), "the file is given twice");
}

#[test]
fn a_delta_is_for_one_version() {
    let delta = payload("delta.gz");
    let arguments = ["--package-file", &delta];
    expect_refusal(&arguments, "--previous-version says which version it is for");
    // The fixtures' machines: an older one has 4081.3.6.
    for (previous, is_offered) in [("4081.3.6", true), ("4081.2.0", false)] {
        let server = Server::start(
            [&AS[..2], &arguments, &["--previous-version", previous, "--key", GOOD_KEY]].concat(),
        );
        let answer = update(server.address(), &fixture("check-older"));
        assert_eq!(answer.offers(), is_offered, "{previous}");
        if is_offered {
            assert!(answer.manifest().actions[0].is_delta_payload);
        }
    }
    let full = [&AS[..2], &["--package-file", UPDATE, "--previous-version", "4081.3.6"]].concat();
    let server = Server::start(full);
    let answer = update(server.address(), &fixture("check-older"));
    assert!(!answer.manifest().actions[0].is_delta_payload);
}

#[test]
fn what_another_key_has_signed() {
    let both = ["--package-file", UPDATE, "--extension", EXTENSION];
    let reason = format!("it is not signed by the key {OTHER_KEY:?}");
    expect_refusal(&[&both[..], &["--key", OTHER_KEY]].concat(), &reason);
    expect_refusal(&[&both[..], &["--key", UPDATE]].concat(), "it is not PEM");
    let missing = "cannot read the key \"/missing.pem\": no such file\n";
    expect_refusal(&[&both[..], &["--key", "/missing.pem"]].concat(), missing);
    drop(Server::start([&AS[..2], &both, &["--key", GOOD_KEY]].concat()));
    // Damage to the data is found by the signature, and then named.
    let directory = Directory::new();
    let mut content = fs::read(UPDATE).unwrap();
    content[30_000] ^= 1;
    let damaged = directory.write("damaged.gz", &content);
    let damaged = ["--package-file", damaged.to_str().unwrap(), "--key", GOOD_KEY];
    expect_refusal(&damaged, "it is a damaged payload: the ");
}

#[test]
fn what_is_not_the_published_file() {
    let directory = Directory::new();
    let content = fs::read(UPDATE).unwrap();
    let file = directory.write("a.gz", &content);
    let file = ["--package-file", file.to_str().unwrap()];
    directory.write("a.gz.sha256", published(&content, "a.gz").as_bytes());
    drop(Server::start([&AS[..2], &file].concat()));
    directory.write("a.gz.sha256", published(b"other", "a.gz").as_bytes());
    expect_refusal(&file, "a.gz.sha256\" says ");
    fs::remove_file(directory.join("a.gz.sha256")).unwrap();
    fs::create_dir(directory.join("a.gz.sha256")).unwrap();
    expect_refusal(&file, "a.gz.sha256\": it is a directory");
}
