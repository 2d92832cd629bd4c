//! How an update ends, and that everything is as before then.

use rustix::process::{Pid, Signal, kill_process};

use crate::common::{EXTENSION, UPDATE, until};
use crate::machine::{CONF, Ended, Machine, RELEASE};

pub const BEFORE: &str = "GROUP=stable\nREBOOT_STRATEGY=off";

pub fn machine() -> Machine {
    let machine = Machine::new();
    machine.write(CONF, BEFORE);
    machine
}

/// Expects that the settings are restored, and that nothing lies beside them.
#[track_caller]
pub fn expect_as_before(machine: &Machine) {
    assert_eq!(machine.read(CONF).as_deref(), Some(BEFORE));
    assert_eq!(names(machine), ["update.conf"]);
}

/// What is in the folder of the settings.
pub fn names(machine: &Machine) -> Vec<String> {
    let entries = std::fs::read_dir(machine.path("etc/flatcar")).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn installed() {
    let machine = machine();
    let ended = machine.update(&[]);
    ended.expect(
        0,
        &["the machine has asked", "the machine downloads update.gz", "the settings are restored"],
    );
    // To type, or to be copied.
    let end = "the update is installed and waits for the reboot\nsystemctl reboot\n";
    assert!(ended.output.ends_with(end), "{ended:#?}");
    assert!(!ended.output.contains(['\r', '\x1b']), "{ended:#?}");
    expect_as_before(&machine);
    assert_eq!(machine.calls(), ["update_engine_client -check_for_update"]);
    // The next one finds that it is done.
    machine.update(&[]).expect(0, &["version 4152.2.0 is installed already"]);
}

/// The machine has read its settings before it asks, and does not read them
/// again: it has its answer, and does nothing yet, when they are back.
#[test]
fn how_early_the_settings_are_back() {
    let machine = machine();
    machine.set("hold-check", "");
    machine.set("hold-answer", "");
    let child = machine.start(&[]);
    machine.await_operation("CHECKING");
    assert!(machine.read(CONF).unwrap().contains("SERVER=http://127.0.0.1:"));
    machine.unset("hold-check");
    machine.await_operation("UPDATE_AVAILABLE");
    until("the settings", || machine.read(CONF).filter(|text| text == BEFORE));
    // And nothing is left beside them that a reboot could find.
    until("the record's end", || (names(&machine) == ["update.conf"]).then_some(()));
    machine.unset("hold-answer");
    Ended::from(child.wait_with_output().unwrap()).expect(0, &["the update is installed"]);
    expect_as_before(&machine);
}

/// The unit did not run, so that the daemon could not be asked before: an update
/// of earlier is not taken for this one.
#[test]
fn an_earlier_update_of_a_unit_that_did_not_run() {
    let machine = machine();
    machine.mask("masked");
    machine.set("operation", "UPDATE_STATUS_UPDATED_NEED_REBOOT");
    machine.set("mode", "silent");
    let said = "an earlier update is installed and waits for the reboot; reboot first";
    machine.update(&["--reboot"]).expect(1, &[said, "-reset_status"]);
    expect_as_before(&machine);
    assert!(!machine.calls().iter().any(|call| call == "systemctl reboot"));
    assert_eq!(machine.unit(), "masked\nmasked\ninactive\n");
}

#[test]
fn rebooted() {
    let machine = machine();
    machine.mask("masked");
    machine.update(&["--reboot"]).expect(0, &["rebooting"]);
    expect_as_before(&machine);
    assert_eq!(machine.calls().last().unwrap(), "systemctl reboot");
    // Everything was back before.
    assert_eq!(machine.state("at-reboot").unwrap(), format!("update.conf\n{BEFORE}"));
    assert_eq!(machine.unit(), "masked\nmasked\ninactive\n");
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
    for (event, said) in [
        (
            "eventresult=\"0\" errorcode=\"268435461\"",
            ": postinstall runner error (5), test URL; usually an extension that",
        ),
        ("eventresult=\"0\" errorcode=\"9\"", " (9); the download broke off too often"),
        ("eventresult=\"0\" errorcode=\"12\"", " (12); the payload is not signed with the key"),
        ("eventresult=\"0\" errorcode=\"999\"", ": error code 999\n"),
        ("eventresult=\"0\"", "\n"),
    ] {
        let machine = machine();
        machine.set("mode", "error");
        machine.set("error", event);
        machine.set("journal", "I fine\nE ERROR: oem-fixture.gz: no space left\n");
        let ended = machine.update(&["--reboot"]);
        ended.expect(
            1,
            &["    E ERROR: oem-fixture.gz: no space left\n", "the settings are restored"],
        );
        let error = ended.error.lines().last().unwrap_or_default();
        let (_, reported) =
            error.split_once("error: the machine reports that the update failed").unwrap();
        assert!(format!("{reported}\n").contains(said), "{event}: {error}");
        expect_as_before(&machine);
        assert!(!machine.calls().contains(&"systemctl reboot".to_owned()));
    }
}

#[test]
fn a_machine_that_is_offered_nothing() {
    let machine = machine();
    machine.set("version", "9999.0.0");
    machine
        .update(&[])
        .expect(1, &["error: the update did not finish: the machine was offered nothing: "]);
    expect_as_before(&machine);
}

#[test]
fn a_payload_that_is_changed_meanwhile() {
    let machine = machine();
    let copy = machine.path("copy.gz");
    std::fs::copy(UPDATE, &copy).unwrap();
    machine.set("hold-check", "");
    let arguments = ["--package-file", copy.to_str().unwrap(), "--package-version", "4152.2.0"];
    let child =
        machine.command(&[&arguments[..], &["--extension", EXTENSION]].concat()).spawn().unwrap();
    machine.await_operation("CHECKING");
    let mut file = std::fs::File::options().append(true).open(&copy).unwrap();
    std::io::Write::write_all(&mut file, b"more").unwrap();
    machine.unset("hold-check");
    Ended::from(child.wait_with_output().unwrap())
        .expect(1, &["the machine was offered nothing: ", "changed"]);
    expect_as_before(&machine);
}

#[test]
fn what_goes_wrong_on_the_way() {
    let machine = machine();
    machine.set("mode", "rollback");
    machine.update(&[]).expect(0, &["warning: the machine rolled back an earlier update"]);
    machine.set("operation", "UPDATE_STATUS_IDLE");
    machine.set("mode", "refusal");
    machine
        .update(&[])
        .expect(0, &["warning: a request was refused (\"DELETE /packages/update.gz\")"]);
    expect_as_before(&machine);
}

/// What cannot be put back stays recorded.
#[test]
fn settings_that_cannot_be_put_back() {
    let machine = machine();
    machine.set("hold-check", "");
    let child = machine.start(&["--events", "json"]);
    machine.await_operation("CHECKING");
    let (conf, moved) = (machine.path(CONF), machine.path("etc/moved"));
    std::fs::rename(&conf, &moved).unwrap();
    std::fs::create_dir(&conf).unwrap();
    machine.unset("hold-check");
    let ended = Ended::from(child.wait_with_output().unwrap());
    ended.expect(
        1,
        &[
            "warning: \"",
            "; trying again at the end",
            "cannot be changed: it is a directory; the settings are not restored: serve-package update --restore",
            "\"event\":\"update-ended\",\"outcome\":\"failed\"",
        ],
    );
    std::fs::remove_dir(&conf).unwrap();
    std::fs::rename(&moved, &conf).unwrap();
    machine.run(&["--restore"]).expect(0, &["/etc/flatcar/update.conf is restored"]);
    expect_as_before(&machine);
}

#[test]
fn a_machine_that_does_nothing_with_the_answer() {
    let machine = machine();
    machine.set("mode", "idle");
    machine.update(&[]).expect(1, &["did not finish: update_engine is idle again"]);
    expect_as_before(&machine);
}

#[test]
fn the_deadline() {
    let machine = machine();
    machine.set("mode", "stuck");
    let ended = machine.update(&["--deadline", "2s"]);
    ended.expect(3, &["error: the update took longer than 2s", "the settings are restored"]);
    expect_as_before(&machine);
}

#[test]
fn interrupted() {
    for signal in [Signal::INT, Signal::TERM, Signal::QUIT] {
        let machine = machine();
        machine.set("hold-download", "");
        let child = machine.start(&[]);
        machine.await_operation("DOWNLOADING");
        // A connection to the machine that breaks is no reason to end.
        for signal in [Signal::HUP, signal] {
            let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
            kill_process(pid, signal).unwrap();
        }
        let ended = Ended::from(child.wait_with_output().unwrap());
        ended.expect(130, &["the settings are restored", "error: interrupted"]);
        expect_as_before(&machine);
        machine.unset("hold-download");
    }
}

#[test]
fn one_at_a_time() {
    let machine = machine();
    machine.set("hold-download", "");
    let child = machine.start(&[]);
    machine.await_operation("DOWNLOADING");
    machine.update(&[]).expect(1, &["error: another `serve-package update` runs"]);
    machine.run(&["--restore"]).expect(1, &["error: another `serve-package update` runs"]);
    machine.unset("hold-download");
    Ended::from(child.wait_with_output().unwrap()).expect(0, &[]);
    expect_as_before(&machine);
}

#[test]
fn a_masked_unit_is_masked_again_and_stopped() {
    let machine = machine();
    machine.mask("masked");
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

/// Somebody has masked it, and it runs until the next boot.
#[test]
fn a_masked_unit_that_runs() {
    let machine = machine();
    machine.mask("masked");
    machine.set("update-engine.service.active", "active\n");
    machine.update(&[]).expect(0, &["the update is installed"]);
    assert_eq!(machine.calls(), ["update_engine_client -check_for_update"]);
    assert_eq!(machine.unit(), "masked\nmasked\nactive\n");
    expect_as_before(&machine);
}
