//! What signals, panics and kills leave behind: nothing, or what `--restore`
//! puts back.

use std::io::Read;
use std::process::Child;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::common::until;
use crate::machine::{CONF, Ended, Machine};
use crate::restoring::everything;

const BEFORE: &str = "GROUP=stable\nREBOOT_STRATEGY=off";

/// Every named step of an update of a machine whose unit is masked, and whether
/// something is left to put back there.
const STEPS: [&str; 11] = [
    "recorded",
    "changed",
    "unmask",
    "start",
    "mask",
    "triggered",
    "asked",
    "decided",
    "settings back",
    "unit back",
    "over",
];

fn machine() -> Machine {
    let machine = Machine::new();
    machine.write(CONF, BEFORE);
    machine
}

const MASKED: &str = "masked\nmasked\ninactive\n";

fn signal(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

/// Runs it to the end, with something that happens at a step.
fn run_to(machine: &Machine, step: &str) -> Ended {
    let mut command = machine.command_all(&[]);
    Ended::from(command.env("SERVE_PACKAGE_STEP", step).output().unwrap())
}

/// Each step on a thread of its own, as each waits for the disk again and again.
fn at_each_step(test: impl Fn(&'static str) + Copy + Send + Sync) {
    std::thread::scope(|scope| {
        for step in STEPS {
            scope.spawn(move || test(step));
        }
    });
}

#[test]
fn killed_at_each_named_step() {
    at_each_step(|step| {
        for mask in ["masked", "masked-runtime"] {
            let machine = machine();
            machine.mask(mask);
            let before = (everything(&machine), machine.unit());
            let ended = run_to(&machine, &format!("kill {step}"));
            assert_eq!(ended.status, None, "{step}: {ended:#?}");
            machine.run(&["--restore"]).expect(0, &[]);
            assert_eq!((everything(&machine), machine.unit()), before, "{step}");
        }
    });
}

/// A mask of this boot only, and a stop, are nobody's in the next boot.
#[test]
fn killed_with_a_mask_of_an_earlier_boot() {
    let boot = "proc/sys/kernel/random/boot_id";
    let running = "loaded\nenabled\nactive\n";
    for (mask, after) in [("masked-runtime", running), ("masked", MASKED)] {
        let machine = machine();
        machine.mask(mask);
        machine.write(boot, "one\n");
        assert_eq!(run_to(&machine, "kill mask").status, None);
        machine.write(boot, "two\n");
        if mask == "masked-runtime" {
            for (name, value) in [("load", "loaded"), ("file", "enabled"), ("active", "active")] {
                machine.set(&format!("update-engine.service.{name}"), &format!("{value}\n"));
            }
        }
        machine.run(&["--restore"]).expect(0, &["/etc/flatcar/update.conf is restored"]);
        assert_eq!(machine.unit(), after);
        assert_eq!(machine.read(CONF).as_deref(), Some(BEFORE));
    }
}

#[test]
fn a_panic_at_each_named_step() {
    at_each_step(|step| {
        let machine = machine();
        machine.mask("masked");
        let before = everything(&machine);
        let ended = run_to(&machine, &format!("panic {step}"));
        ended.expect(1, &["a test wants it at", "error: there is a bug in this program"]);
        assert_eq!(everything(&machine), before, "{step}: {ended:#?}");
        assert_eq!(machine.unit(), MASKED, "{step}: {ended:#?}");
    });
}

/// The connection to the machine breaks before the update begins, or while it is
/// restored.
#[test]
fn a_hangup() {
    let killed = machine();
    killed.mask("masked");
    assert_eq!(run_to(&killed, "kill changed").status, None);
    let looking = machine();
    for (machine, verb, arguments) in
        [(&looking, "show", &crate::machine::ALL[..]), (&killed, "mask", &["--restore"])]
    {
        machine.set("systemctl-hangs", verb);
        let mut command = machine.command(arguments);
        let child = command.env("SERVE_PACKAGE_WAIT", "3s").spawn().unwrap();
        let call = format!("systemctl {verb}");
        until(&call, || machine.state("calls").filter(|calls| calls.contains(&call)));
        signal(&child, Signal::HUP);
        let ended = Ended::from(child.wait_with_output().unwrap());
        ended.expect(1, &["did not end within 3 s"]);
    }
}

/// Where the program goes no further, the second signal ends it, and the
/// settings are back.
#[test]
fn a_second_signal_at_each_named_step() {
    at_each_step(second_signal_at);
}

fn second_signal_at(step: &str) {
    let machine = machine();
    machine.mask("masked");
    let before = everything(&machine);
    let mut command = machine.command_all(&[]);
    let child = command.env("SERVE_PACKAGE_STEP", format!("hang {step}")).spawn().unwrap();
    machine.await_step(step);
    let ended = interrupt_twice(child);
    assert_eq!(ended.status, Some(130), "{step}: {ended:#?}");
    assert_eq!(machine.read(CONF).as_deref(), Some(BEFORE), "{step}: {ended:#?}");
    if step == "over" {
        assert_eq!(everything(&machine), before, "{ended:#?}");
    } else {
        let said =
            "error: update-engine.service is not restored yet: serve-package update --restore";
        assert!(ended.error.contains(said), "{step}: {ended:#?}");
    }
    machine.run(&["--restore"]).expect(0, &[]);
    assert_eq!((everything(&machine), &*machine.unit()), (before, MASKED), "{step}");
}

/// Two signals, the second one as soon as it is not taken for the first.
fn interrupt_twice(mut child: Child) -> Ended {
    signal(&child, Signal::INT);
    let status = until("the end", || {
        let status = child.try_wait().unwrap();
        if status.is_none() {
            std::thread::sleep(Duration::from_millis(100));
            signal(&child, Signal::TERM);
        }
        status
    });
    let mut error = String::new();
    child.stderr.take().unwrap().read_to_string(&mut error).unwrap();
    Ended { output: String::new(), error, status: status.code() }
}

/// The settings are back at the first signal, whatever systemd does.
#[test]
fn a_second_signal_while_systemd_hangs() {
    let machine = machine();
    machine.mask("masked");
    machine.set("hold-download", "");
    let before = everything(&machine);
    let child = machine.start(&[]);
    machine.await_operation("DOWNLOADING");
    machine.set("systemctl-hangs", "stop");
    signal(&child, Signal::INT);
    until("the stop", || machine.state("calls").filter(|calls| calls.contains("systemctl stop")));
    assert_eq!(machine.read(CONF).as_deref(), Some(BEFORE));
    let ended = interrupt_twice(child);
    assert_eq!(ended.status, Some(130), "{ended:#?}");
    machine.unset("systemctl-hangs");
    machine.run(&["--restore"]).expect(0, &[]);
    assert_eq!((everything(&machine), &*machine.unit()), (before, MASKED));
}

/// What only leads on to the update is not waited for.
#[test]
fn a_signal_while_the_way_there_hangs() {
    for (name, text) in [("systemctl-hangs", "start"), ("mode", "hang")] {
        let machine = machine();
        machine.mask("masked");
        machine.set(name, text);
        let before = everything(&machine);
        let child = machine.start(&[]);
        let call = if name == "mode" { "-check_for_update" } else { "systemctl start" };
        until(call, || machine.state("calls").filter(|calls| calls.contains(call)));
        signal(&child, Signal::TERM);
        let ended = Ended::from(child.wait_with_output().unwrap());
        ended.expect(130, &["the settings are restored", "error: interrupted"]);
        assert_eq!((everything(&machine), &*machine.unit()), (before, MASKED));
    }
}

/// Somebody removes or damages the record while the update runs.
#[test]
fn a_record_that_is_gone() {
    for text in [None, Some("nonsense\n")] {
        let machine = machine();
        machine.mask("masked");
        machine.set("hold-check", "");
        let child = machine.start(&[]);
        machine.await_operation("CHECKING");
        let record = format!("{CONF}.serve-package-record");
        match text {
            Some(text) => machine.write(&record, text),
            None => std::fs::remove_file(machine.path(&record)).unwrap(),
        }
        machine.unset("hold-check");
        let ended = Ended::from(child.wait_with_output().unwrap());
        ended.expect(0, &["the settings are restored"]);
        assert_eq!(machine.read(CONF).as_deref(), Some(BEFORE));
        assert_eq!(machine.unit(), MASKED);
    }
}

/// What the record on the disk says counts.
#[test]
fn a_record_that_was_changed() {
    let machine = machine();
    machine.set("hold-check", "");
    let child = machine.start(&[]);
    machine.await_operation("CHECKING");
    let record = format!("{CONF}.serve-package-record");
    let text = machine.read(&record).unwrap();
    machine.write(&record, &text.replace("END=", "MASK=permanent\nEND="));
    machine.unset("hold-check");
    Ended::from(child.wait_with_output().unwrap()).expect(0, &[]);
    assert_eq!(machine.calls().last().unwrap(), "systemctl mask update-engine.service");
}
