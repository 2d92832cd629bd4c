//! What is found about the payloads before anything is touched.

use std::fs;

use crate::common::payload::{OTHER_KEY, payload};
use crate::common::{EXTENSION, UPDATE};
use crate::findings::{expect, system_only};
use crate::machine::{ALL, Machine};

#[test]
fn everything_at_once() {
    let machine = Machine::bare();
    machine.write("usr/lib/os-release", "NAME=x\nPRETTY_NAME=\"Debian GNU/Linux\"\n");
    let cut = machine.path("cut.gz");
    fs::write(&cut, &fs::read(UPDATE).unwrap()[..1000]).unwrap();
    let arguments = [
        "--package-file",
        cut.to_str().unwrap(),
        "--package-version",
        "1.0.0",
        "--extension",
        "/no/such.gz",
    ];
    expect(
        &machine,
        &arguments,
        1,
        &[
            "error: Debian GNU/Linux is neither Flatcar nor Container Linux",
            "cut.gz\": ",
            "error: \"/no/such.gz\": it cannot be read: no such file",
            "3 errors were found; nothing was changed",
        ],
    );
}

#[test]
fn extensions_that_are_missing() {
    let machine = Machine::new();
    machine.write("usr/share/flatcar/enabled-sysext.conf", "podman\ndocker # old\n");
    machine.write("etc/flatcar/enabled-sysext.conf.d", "");
    expect_missing(&machine);
    // Not asked of the operator who says so.
    let ended = machine.run(&[system_only(), &["--dry-run", "--no-oem"]].concat());
    assert!(!ended.output.contains("extension oem-fixture.gz"), "{ended:#?}");
    ended.expect(1, &["the extension of the OEM, fixture, is left out (--no-oem)"]);
}

#[track_caller]
fn expect_missing(machine: &Machine) {
    let ended = machine.run(&[system_only(), &["--dry-run"]].concat());
    ended.expect(
        1,
        &[
            "error: this machine needs the extension oem-fixture.gz",
            "https://update.release.flatcar-linux.net/amd64-usr/4152.2.0/oem-fixture.gz",
            "the extension flatcar-podman.gz",
            "the extension flatcar-docker.gz",
            "3 errors were found; nothing was changed",
        ],
    );
}

#[test]
fn extensions_that_are_not_needed() {
    let machine = Machine::new();
    machine.write("etc/oem-release", "ID=other\n");
    expect(
        &machine,
        &ALL,
        0,
        &[
            "note: this machine does not use the extension oem-fixture.gz",
            "note: the machine's OEM, other, has no extension",
        ],
    );
}

#[test]
fn payloads_that_no_machine_takes() {
    let machine = Machine::new();
    let key = fs::read_to_string(OTHER_KEY).unwrap();
    machine.write("usr/share/update_engine/update-payload-key.pub.pem", &key);
    expect(
        &machine,
        &ALL,
        1,
        &[
            "update.gz\": it is not signed with this machine's key",
            "oem-fixture.gz\": it is not signed",
        ],
    );

    let machine = Machine::new();
    let swapped =
        ["--package-file", EXTENSION, "--package-version", "4152.2.0", "--extension", UPDATE];
    expect(
        &machine,
        &swapped,
        1,
        &["it is an extension; give it with", "it is an operating system; give it with"],
    );
    let twice = ["--package-file", UPDATE, "--package-version", "4152.2.0", "--extension", UPDATE];
    expect(&machine, &twice, 1, &["the file is given twice"]);
    let delta = payload("delta.gz");
    expect(
        &machine,
        &["--package-file", &delta, "--package-version", "4152.2.0"],
        1,
        &["it is a delta payload"],
    );
    let mut bytes = fs::read(UPDATE).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let damaged = machine.path("damaged.gz");
    fs::write(&damaged, bytes).unwrap();
    let damaged = damaged.to_str().unwrap();
    expect(
        &machine,
        &["--package-file", damaged, "--package-version", "4152.2.0"],
        1,
        &["damaged.gz\": "],
    );
    fs::write(format!("{damaged}.sha256"), "00  x\n").unwrap();
    expect(
        &machine,
        &["--package-file", damaged, "--package-version", "4152.2.0"],
        1,
        &["damaged.gz\": "],
    );
}

/// Digests that a release server publishes.
#[test]
fn a_payload_that_is_not_the_published_one() {
    let machine = Machine::new();
    let copy = machine.path("copy.gz");
    fs::copy(UPDATE, &copy).unwrap();
    fs::write(machine.path("copy.gz.sha256"), format!("{}  copy.gz\n", "0".repeat(64))).unwrap();
    let copy = copy.to_str().unwrap();
    expect(
        &machine,
        &["--package-file", copy, "--package-version", "4152.2.0"],
        1,
        &["copy.gz\": "],
    );
}

/// As much room on /var and /oem as a small file system has.
#[test]
fn room() {
    let machine = Machine::new();
    fs::create_dir(machine.path("oem")).unwrap();
    let script = "mount -t tmpfs -o size=4m x \"$SERVE_PACKAGE_ROOT/var\"
        mount -t tmpfs -o size=16k x \"$SERVE_PACKAGE_ROOT/oem\"
        exec \"$@\"";
    let Some(ended) = machine.in_namespace(script, &[&ALL[..], &["--dry-run"]].concat()) else {
        return;
    };
    ended.expect(
        1,
        &[
            "error: 4 MB are free on /var, and the update needs 16 MB",
            "note: 0 MB are free on /oem; an OEM extension that has no room there goes to /var",
        ],
    );
}
