//! The manual's script of an offline update, with stand-ins for `systemctl`
//! and `update_engine_client`.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::{Command, Output};

use crate::common::payload::Directory;
use crate::common::server::binary;
use crate::common::tool::has;
use crate::common::{EXTENSION, UPDATE};

const MANUAL: &str = include_str!("../../dist/manual/scripts.md");

/// Plays update_engine: asks where the configuration says, fetches, reports.
/// `$OUTCOME` is the last report, or `nothing`.
const ENGINE: &str = r#"#!/bin/bash
set -eu
cp "$CONFIGURATION" seen
server=$(sed -n 's/^SERVER=//p' "$CONFIGURATION")
say() { curl -sS --fail -H 'Content-Type: text/xml' --data-binary "@$FIXTURES/$1.xml" "$server"; }
[ "$*" = -check_for_update ]
(
    codebase=$(say update-engine-full | sed -n 's/.*codebase="\([^"]*\)".*/\1/p')
    say download-started
    curl -sS --fail -o "$FETCHED" "${codebase}update.gz"
    say download-finished
    [ "$OUTCOME" = nothing ] || say "$OUTCOME"
) >/dev/null 2>&1 &
"#;

struct Machine {
    directory: Directory,
}

impl Machine {
    fn new() -> Self {
        let directory = Directory::new();
        let (_, rest) = MANUAL.split_once("```sh script\n").unwrap();
        let (script, _) = rest.split_once("```").unwrap();
        let machine = Self { directory };
        machine.program("offline-update", script);
        machine.program("update_engine_client", ENGINE);
        machine.program("systemctl", "#!/bin/sh\necho \"$*\" >>\"$CALLS\"\n");
        symlink(binary(), machine.path("serve-package")).unwrap();
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn program(&self, name: &str, text: &str) {
        let path = self.directory.write(name, text.as_bytes());
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn configure(&self, text: &str) {
        self.directory.write("update.conf", text.as_bytes());
    }

    fn configuration(&self) -> Option<String> {
        fs::read_to_string(self.path("update.conf")).ok()
    }

    fn run(&self, sha256: &str, outcome: &str, deadline: &str) -> Output {
        let path = format!("{}:{}", self.directory.path().display(), env!("PATH"));
        Command::new("./offline-update")
            .args(["4152.2.0", UPDATE, sha256, EXTENSION])
            .current_dir(self.directory.path())
            .env("PATH", path)
            .env("CONFIGURATION", self.path("update.conf"))
            .env("CALLS", self.path("calls"))
            .env("FETCHED", self.path("fetched"))
            .env("FIXTURES", concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/requests"))
            .env("OUTCOME", outcome)
            .env("DEADLINE", deadline)
            .output()
            .unwrap()
    }

    /// How often update_engine was restarted.
    fn restarts(&self) -> usize {
        let calls = fs::read_to_string(self.path("calls")).unwrap_or_default();
        assert!(calls.lines().all(|call| call == "restart update-engine"), "{calls}");
        calls.lines().count()
    }
}

fn right_digest() -> String {
    let payload = fs::File::open(UPDATE).unwrap();
    omaha::Digests::from_reader(payload).unwrap().sha256.to_hex()
}

/// What it printed, for the message of a test that fails.
fn said(output: &Output) -> String {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    format!("{}\n{}", text(&output.stdout), text(&output.stderr))
}

const BEFORE: &str = "GROUP=stable\nSERVER=https://public.example/v1/update/\n";

#[test]
fn a_machine_is_updated() {
    if !has("curl", "curl") {
        return;
    }
    let machine = Machine::new();
    machine.configure(BEFORE);
    let output = machine.run(&right_digest(), "update-complete", "5m");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("updated to 4152.2.0: reboot when it suits"));
    assert!(fs::read(machine.path("fetched")).unwrap() == fs::read(UPDATE).unwrap());
    assert_eq!(machine.configuration().as_deref(), Some(BEFORE));
    assert_eq!(machine.restarts(), 2);
}

/// Provisioning tools leave update.conf without a line break at its end.
#[test]
fn a_configuration_whose_last_line_does_not_end() {
    if !has("curl", "curl") {
        return;
    }
    const BEFORE: &str = "GROUP=stable\nREBOOT_STRATEGY=off";
    let machine = Machine::new();
    machine.configure(BEFORE);
    let output = machine.run(&right_digest(), "update-complete", "5m");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(machine.configuration().as_deref(), Some(BEFORE));
    // Meanwhile each setting had its line.
    let seen = fs::read_to_string(machine.path("seen")).unwrap();
    let (before, server) = seen.split_once("\nSERVER=http://127.0.0.1:").unwrap();
    assert_eq!((before, server.lines().count()), (BEFORE, 1), "{seen}");
}

#[test]
fn a_failure_is_told_and_the_configuration_restored() {
    if !has("curl", "curl") {
        return;
    }
    let machine = Machine::new();
    let output = machine.run(&right_digest(), "update-failed", "5m");
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    // There was none before.
    assert_eq!(machine.configuration(), None);
    assert_eq!(machine.restarts(), 2);
}

#[test]
fn a_machine_that_says_nothing_is_not_waited_for_forever() {
    if !has("curl", "curl") {
        return;
    }
    let machine = Machine::new();
    machine.configure(BEFORE);
    let output = machine.run(&right_digest(), "nothing", "1s");
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert_eq!(machine.configuration().as_deref(), Some(BEFORE));
}

#[test]
fn a_payload_that_is_not_the_published_one_is_not_served() {
    if !has("curl", "curl") {
        return;
    }
    let machine = Machine::new();
    machine.configure(BEFORE);
    let output = machine.run(&"0".repeat(64), "update-complete", "5m");
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert_eq!(machine.configuration().as_deref(), Some(BEFORE));
    assert_eq!(machine.restarts(), 0);
}
