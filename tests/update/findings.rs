//! What is found before anything is touched.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::common::payload::Directory;
use crate::common::server::binary;
use crate::machine::{ALL, CONF, Ended, Machine, RELEASE};

/// Looks, and expects that nothing was touched.
#[track_caller]
pub fn expect(machine: &Machine, arguments: &[&str], status: i32, said: &[&str]) {
    let before = machine.read(CONF);
    machine.run(&[arguments, &["--dry-run"]].concat()).expect(status, said);
    assert_eq!(machine.read(CONF), before);
    assert_eq!(machine.calls(), [] as [&str; 0]);
    assert_eq!(
        fs::read_dir(machine.path("etc/flatcar")).unwrap().count(),
        usize::from(before.is_some())
    );
}

/// Without the options of the extension.
pub fn system_only() -> &'static [&'static str] {
    &ALL[..4]
}

#[test]
fn a_machine_that_can_be_updated() {
    let machine = Machine::new();
    expect(
        &machine,
        &ALL,
        0,
        &[
            "Flatcar 4081.2.0, amd64-usr: to be updated to 4152.2.0 with update.gz, oem-fixture.gz",
            "another SERVER= (now \"https://public.example/v1/update/\")",
            "locksmithd reboots it by itself then, at once, or after five minutes if somebody is \
             logged in (REBOOT_STRATEGY=reboot)",
        ],
    );
}

#[test]
fn versions() {
    let machine = Machine::new();
    machine.write("usr/share/flatcar/release", &RELEASE.replace("4081.2.0", "4152.2.0"));
    expect(&machine, &ALL, 0, &["nothing to do: the machine has version 4152.2.0 already"]);
    // No matter whether it could be installed.
    let nothing = ["--package-file", "/no/such.gz", "--package-version", "4152.2.0"];
    let ended = machine.run(&nothing);
    assert!(!ended.output.contains("error"), "{ended:#?}");
    ended.expect(0, &["nothing to do"]);
    machine.write("usr/share/flatcar/release", &RELEASE.replace("4081.2.0", "4230.2.0"));
    expect(
        &machine,
        &ALL,
        1,
        &["error: version 4152.2.0 is older than the machine's, 4230.2.0; --force updates"],
    );
    expect(
        &machine,
        &[&ALL[..], &["--force"]].concat(),
        0,
        &["warning: version 4152.2.0 is older"],
    );
    machine.write("usr/share/flatcar/release", "FLATCAR_RELEASE_VERSION=x\n");
    expect(&machine, &ALL, 1, &["error: /usr/share/flatcar/release: "]);
    // What update_engine finds in its settings counts.
    machine.write("usr/share/flatcar/release", &RELEASE.replace("4081.2.0", "4152.2.0"));
    machine.write(CONF, "FLATCAR_RELEASE_VERSION=0.0.0\n");
    expect(
        &machine,
        &ALL,
        0,
        &[
            "note: /etc/flatcar/update.conf has FLATCAR_RELEASE_VERSION=0.0.0",
            "Flatcar 0.0.0, amd64-usr: to be updated to 4152.2.0",
        ],
    );
}

#[test]
fn settings() {
    let machine = Machine::new();
    machine.write(CONF, "GROUP=beta\r\nSERVER=disabled\r\nREBOOT_STRATEGY=off\r\n");
    expect(
        &machine,
        &ALL,
        0,
        &[
            "warning: the lines of /etc/flatcar/update.conf end in CR LF",
            "note: /etc/flatcar/update.conf has SERVER=disabled",
            "warning: version 4152.2.0 is one of the channel stable, and the machine follows GROUP=beta",
        ],
    );
    machine.write(CONF, "SERVER=\"disabled\"\n");
    expect(&machine, &ALL, 0, &["note: /etc/flatcar/update.conf has SERVER=disabled"]);
}

