//! update.conf in every shape: restored, or found before that it cannot be.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use crate::common::payload::Directory;
use crate::killed::library;
use crate::machine::{CONF, Ended, Machine};

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
pub fn shapes() -> Vec<(&'static str, Machine)> {
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
    let twice = Machine::new();
    symlink("second.conf", twice.path(CONF)).unwrap();
    symlink("../nowhere.conf", twice.path("etc/flatcar/second.conf")).unwrap();
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
        ("a link to a link to nothing", twice),
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
    symlink("gone/x.conf", machine.path(CONF)).unwrap();
    machine.update(&["--dry-run"]).expect(1, &["update.conf\" cannot be changed: no such file"]);

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

/// A file that is mounted, and one that nobody may change.
#[test]
fn what_cannot_be_renamed_over_is_found_before() {
    let file = "\"$SERVE_PACKAGE_ROOT/etc/flatcar/update.conf\"";
    let mounted = format!("mount --bind {file} {file}; exec \"$@\"");
    let immutable = format!(
        "chattr +i {file} || {{ echo NOT SHOWN; exit 9; }}; \"$@\" || status=$?; chattr -i {file}
        exit $status"
    );
    for script in [mounted, immutable] {
        let machine = Machine::new();
        machine.write(CONF, "GROUP=stable\n");
        let before = everything(&machine);
        let all = [&crate::machine::ALL[..], &["--dry-run"]].concat();
        let Some(ended) = machine.in_namespace(&script, &all) else { return };
        if ended.status == Some(9) {
            println!("NOT SHOWN: no file can be made immutable here");
        } else {
            ended.expect(1, &["update.conf\" cannot be changed: it is immutable or mounted"]);
        }
        assert_eq!(everything(&machine), before);
    }
}

/// The same, where it is not seen before.
#[test]
fn what_cannot_be_renamed_over() {
    let directory = Directory::new();
    let Some(library) = library(&directory) else { return };
    let machine = Machine::new();
    machine.write(CONF, "GROUP=stable\n");
    let before = everything(&machine);
    let mut command = machine.command_all(&[]);
    command.env("LD_PRELOAD", &library).env("BUSY", machine.path(CONF));
    let ended = Ended::from(command.output().unwrap());
    ended.expect(1, &["update.conf\" cannot be changed: "]);
    assert_eq!(ended.error.lines().count(), 1, "{ended:#?}");
    assert_eq!(everything(&machine), before);
}

#[test]
fn nothing_to_restore() {
    Machine::new().run(&["--restore"]).expect(0, &["nothing to restore"]);
}
