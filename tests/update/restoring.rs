//! update.conf in every shape, and back after a kill at every step.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::payload::Directory;
use crate::common::server::binary;
use crate::machine::{CONF, Ended, Machine};

const KILL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/update/kill.c");

/// All that must be the same afterwards: for each name its kind, mode, owner and
/// content.
pub fn everything(machine: &Machine) -> Vec<String> {
    let mut all = Vec::new();
    let mut folders = vec![machine.path("etc")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            let content = if metadata.is_symlink() {
                fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()
            } else if metadata.is_dir() {
                folders.push(path.clone());
                Vec::new()
            } else {
                fs::read(&path).unwrap()
            };
            let (mode, owner) = (metadata.mode(), (metadata.uid(), metadata.gid()));
            all.push(format!("{path:?} {mode:o} {owner:?} {}", content.escape_ascii()));
        }
    }
    all.sort();
    all
}

/// Every shape of settings, by name.
fn shapes() -> Vec<(&'static str, Machine)> {
    let with_text = |machine: Machine, conf: &str| {
        machine.write(conf, "SERVER=http://a/\nGROUP=stable");
        machine
    };
    let with = |text: &str| {
        let machine = Machine::new();
        machine.write(CONF, text);
        fs::set_permissions(machine.path(CONF), Permissions::from_mode(0o640)).unwrap();
        machine
    };
    let linked = |target: &str, text: &str| {
        let machine = Machine::new();
        machine.write(target, text);
        symlink(format!("../../{target}"), machine.path(CONF)).unwrap();
        machine
    };
    let no_folder = Machine::new();
    fs::remove_dir(no_folder.path("etc/flatcar")).unwrap();
    let dangling = Machine::new();
    symlink("nowhere.conf", dangling.path(CONF)).unwrap();
    // As on Flatcar, where /etc/coreos is there for those who know that name.
    let linked_folder = with("GROUP=stable\n");
    symlink("flatcar", linked_folder.path("etc/coreos")).unwrap();
    vec![
        ("no file", Machine::new()),
        ("no folder", no_folder),
        ("empty", with("")),
        ("usual", with("GROUP=stable\nSERVER=http://a/\n")),
        ("no final line end", with("GROUP=stable\nREBOOT_STRATEGY=off")),
        ("CR LF", with("GROUP=stable\r\nSERVER=http://a/\r\n")),
        ("several", with("SERVER=http://a/\nGROUP=stable\nSERVER=http://b/\n")),
        ("disabled", with("SERVER=disabled\n")),
        ("a link", linked("etc/config/real.conf", "GROUP=stable\n")),
        ("a link to nothing", dangling),
        ("a link of the folder", linked_folder),
        ("Container Linux", with_text(Machine::container_linux(), "etc/coreos/update.conf")),
        ("Container Linux without a file", Machine::container_linux()),
    ]
}

#[test]
fn every_shape() {
    for (shape, machine) in shapes() {
        let before = everything(&machine);
        machine.set("hold-check", "");
        let child = machine.start(&[]);
        machine.await_operation("CHECKING");
        assert_ne!(everything(&machine), before, "{shape}");
        machine.unset("hold-check");
        let ended = Ended::from(child.wait_with_output().unwrap());
        assert_eq!(ended.status, Some(0), "{shape}: {ended:#?}");
        assert_eq!(everything(&machine), before, "{shape}");
    }
}

/// The folder of the settings may be another user's, where a link leads there:
/// what root writes beside them goes to no file of that user's choice.
#[test]
fn a_link_in_the_place_of_the_new_file() {
    let machine = Machine::new();
    machine.write("home/real.conf", "GROUP=stable\n");
    machine.write("etc/precious", "precious\n");
    symlink("../../home/real.conf", machine.path(CONF)).unwrap();
    for name in ["real.conf.serve-package-new", "real.conf.before-serve-package.serve-package-new"]
    {
        symlink("../etc/precious", machine.path(&format!("home/{name}"))).unwrap();
    }
    machine.update(&[]).expect(0, &["the update is installed"]);
    assert_eq!(machine.read("etc/precious").as_deref(), Some("precious\n"));
    assert_eq!(machine.read("home/real.conf").as_deref(), Some("GROUP=stable\n"));
}

/// A folder that nothing can be written to is found before. As root, that takes
/// a file system.
#[test]
fn a_folder_that_is_read_only() {
    let machine = Machine::new();
    machine.write(CONF, "GROUP=stable\n");
    let folder = machine.path("etc/flatcar");
    let ended = if rustix::process::geteuid().is_root() {
        let script = "mount --bind \"$SERVE_PACKAGE_ROOT/etc\" \"$SERVE_PACKAGE_ROOT/etc\"
            mount -o remount,bind,ro \"$SERVE_PACKAGE_ROOT/etc\"
            exec \"$@\"";
        let Some(ended) = machine.in_namespace(script, &crate::machine::ALL) else { return };
        ended
    } else {
        fs::set_permissions(&folder, Permissions::from_mode(0o555)).unwrap();
        let ended = machine.update(&[]);
        fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
        ended
    };
    ended.expect(
        1,
        &["etc/flatcar\" cannot be changed: ", "one error was found; nothing was changed"],
    );
    assert!(machine.calls().is_empty());
}

