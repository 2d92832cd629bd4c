//! The machine's programs go wrong while it is updated.

use crate::machine::{CONF, Ended};
use crate::outcomes::{BEFORE, expect_as_before, machine};

#[test]
fn a_reboot_that_fails() {
    let machine = machine();
    machine.set("systemctl-fails", "reboot");
    let ended = machine.update(&["--reboot"]);
    ended.expect(1, &["the update is installed", "error: `systemctl reboot` failed"]);
    expect_as_before(&machine);
    // One end, and not another one before it.
    let ended = machine.update(&["--reboot", "--events", "json"]);
    ended.expect(1, &["\"outcome\":\"failed\",\"text\":\"`systemctl reboot` failed"]);
    assert_eq!(ended.output.matches("update-ended").count(), 1, "{ended:#?}");
}

#[test]
fn journals() {
    for (mode, text, said) in [
        ("hang", "", "error: the machine reports"),
        ("fail", "", "error: the machine reports"),
        ("nonsense", "", "update_engine's journal says:"),
        ("well", "I one\nI two\n", "journal says:\n    I one\n    I two\n"),
    ] {
        let machine = machine();
        machine.set("mode", "error");
        machine.set("journal-mode", mode);
        machine.set("journal", text);
        let mut command = machine.command_all(&[]);
        let output = command.env("SERVE_PACKAGE_WAIT", "12s").output().unwrap();
        let ended = Ended::from(output);
        ended.expect(1, &[said, "error: the machine reports that the update failed"]);
        assert!(ended.error.len() < 10_000_000 && !ended.error.contains('\x1b'), "{mode}");
        expect_as_before(&machine);
    }
    let machine = machine();
    machine.set("mode", "error");
    let mut command = machine.command_all(&[]);
    let output = command.env("PATH", machine.path_without("journalctl")).output().unwrap();
    Ended::from(output).expect(1, &["error: the machine reports that the update failed"]);
    expect_as_before(&machine);
}

/// The program sees the progress of the update, even if it cannot ask the daemon.
#[track_caller]
fn expect_installed_without_status(how: &str) {
    let machine = machine();
    machine.set("status-later", how);
    let mut command = machine.command_all(&[]);
    let output = command.env("SERVE_PACKAGE_WAIT", "12s").output().unwrap();
    let said = "the machine reports that the update is installed";
    Ended::from(output).expect(0, &[said, "the update is installed and waits for the reboot"]);
    expect_as_before(&machine);
}

#[test]
fn a_client_that_hangs() {
    expect_installed_without_status("hang");
}

#[test]
fn a_client_that_fails() {
    expect_installed_without_status("fail");
}

#[test]
fn a_client_that_says_nonsense() {
    expect_installed_without_status("nonsense");
}

#[test]
fn a_daemon_that_is_gone() {
    let machine = machine();
    machine.set("mode", "stuck");
    machine.set("status-later", "fail");
    let mut command = machine.command_all(&[]);
    let output = command.env("SERVE_PACKAGE_WAIT", "10s").output().unwrap();
    Ended::from(output).expect(
        1,
        &["did not finish: `update_engine_client -status` failed (exit status: 1): \"[ERROR] Giving up"],
    );
    expect_as_before(&machine);
}

/// It is started again, and does not know of the update any more.
#[test]
fn a_daemon_that_crashes_at_the_end() {
    let machine = machine();
    machine.set("mode", "crash");
    let mut command = machine.command_all(&[]);
    let output = command.env("SERVE_PACKAGE_WAIT", "10s").output().unwrap();
    let said =
        "did not finish: the machine reported it as installed, and then update_engine is idle";
    Ended::from(output).expect(1, &[said]);
    expect_as_before(&machine);
}

#[test]
fn a_trigger_that_hangs() {
    let machine = machine();
    machine.set("mode", "hang");
    let mut command = machine.command_all(&[]);
    let output = command.env("SERVE_PACKAGE_WAIT", "10s").output().unwrap();
    Ended::from(output)
        .expect(1, &["`update_engine_client -check_for_update` did not end within 10 s"]);
    expect_as_before(&machine);
}

#[test]
fn a_unit_that_does_not_stop() {
    let machine = machine();
    machine.mask("masked-runtime");
    machine.set("systemctl-fails", "stop");
    machine.update(&[]).expect(
        1,
        &["`systemctl stop update-engine.service` failed", "serve-package update --restore"],
    );
    // The settings are back all the same.
    assert_eq!(machine.read(CONF).as_deref(), Some(BEFORE));
    machine.unset("systemctl-fails");
    machine.run(&["--restore"]).expect(0, &[]);
    expect_as_before(&machine);
    assert_eq!(machine.unit(), "masked\nmasked-runtime\ninactive\n");
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
fn a_unit_that_does_not_start() {
    let machine = machine();
    machine.set("update-engine.service.active", "inactive");
    machine.set("systemctl-fails", "start");
    machine.update(&[]).expect(1, &["`systemctl start update-engine.service` failed"]);
    assert_eq!(machine.calls().last().unwrap(), "systemctl stop update-engine.service");
    expect_as_before(&machine);
}