#[test]
fn the_daemon() {
    let machine = Machine::new();
    machine.set("operation", "UPDATE_STATUS_UPDATED_NEED_REBOOT");
    machine.set("new-version", "4100.0.0");
    expect(&machine, &ALL, 1, &["an update to 4100.0.0 is installed and waits", "-reset_status"]);
    // It would not have the version that it has any more.
    let current = ["--package-version", "4081.2.0", "--package-file", ALL[1], "--no-oem"];
    expect(&machine, &current, 1, &["an update to 4100.0.0 is installed and waits"]);
    machine.set("new-version", "4152.2.0");
    expect(&machine, &ALL, 0, &["version 4152.2.0 is installed already and waits for the reboot"]);
    machine.set("operation", "UPDATE_STATUS_DOWNLOADING");
    expect(&machine, &ALL, 1, &["update_engine is downloading; wait until"]);
    machine.set("status", "fail");
    expect(
        &machine,
        &ALL,
        1,
        &["`update_engine_client -status` failed", "unable to get dbus proxy"],
    );
    machine.set("status", "nonsense");
    expect(&machine, &ALL, 1, &["says \"bananas\\n\", which is not understood"]);
    machine.set("status", "gone");
    expect(&machine, &ALL, 1, &["CURRENT_OP=(null)", "which is not understood"]);
}

#[test]
fn programs_that_hang() {
    let machine = Machine::new();
    machine.set("status", "hang");
    let mut command = machine.command(&[&ALL[..], &["--dry-run"]].concat());
    let output = command.env("SERVE_PACKAGE_WAIT", "5s").output().unwrap();
    Ended::from(output)
        .expect(1, &["error: `update_engine_client -status` did not end within 5 s"]);
    machine.set("systemctl-hangs", "show");
    let mut command = machine.command(&[&ALL[..], &["--dry-run"]].concat());
    let output = command.env("SERVE_PACKAGE_WAIT", "5s").output().unwrap();
    Ended::from(output).expect(
        1,
        &[
            "error: `systemctl show update-engine.service ",
            " did not end within 5 s",
            "warning: it is not known whether locksmithd reboots: ",
        ],
    );
}

#[test]
fn programs_that_are_missing() {
    for (program, said) in [
        ("systemctl", "error: `systemctl show update-engine.service "),
        (
            "update_engine_client",
            "error: `update_engine_client -status` cannot be run: no such file",
        ),
    ] {
        let machine = Machine::new();
        let mut command = machine.command(&[&ALL[..], &["--dry-run"]].concat());
        let output = command.env("PATH", machine.path_without(program)).output().unwrap();
        Ended::from(output).expect(1, &[said, "cannot be run: no such file"]);
    }
}

#[test]
fn a_daemon_with_a_proxy() {
    let machine = Machine::new();
    machine.set("update-engine.service.process", "7");
    machine.write("proc/7/environ", "PATH=/bin\0ALL_PROXY=http://u:secret@proxy:3128\0");
    let said = ["update_engine runs with ALL_PROXY, so it asks a proxy", "systemctl cat"];
    expect(&machine, &ALL, 1, &said);
    let ended = machine.run(&[&ALL[..], &["--dry-run", "--force"]].concat());
    ended.expect(0, &said);
    assert!(!ended.output.contains("secret"), "{ended:#?}");
    // The postinstall step, which fetches the extensions, does not get NO_PROXY.
    machine.write("proc/7/environ", "ALL_PROXY=http://proxy:3128\0NO_PROXY=127.0.0.1\0");
    expect(&machine, &ALL, 1, &said);
    machine.write("proc/7/environ", "HTTP_PROXY=http://proxy:3128\0");
    expect(&machine, &ALL, 1, &["update_engine runs with HTTP_PROXY, "]);
    machine.write("etc/oem-release", "");
    expect(&machine, system_only(), 0, &[]);
    machine.write("proc/7/environ", "ALL_PROXY=http://proxy:3128\0NO_PROXY=127.0.0.1\0");
    expect(&machine, system_only(), 0, &[]);
}