/// A file system without any room, and one where there is room for less than all.
#[test]
fn a_disk_that_is_full() {
    for pages in 0..4 {
        let machine = Machine::new();
        let script = format!(
            "cd \"$SERVE_PACKAGE_ROOT/etc/flatcar\"
            mount -t tmpfs -o size=32k,mode=750 x .
            cd \"$SERVE_PACKAGE_ROOT/etc/flatcar\"
            printf 'GROUP=stable\nREBOOT_STRATEGY=off' >update.conf
            chmod 640 update.conf
            chown 1234:5678 update.conf
            head -c {} /dev/zero >filler
            look() {{ ls -lA --time-style=+ && sha256sum *; }}
            look >/tmp/before.$$
            status=0
            \"$@\" || status=$?
            look | diff /tmp/before.$$ - >&2
            rm /tmp/before.$$
            exit $status",
            (7 - pages) * 4096
        );
        let Some(ended) = machine.in_namespace(&script, &crate::machine::ALL) else { return };
        match ended.status {
            // The record takes a page, and the changed settings another one.
            Some(0) => assert!(pages >= 2, "{pages}: {ended:#?}"),
            _ => ended.expect(1, &["update.conf", ": the disk is full\n"]),
        }
        assert!(!ended.error.contains("\n> "), "{pages}: {ended:#?}");
    }
}

#[test]
fn owner_and_second_name_stay() {
    let machine = Machine::new();
    machine.write(CONF, "GROUP=stable\n");
    let path = machine.path(CONF);
    if let Err(error) = std::os::unix::fs::chown(&path, Some(1234), Some(5678)) {
        println!("NOT SHOWN: the owner of a file cannot be changed here: {error}");
    }
    fs::hard_link(&path, machine.path("etc/second")).unwrap();
    let before = (everything(&machine), fs::metadata(&path).unwrap().ino());
    machine.update(&[]).expect(0, &[]);
    assert_eq!((everything(&machine), fs::metadata(&path).unwrap().ino()), before);
}

/// Other changes that were made while the update ran stay.
#[test]
fn an_edit_meanwhile_stays() {
    let machine = Machine::new();
    machine.write(CONF, "GROUP=stable\nSERVER=http://a/\n");
    machine.set("mode", "silent");
    let mut child = machine.command_all(&[]);
    let child = child.env("SERVE_PACKAGE_WAIT", "10s").spawn().unwrap();
    let changed = crate::common::until("a change of the settings", || {
        machine.read(CONF).filter(|text| text.contains("127.0.0.1"))
    });
    machine.write(CONF, &format!("{changed}GROUP=beta\n"));
    let ended = Ended::from(child.wait_with_output().unwrap());
    ended.expect(1, &["the settings are restored"]);
    assert_eq!(machine.read(CONF).unwrap(), "GROUP=stable\nSERVER=http://a/\nGROUP=beta\n");
}

#[test]
fn what_cannot_be_changed_is_found_before() {
    let machine = Machine::new();
    fs::create_dir(machine.path(CONF)).unwrap();
    machine.update(&[]).expect(1, &["update.conf\" is not a regular file"]);

    let machine = Machine::new();
    symlink("/dev/null", machine.path(CONF)).unwrap();
    machine.update(&[]).expect(1, &["update.conf\" is not a regular file"]);

    let machine = Machine::new();
    machine.write("etc/flatcar/update.conf.before-serve-package", "mine");
    machine.update(&[]).expect(1, &["before-serve-package\" is in the way"]);

    let machine = Machine::new();
    machine.write("etc/flatcar/update.conf.serve-package-record", "nonsense\n");
    machine.update(&[]).expect(1, &["update.conf.serve-package-record\" is no record of changes"]);
    machine
        .run(&["--restore"])
        .expect(1, &["update.conf.serve-package-record\" is no record of changes"]);
}

#[test]
fn nothing_to_restore() {
    Machine::new().run(&["--restore"]).expect(0, &["nothing to restore"]);
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

/// The library that kills the program, or fills the disk.
fn library(directory: &Directory) -> Option<PathBuf> {
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
    machine.update(&["--dry-run"]).expect(0, &["warning: an update that was killed left settings"]);
    machine.set("mode", "update");
    machine.update(&[]).expect(0, &["/etc/flatcar/update.conf is restored"]);
    assert_eq!(machine.read(CONF).unwrap(), "GROUP=stable\n");
}
