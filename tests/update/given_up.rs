//! An update that is given up: by a signal or by the deadline.

use rustix::process::{Pid, Signal, kill_process};

use crate::machine::Ended;
use crate::outcomes::{expect_as_before, machine};

#[test]
fn the_deadline() {
    let machine = machine();
    machine.set("mode", "stuck");
    let ended = machine.update(&["--deadline", "2s"]);
    ended.expect(3, &["error: the update took longer than 2s", "the settings are restored"]);
    expect_as_before(&machine);
}

/// Starting the unit and triggering the check count too.
#[test]
fn the_deadline_of_the_way_there() {
    for (name, text) in [("mode", "hang"), ("systemctl-hangs", "start")] {
        let machine = machine();
        machine.mask("masked");
        machine.set(name, text);
        let began = std::time::Instant::now();
        let ended = machine.update(&["--deadline", "2s"]);
        ended.expect(3, &["error: the update took longer than 2s\n", "the settings are restored"]);
        assert!(began.elapsed().as_secs() < 50, "{name}");
        expect_as_before(&machine);
        assert_eq!(machine.unit(), "masked\nmasked\ninactive\n");
    }
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
        ended.expect(
            130,
            &[
                "the settings are restored",
                "error: interrupted; update_engine gives up the download",
            ],
        );
        expect_as_before(&machine);
        machine.unset("hold-download");
    }
}

/// The daemon needs this program no more then, and installs the update.
#[test]
fn interrupted_after_the_download() {
    for mask in [None, Some("masked")] {
        let machine = machine();
        machine.set("hold-install", "");
        mask.inspect(|mask| machine.mask(mask));
        let child = machine.start(&[]);
        machine.await_operation("FINALIZING");
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
        let ended = Ended::from(child.wait_with_output().unwrap());
        let said = match mask {
            Some(_) => "error: interrupted\n",
            None => "interrupted; update_engine goes on installing, and the machine may reboot",
        };
        ended.expect(130, &["downloaded and verified", said]);
        machine.unset("hold-install");
    }
}
