//! The command line: what is refused with exit status 2, and what is printed.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

use common::http::update;
use common::server::{Server, binary, run};
use common::{OFFERED, UPDATE, fixture};

const GOOD: [&str; 4] = ["--package-file", UPDATE, "--package-version", OFFERED];

/// With a wrong command line.
fn expect_usage_error(arguments: &[&str], message: &str) {
    let outcome = run(arguments);
    outcome.expect_failure(2, &[message, "--help"]);
    assert_eq!(outcome.stderr.lines().count(), 2, "{outcome:?}");
}

#[test]
fn wrong_usage() {
    let with = |more: &[&'static str]| [&GOOD[..], more].concat();
    expect_usage_error(&[], "--package-file or --updates is required");
    expect_usage_error(&["--package-file", UPDATE], "--package-version is required");
    expect_usage_error(&["--package-version", OFFERED], "--package-file or --updates is required");
    expect_usage_error(&["--package-file"], "--package-file needs a value");
    expect_usage_error(&with(&["--listen-address"]), "--listen-address needs a value");
    expect_usage_error(&with(&["--extension="]), "--extension needs a value");
    expect_usage_error(&with(&["--extension", "--force"]), "--extension needs a value");
    expect_usage_error(&with(&["--package-file", "x"]), "--package-file is given more than once");
    expect_usage_error(&with(&["--force", "--force"]), "--force is given more than once");
    expect_usage_error(&with(&["--verbose"]), "\"--verbose\"");
    expect_usage_error(&with(&["-v"]), "\"-v\"");
    expect_usage_error(&with(&["-extension", "x"]), "\"-extension\"");
    expect_usage_error(&with(&["update.gz"]), "unexpected argument \"update.gz\"");
    expect_usage_error(&with(&["--force=yes"]), "--force takes no value");
    expect_usage_error(&with(&["--extention", "x"]), "did you mean --extension?");
    expect_usage_error(&["help", "nonsense"], "there is no command \"nonsense\"");
    expect_usage_error(&["check", "help"], "did you mean --help?");
}

#[test]
fn wrong_values() {
    let with = |more: &[&'static str]| [&GOOD[..], more].concat();
    for version in ["latest", "v1.2.3", "1..2", "4152.2.0 "] {
        let arguments = ["--package-file", UPDATE, "--package-version", version];
        expect_usage_error(&arguments, &format!("--package-version {version:?}"));
    }
    for address in ["8000", "localhost", "localhost:x", ":65536", "::1:80", "[::1", "a b:80"] {
        let flag = with(&["--listen-address", address]);
        expect_usage_error(&flag, &format!("--listen-address {address:?}"));
    }
    for url in ["mirror", "ftp://mirror/", "/packages/", "http://", "http://a/?x=", "http://a b/"] {
        expect_usage_error(&with(&["--package-url", url]), &format!("--package-url {url:?}"));
    }
    let version = OsStr::from_bytes(b"1.0\xff");
    let outcome = run([GOOD[0], UPDATE, GOOD[2]].map(OsStr::new).into_iter().chain([version]));
    outcome.expect_failure(2, &["--package-version"]);
}

#[test]
fn help_and_version() {
    for arguments in
        [&["--help"][..], &["-h"], &["--nonsense", "--help"], &["help"], &["help", "help"]]
    {
        let help = run(arguments);
        assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""), "{help:?}");
        let lines: Vec<_> = help.stdout.lines().collect();
        assert!(
            (24..=50).contains(&lines.len()) && lines.iter().all(|line| line.len() <= 80),
            "{help:?}"
        );
        for text in ["--package-file", "--package-version", "--listen-address", "--extension"] {
            assert!(help.stdout.contains(text), "{text}");
        }
        assert!(help.stdout.contains("--package-url") && help.stdout.contains("--force"));
    }
    let version = run(["--version"]);
    let expected = format!("serve-package {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!((version.code, version.stdout), (Some(0), expected));
}

#[test]
fn help_of_a_command() {
    for command in ["check", "inspect", "status", "update"] {
        let (with_flag, with_help) = (run([command, "--help"]), run(["help", command]));
        assert_eq!((with_help.code, with_help.stderr.as_str()), (Some(0), ""), "{with_help:?}");
        assert_eq!(with_help.stdout, with_flag.stdout);
        let usage = format!("Usage: serve-package {command} ");
        assert!(with_help.stdout.contains(&usage), "{with_help:?}");
    }
}

#[test]
fn every_form_of_a_flag() {
    for arguments in [
        &["-package-file", UPDATE, "-package-version", OFFERED, "-listen-address", "127.0.0.1:0"][..],
        &[&format!("-package-file={UPDATE}"), "-package-version=4152.2.0"],
        &[&format!("--package-file={UPDATE}"), "--package-version=4152.2.0", "--force"],
    ] {
        let one_dash = arguments.contains(&"-listen-address");
        let mut command = Command::new(binary());
        command.args(arguments);
        if !one_dash {
            command.arg("-listen-address=127.0.0.1:0");
        }
        let server = Server::spawn(command);
        assert!(update(server.address(), &fixture("check-older")).offers(), "{arguments:?}");
    }
}
