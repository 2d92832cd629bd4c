//! How an update ends, and that everything is as before then.

use rustix::process::{Pid, Signal, kill_process};

use crate::common::payload::Directory;
use crate::common::until;
use crate::machine::{CONF, Ended, Machine, RELEASE};

const BEFORE: &str = "GROUP=stable\nREBOOT_STRATEGY=off";

fn machine() -> Machine {
    let machine = Machine::new();
    machine.write(CONF, BEFORE);
    machine
}

/// Expects that the settings are as before, and that nothing lies beside them.
#[track_caller]
fn expect_as_before(machine: &Machine) {
    assert_eq!(machine.read(CONF).as_deref(), Some(BEFORE));
    let names: Vec<_> = std::fs::read_dir(machine.path("etc/flatcar"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names, ["update.conf"]);
}

#[test]
fn installed() {
    let machine = machine();
    let ended = machine.update(&[]);
    ended.expect(
        0,
        &[
            "the machine has asked",
            "the machine fetches update.gz",
            "the machine reports that the update is installed",
            "the settings are as before",
            "the update is installed and waits for the reboot\nsystemctl reboot\n",
        ],
    );
    expect_as_before(&machine);
    // Already while it downloads.
    assert_eq!(machine.state("conf-while-downloading").as_deref(), Some(BEFORE));
    assert_eq!(machine.calls(), ["update_engine_client -check_for_update"]);
    // The next one finds that it is done.
    machine.update(&[]).expect(0, &["version 4152.2.0 is installed already"]);
}

#[test]
fn rebooted() {
    let machine = machine();
    machine.update(&["--reboot"]).expect(0, &["rebooting"]);
    expect_as_before(&machine);
    assert_eq!(machine.calls(), ["update_engine_client -check_for_update", "systemctl reboot"]);
}

#[test]
fn an_older_version() {
    let machine = machine();
    machine.write("usr/share/flatcar/release", &RELEASE.replace("4081.2.0", "4230.2.0"));
    machine.update(&["--force"]).expect(0, &["the update is installed"]);
    expect_as_before(&machine);
}

#[test]
fn failed() {
    let machine = machine();
    machine.set("mode", "error");
    machine.set("journal", "I fine\nE ERROR: oem-fixture.gz: no space left\n");
    machine.update(&["--reboot"]).expect(1, &[
        "error: the machine reports that the update failed: postinstall runner error (5), test URL; usually",
        "    E ERROR: oem-fixture.gz: no space left\n",
        "the settings are as before",
    ]);
    expect_as_before(&machine);
    assert!(!machine.calls().contains(&"systemctl reboot".to_owned()));
}

#[test]
fn refused_by_the_daemon() {
    let machine = machine();
    machine.set("mode", "refused");
    machine.update(&[]).expect(1, &[
        "`update_engine_client -check_for_update` failed (exit status: 1): \"[ERROR] the daemon is busy\"",
    ]);
    expect_as_before(&machine);
}

#[test]
fn a_machine_that_does_not_ask() {
    let machine = machine();
    machine.set("mode", "silent");
    let output = machine.command_all(&[]).env("SERVE_PACKAGE_WAIT", "2s").output().unwrap();
    Ended::from(output)
        .expect(1, &["error: the machine did not ask for the update: update_engine is idle\n"]);
    expect_as_before(&machine);
}

#[test]
fn a_machine_that_asks_somebody_else() {
    let machine = machine();
    machine.set("mode", "silent");
    let mut command = machine.command_all(&[]);
    let child = command.env("SERVE_PACKAGE_WAIT", "5s").spawn().unwrap();
    until("a change of the settings", || {
        machine.read(CONF).filter(|text| text.contains("127.0.0.1"))
    });
    machine.write(CONF, "SERVER=http://other/\n");
    machine.set("update-engine.service.active", "failed");
    Ended::from(child.wait_with_output().unwrap()).expect(
        1,
        &["update-engine.service does not run any more; update_engine is idle; \
         somebody else has set SERVER=http://other/ in /etc/flatcar/update.conf"],
    );
    assert_eq!(machine.read(CONF).unwrap(), "SERVER=http://other/\n");
}

#[test]
fn a_machine_that_does_nothing_with_the_answer() {
    let machine = machine();
    machine.set("mode", "gone");
    machine.update(&[]).expect(1, &["did not come to its end: update_engine is idle again"]);
    expect_as_before(&machine);
}

#[test]
fn the_deadline() {
    let machine = machine();
    machine.set("mode", "stuck");
    let ended = machine.update(&["--deadline", "2s"]);
    ended.expect(3, &["error: the update took longer than 2s", "the settings are as before"]);
    expect_as_before(&machine);
}

#[test]
fn interrupted() {
    for signal in [Signal::INT, Signal::TERM, Signal::QUIT] {
        let machine = machine();
        machine.set("hold", "");
        let child = machine.start(&[]);
        until("the download", || {
            machine.state("operation").filter(|operation| operation.contains("DOWNLOADING"))
        });
        // A connection to the machine that breaks is no reason to end.
        for signal in [Signal::HUP, signal] {
            let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
            kill_process(pid, signal).unwrap();
        }
        let ended = Ended::from(child.wait_with_output().unwrap());
        ended.expect(130, &["the settings are as before", "error: interrupted"]);
        expect_as_before(&machine);
        machine.unset("hold");
    }
}

#[test]
fn one_at_a_time() {
    let machine = machine();
    machine.set("hold", "");
    let child = machine.start(&[]);
    until("the download", || {
        machine.state("operation").filter(|operation| operation.contains("DOWNLOADING"))
    });
    machine.update(&[]).expect(1, &["error: another `serve-package update` runs"]);
    machine.run(&["--restore"]).expect(1, &["error: another `serve-package update` runs"]);
    machine.unset("hold");
    Ended::from(child.wait_with_output().unwrap()).expect(0, &[]);
    expect_as_before(&machine);
}

#[test]
fn a_masked_unit_is_masked_again_and_stopped() {
    let machine = machine();
    machine.set("update-engine.service.load", "masked");
    machine.set("update-engine.service.file", "masked");
    machine.set("update-engine.service.active", "inactive");
    machine.update(&[]).expect(0, &["update-engine.service is masked", "the update is installed"]);
    let unit = |verb| format!("systemctl {verb} update-engine.service");
    // Before the check it is masked again already.
    assert_eq!(
        machine.calls(),
        [
            unit("unmask"),
            unit("start"),
            unit("mask"),
            "update_engine_client -check_for_update".to_owned(),
            unit("mask"),
            unit("stop"),
        ]
    );
    expect_as_before(&machine);
}

#[test]
fn a_unit_that_does_not_start() {
    let machine = machine();
    machine.set("update-engine.service.active", "inactive");
    machine.set("start-fails", "");
    machine.update(&[]).expect(1, &["`systemctl start update-engine.service` failed"]);
    assert_eq!(machine.calls().last().unwrap(), "systemctl stop update-engine.service");
    expect_as_before(&machine);
}

#[test]
fn events() {
    let machine = machine();
    let ended = machine.update(&["--events", "json"]);
    ended.expect(0, &[]);
    assert!(ended.output.lines().all(|line| line.starts_with("{\"time\":")), "{ended:#?}");
    for event in [
        "\"event\":\"check\"",
        "\"event\":\"download-finished\"",
        "\"event\":\"update-ended\",\"outcome\":\"installed\",\"text\":",
    ] {
        assert!(ended.output.contains(event), "{event}: {ended:#?}");
    }
    assert!(ended.error.contains("the settings are as before"), "{ended:#?}");
}

/// The program says what it says to a terminal that is not read.
#[test]
fn nobody_reads() {
    let machine = machine();
    let directory = Directory::new();
    let closed = std::fs::File::open(directory.write("x", b"")).unwrap();
    let status = machine.command_all(&[]).stdout(closed).status().unwrap();
    assert_eq!(status.code(), Some(0));
    expect_as_before(&machine);
}
