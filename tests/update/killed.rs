//! A kill, or a full disk, at every system call, and what restores everything then.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::payload::Directory;
use crate::common::server::binary;
use crate::machine::{CONF, Ended, Machine};
use crate::restoring::{everything, shapes};

const KILL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/update/kill.c");

/// The library that kills the program, or fills the disk.
pub fn library(directory: &Directory) -> Option<PathBuf> {
    if !fs::read(binary()).unwrap().windows(9).any(|bytes| bytes == b"/ld-linux") {
        println!("NOT SHOWN: a static binary takes no library that kills it");
        return None;
    }
    let library = directory.join("kill.so");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(KILL);
    assert!(compiler.status().expect("a C compiler, as for building").success());
    Some(library)
}

#[test]
fn killed_where_there_was_no_file() {
    kill_at_every_step("no file", false);
}

#[test]
fn killed_where_the_unit_was_masked() {
    kill_at_every_step("usual", true);
}

#[test]
fn killed_where_there_was_no_folder() {
    kill_at_every_step("no folder", false);
}

#[test]
fn killed_where_there_was_a_link() {
    kill_at_every_step("a link", false);
}

/// Each system call that changes something fails once, as on a full disk.
#[test]
fn a_disk_that_is_full_at_every_step() {
    let directory = Directory::new();
    let Some(library) = library(&directory) else { return };
    let mut failures = 0;
    for step in 1.. {
        let (_, machine) = shapes().into_iter().find(|(name, _)| *name == "usual").unwrap();
        let before = everything(&machine);
        let mut command = machine.command_all(&[]);
        command.env("LD_PRELOAD", &library).env("FAIL_AT", step.to_string());
        let ended = Ended::from(command.output().unwrap());
        if ended.error.contains("the disk is full") {
            failures += 1;
        } else if ended.status == Some(0) && step > 10 {
            assert_eq!(everything(&machine), before, "{ended:#?}");
            assert!(failures > 5, "only {failures} failures");
            return;
        }
        machine.run(&["--restore"]).expect(0, &[]);
        assert_eq!(everything(&machine), before, "{step}: {ended:#?}");
    }
}

/// Kills the program after each system call that changes something, and before
/// each program that changes the machine, and restores everything then.
fn kill_at_every_step(shape: &str, is_masked: bool) {
    let directory = Directory::new();
    let Some(library) = library(&directory) else { return };
    // Each waits for the disk again and again, so some continue at once.
    for first in (1..).step_by(8) {
        let is_over = std::thread::scope(|scope| {
            let library = &library;
            let steps = first..first + 8;
            let steps =
                steps.map(|step| scope.spawn(move || kill_at(step, shape, is_masked, library)));
            let steps: Vec<_> = steps.collect();
            let killed = steps.into_iter().map(|step| step.join().unwrap()).collect::<Vec<_>>();
            killed.contains(&false)
        });
        if is_over {
            assert!(first > 8, "too few steps");
            return;
        }
    }
}

/// Whether it was killed.
fn kill_at(step: u32, shape: &str, is_masked: bool, library: &Path) -> bool {
    let run = |machine: &Machine, arguments: &[&str], step: u32| {
        let mut command = machine.command(arguments);
        command.env("LD_PRELOAD", library).env("KILL_AFTER", step.to_string());
        command.output().unwrap().status.code()
    };
    let (_, machine) = shapes().into_iter().find(|(name, _)| *name == shape).unwrap();
    if is_masked {
        machine.mask("masked");
    }
    let before = everything(&machine);
    if run(&machine, &crate::machine::ALL, step) == Some(0) {
        assert_eq!(everything(&machine), before);
        return false;
    }
    // Restoring is killed too, after its second step, unless it has fewer.
    run(&machine, &["--restore"], 2);
    let ended = machine.run(&["--restore"]);
    assert_eq!(ended.status, Some(0), "{step}: {ended:#?}");
    if shape == "no folder" {
        // Before there is a record, nothing says who has made the folder.
        let _ = fs::remove_dir(machine.path("etc/flatcar"));
    }
    assert_eq!(everything(&machine), before, "killed after step {step}");
    if is_masked {
        assert_eq!(machine.unit(), "masked\nmasked\ninactive\n", "{step}");
    }
    true
}

/// The next update puts back first what a killed one has left.
#[test]
fn the_next_update_restores_first() {
    let machine = Machine::new();
    machine.write(CONF, "GROUP=stable\n");
    machine.set("mode", "silent");
    let mut child = machine.start(&[]);
    crate::common::until("a change of the settings", || {
        machine.read(CONF).filter(|text| text.contains("127.0.0.1"))
    });
    child.kill().unwrap();
    child.wait().unwrap();
    let public = "another SERVER= (now \"https://public.example/v1/update/\")";
    let said = ["warning: an update that was killed left settings", public];
    machine.update(&["--dry-run"]).expect(0, &said);
    let all = [&crate::machine::ALL[..], &["--dry-run"]].concat();
    let script = "cd \"$SERVE_PACKAGE_ROOT\"; mount --bind etc etc; mount -o remount,bind,ro etc
        exec \"$@\"";
    if let Some(ended) = machine.in_namespace(script, &all) {
        ended.expect(1, &["etc/flatcar\" cannot be changed: "]);
    }
    machine.set("mode", "update");
    machine.update(&[]).expect(0, &["/etc/flatcar/update.conf is restored"]);
    assert_eq!(machine.read(CONF).unwrap(), "GROUP=stable\n");
}
