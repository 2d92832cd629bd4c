//! What is told of who reboots the machine.

use crate::findings::expect;
use crate::machine::{ALL, CONF, Machine};

const STALE: &str = "warning: locksmithd runs with the settings of its start, not with those of \
                     update.conf: systemctl restart locksmithd";

#[test]
fn who_reboots() {
    let machine = Machine::new();
    let off = "SERVER=x\nREBOOT_STRATEGY=off\n";
    for (settings, said) in [
        ("REBOOT_STRATEGY=\"reboot\"\n", "at once, or after five minutes"),
        ("REBOOT_STRATEGY=etcd-lock\n", "as soon as it has the lock in etcd (REBOOT_STRATEGY"),
        ("REBOOT_STRATEGY=best-effort\n", "locksmithd does not reboot it: REBOOT_STRATEGY=best"),
        (
            "LOCKSMITHD_REBOOT_WINDOW_START=Sun 03:00\nLOCKSMITHD_REBOOT_WINDOW_LENGTH=1h\n",
            "in the window that begins at Sun 03:00 and lasts 1h",
        ),
        (
            "REBOOT_WINDOW_START=04:00\nREBOOT_WINDOW_LENGTH=2h\nREBOOT_STRATEGY=etcd-lock\n",
            "in the window that begins at 04:00 and lasts 2h (REBOOT_STRATEGY=etcd-lock)",
        ),
        ("REBOOT_WINDOW_START=04:00\n", "does not reboot it: its window lacks the start or the"),
        // A locksmithd that has read this does not run any more.
        (off, "installed: locksmithd may reboot it by itself then"),
        (off, STALE),
    ] {
        machine.write(CONF, settings);
        expect(&machine, &ALL, 0, &[said]);
    }
    machine.set("locksmithd.service.active", "inactive");
    expect(&machine, &ALL, 0, &["nothing on the machine reboots it", "locksmithd does not run"]);
}

/// What locksmithd was started with counts, and not what was written since.
#[test]
fn settings_that_locksmithd_has_not_read() {
    let machine = Machine::new();
    machine.set("locksmithd.service.process", "8");
    machine.write("proc/8/environ", "GOMAXPROCS=1\0REBOOT_STRATEGY=etcd-lock\0");
    machine.write(CONF, "REBOOT_STRATEGY=off\n");
    expect(&machine, &ALL, 0, &[STALE, "locksmithd reboots it by itself then, as soon as it has"]);
    machine.write(CONF, "REBOOT_STRATEGY=etcd-lock\n");
    let ended = machine.run(&[&ALL[..], &["--dry-run"]].concat());
    assert!(!ended.output.contains(STALE), "{ended:#?}");
}
