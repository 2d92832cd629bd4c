//! A machine whose unit is masked.

use crate::outcomes::{expect_as_before, machine};

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

/// Nothing marks the new system good where the unit is masked after the reboot
/// too.
#[test]
fn what_to_do_after_the_reboot_of_a_masked_machine() {
    let said = "warning: update-engine.service is masked and will not mark the new system good: \
                after the reboot, run `sudo flatcar-setgoodroot`, ";
    let machine = machine();
    machine.mask("masked");
    let ended = machine.update(&[]);
    ended.expect(0, &[]);
    assert_eq!(ended.output.matches(said).count(), 2, "{ended:#?}");
    assert!(ended.output.ends_with("system again\nsystemctl reboot\n"), "{ended:#?}");
    // Once it is installed, too.
    machine.set("update-engine.service.active", "active\n");
    machine.update(&[]).expect(0, &[said, "is installed already"]);
    // Gone with the reboot.
    let machine = self::machine();
    machine.mask("masked-runtime");
    let ended = machine.update(&[]);
    ended.expect(0, &["update-engine.service is masked, which is undone"]);
    assert!(!ended.output.contains("setgoodroot"), "{ended:#?}");
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