#[test]
fn who_is_not_root() {
    let directory = Directory::new();
    // Where others can get at it.
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let copy = directory.join("serve-package");
    fs::copy(binary(), &copy).unwrap();
    for (arguments, said) in [
        (&["--restore"][..], "error: this must be run as root"),
        (&ALL[..], "error: this must be run as root"),
    ] {
        let mut command = Command::new(&copy);
        command.arg("update").args(arguments);
        if rustix::process::geteuid().is_root() {
            command.uid(65534).gid(65534);
        }
        Ended::from(command.output().unwrap()).expect(1, &[said]);
    }
}

#[test]
fn container_linux() {
    let machine = Machine::container_linux();
    machine.write("etc/coreos/update.conf", "SERVER=disabled\nREBOOT_STRATEGY=off\n");
    let arguments = [&ALL[..4], &["--dry-run"]].concat();
    machine.run(&arguments).expect(
        0,
        &[
            "/etc/coreos/update.conf has SERVER=disabled",
            "Container Linux 4081.2.0, amd64-usr: to be updated to 4152.2.0 with update.gz",
            "there is no /usr/share/update_engine/update-payload-key.pub.pem",
            "locksmithd may reboot it by itself then",
        ],
    );
}

#[test]
fn boards_and_channels() {
    let machine = Machine::new();
    machine.write("usr/share/flatcar/release", "FLATCAR_RELEASE_VERSION=4081.2.0\n");
    machine.write(CONF, "GROUP=lts\n");
    expect(
        &machine,
        &ALL,
        0,
        &[
            "warning: the machine's board is \"\"",
            "warning: version 4152.2.0 is one of the channel stable, and the machine follows GROUP=lts",
        ],
    );
    machine.write(CONF, "GROUP=our-own\n");
    let ended = machine.run(&[&ALL[..], &["--dry-run"]].concat());
    assert!(!ended.output.contains("follows GROUP"), "{ended:#?}");
}

#[test]
fn settings_that_cannot_be_read() {
    let machine = Machine::new();
    fs::create_dir_all(machine.path("usr/share/flatcar/update.conf.d")).unwrap();
    fs::remove_file(machine.path("usr/share/flatcar/update.conf")).unwrap();
    fs::create_dir(machine.path("usr/share/flatcar/update.conf")).unwrap();
    expect(&machine, &ALL, 1, &["error: /usr/share/flatcar/update.conf cannot be read"]);
}

#[test]
fn units() {
    let machine = Machine::new();
    machine.set("update-engine.service.load", "masked");
    machine.set("update-engine.service.file", "masked");
    machine.set("update-engine.service.active", "inactive");
    // Where it does not run, it is not asked.
    machine.set("status", "hang");
    expect(&machine, &ALL, 0, &["note: update-engine.service is masked"]);
    machine.set("update-engine.service.load", "loaded");
    machine.set("update-engine.service.file", "enabled");
    expect(&machine, &ALL, 0, &["note: update-engine.service does not run"]);
    machine.set("update-engine.service.load", "not-found");
    expect(&machine, &ALL, 1, &["there is no unit update-engine.service"]);
    machine.set("systemctl-nonsense", "all");
    expect(&machine, &ALL, 1, &["`systemctl show` says \"bananas"]);
    machine.set("systemctl-fails", "all");
    expect(&machine, &ALL, 1, &["failed (exit status: 1): \"Failed to connect to bus\""]);
}

#[test]
fn a_system_that_is_not_marked_good() {
    let machine = Machine::new();
    machine.write("proc/uptime", "100.05 200.10\n");
    // Fifty seconds ago.
    machine.set("update-engine.service.since", "50000000");
    let said = ["update-engine started 50 s ago, so the running system may not be", "; wait 80 s"];
    expect(&machine, &ALL, 1, &said);
    expect(&machine, &[&ALL[..], &["--force"]].concat(), 0, &said);
    machine.write("proc/uptime", "1000.05 200.10\n");
    expect(&machine, &ALL, 0, &[]);
}
