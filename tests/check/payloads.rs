//! Packages whose digests are right, and which no machine could install.

use super::*;
use crate::common::payload::{GOOD_KEY, OTHER_KEY, payload};

/// Serves whatever it is, and fetches it with these arguments.
fn fetch(served: &[&str], arguments: &[&str]) -> Outcome {
    let served = [&["--skip-payload-check", "--package-version", OFFERED], served].concat();
    let server = Server::start(served);
    let directory = Directory::new();
    let into = directory.path().to_str().unwrap().to_owned();
    check(&url_of(&server), &[&["--download", &into], arguments].concat())
}

fn expect_failure(served: &[&str], arguments: &[&str], error: &str) {
    let outcome = fetch(served, arguments);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert!(outcome.stderr.contains(&format!("error: package {error}")), "{error}: {outcome:?}");
    assert!(outcome.stdout.ends_with("\nresult: failure\n"), "{outcome:?}");
}

#[test]
fn the_last_line_says_what_was_shown() {
    let both = ["--package-file", UPDATE, "--extension", EXTENSION];
    for (arguments, end) in [
        (&["--key", GOOD_KEY][..], format!("; its packages are complete and undamaged, signed by {GOOD_KEY:?}\n")),
        (&[], "; its packages are complete and undamaged; their signatures were not checked (no --key)\n".to_owned()),
        (
            &["--skip-payload-check"],
            "; its packages match the answer; whether they are payloads was not checked\n".to_owned(),
        ),
    ] {
        let outcome = fetch(&both, arguments);
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
        let line = format!("\nresult: an update is offered{end}");
        assert!(outcome.stdout.ends_with(&line), "{outcome:?}");
    }
}

#[test]
fn what_no_machine_could_install() {
    let directory = Directory::new();
    let file =
        |name: &str, content: &[u8]| directory.write(name, content).to_str().unwrap().to_owned();
    let good = fs::read(UPDATE).unwrap();
    let mut damaged = good.clone();
    damaged[30_000] ^= 1;
    for (content, error) in [
        (&b"<!DOCTYPE html>"[..], "update.gz: it is an HTML page, not an update payload"),
        (&good[..40_000], "update.gz: it is a payload that was cut in its operations' data"),
        (&damaged, "update.gz: it is a damaged payload: "),
    ] {
        expect_failure(&["--package-file", &file("a.gz", content)], &[], error);
    }
    let extension = ["--package-file", EXTENSION];
    expect_failure(&extension, &[], "update.gz: it is the payload of an extension");
    let second = file("oem-second.gz", &good);
    let twice = ["--package-file", UPDATE, "--extension", &second];
    expect_failure(&twice, &[], "oem-second.gz: it is the payload of an operating system");
    let update = ["--package-file", UPDATE];
    expect_failure(&update, &["--key", OTHER_KEY], "update.gz: it is not signed by the key ");
}

#[test]
fn a_delta_is_named() {
    let outcome = fetch(&["--package-file", &payload("delta.gz")], &["--key", GOOD_KEY]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(outcome.stderr.contains("note: update.gz is a delta payload"), "{outcome:?}");
}

#[test]
fn a_key_that_is_none_is_named_before_anything_is_fetched() {
    let outcome = fetch(&["--package-file", UPDATE], &["--key", UPDATE]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert!(outcome.stderr.starts_with("error: --key: "), "{outcome:?}");
    assert!(!outcome.stdout.contains("fetching"), "{outcome:?}");
}
