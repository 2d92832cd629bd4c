//! Machines that do not ask, and why.

use crate::common::until;
use crate::machine::{CONF, Ended, Machine};
use crate::outcomes::{expect_as_before, machine, names};

/// A daemon that is asking another server ignores the trigger.
#[test]
fn a_trigger_that_is_lost() {
    let machine = machine();
    machine.set("mode", "deaf");
    let output = machine.command_all(&[]).env("SERVE_PACKAGE_WAIT", "12s").output().unwrap();
    Ended::from(output).expect(0, &["the check is triggered again", "the update is installed"]);
    let trigger = "update_engine_client -check_for_update";
    assert_eq!(machine.calls(), [trigger, trigger]);
    expect_as_before(&machine);
}

/// What is said of a machine that does not ask, after something was done to it
/// meanwhile.
#[track_caller]
fn expect_not_asked(machine: &Machine, meanwhile: impl FnOnce(), said: &str) {
    machine.set("mode", "silent");
    let mut command = machine.command_all(&[]);
    let child = command.env("SERVE_PACKAGE_WAIT", "10s").spawn().unwrap();
    until("a change of the settings", || {
        machine.read(CONF).filter(|text| text.contains("127.0.0.1"))
    });
    meanwhile();
    let ended = Ended::from(child.wait_with_output().unwrap());
    ended.expect(1, &[&format!("error: the machine did not ask for the update: {said}\n")]);
}

#[test]
fn a_machine_that_does_not_ask() {
    let machine = machine();
    expect_not_asked(&machine, || {}, "update_engine is idle");
    expect_as_before(&machine);
}

#[test]
fn a_machine_whose_unit_ends() {
    let machine = machine();
    let end = || machine.set("update-engine.service.active", "failed");
    expect_not_asked(
        &machine,
        end,
        "update-engine.service does not run any more; update_engine is idle",
    );
    expect_as_before(&machine);
}

#[test]
fn a_machine_that_does_not_say() {
    let machine = machine();
    let end = || {
        machine.set("status", "fail");
        machine.set("systemctl-nonsense", "show");
    };
    let said = "`systemctl show` says \"bananas\\n\", which is not understood; `update_engine_client \
                -status` failed (exit status: 1): \"[ERROR] Giving up -- unable to get dbus proxy\"";
    expect_not_asked(&machine, end, said);
    expect_as_before(&machine);
}

#[test]
fn a_machine_that_asks_a_proxy() {
    let machine = machine();
    machine.mask("masked");
    let start = || {
        machine.set("update-engine.service.process", "7");
        machine.write("proc/7/environ", "http_proxy=http://proxy:3128\0");
        machine.set("operation", "UPDATE_STATUS_CHECKING_FOR_UPDATE");
    };
    let said = "update_engine runs with http_proxy, so it asks a proxy instead of this program, for \
                extensions in spite of NO_PROXY; remove it from the unit (systemctl cat \
                update-engine), and restart update-engine; update_engine is asking";
    expect_not_asked(&machine, start, said);
    expect_as_before(&machine);
}

#[test]
fn a_machine_that_asks_somebody_else() {
    let machine = machine();
    let change = || machine.write(CONF, "SERVER=http://other/\n");
    let said = "update_engine is idle; somebody else has set SERVER=http://other/ in /etc/flatcar/update.conf";
    expect_not_asked(&machine, change, said);
    assert_eq!(machine.read(CONF).unwrap(), "SERVER=http://other/\n");
    assert_eq!(names(&machine), ["update.conf"]);
}

#[test]
fn a_machine_whose_settings_are_gone() {
    let machine = machine();
    std::fs::remove_file(machine.path("usr/share/flatcar/update.conf")).unwrap();
    let change = || machine.write(CONF, "GROUP=stable\n");
    let said = "update_engine is idle; somebody else has removed SERVER= from the settings";
    expect_not_asked(&machine, change, said);
}
