//! Versions that machines must pass through, and versions that wait.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use omaha::protocol::EventType;
use rustix::process::Signal;

use super::common::http::get;
use super::common::server::{Server, binary};
use super::{Folder, Machine, PAYLOAD};

/// As Nebraska answers, and one manifest only: the next floor, until there is
/// none.
#[test]
fn a_machine_goes_from_floor_to_floor() {
    let folder = Folder::with(&[
        "amd64-usr/3510.2.0",
        "amd64-usr/3815.2.0",
        "amd64-usr/4081.2.0",
        "amd64-usr/4152.2.0",
    ]);
    folder.write("amd64-usr/3510.2.0/floor", "");
    folder.write("amd64-usr/4081.2.0/floor", "machines must have the new keys\n");
    let server = folder.serve(&["--until-updated", "1"]);
    let mut machine = Machine::new("3033.2.0");
    for (version, line) in [
        ("3510.2.0", "version 3033.2.0: update check: 3510.2.0 first: it is a floor"),
        ("4081.2.0", "version 3510.2.0: update check: 4081.2.0 first: it is a floor"),
        ("4152.2.0", "version 4081.2.0: update check: 4152.2.0 offered: its version is older"),
    ] {
        let offer = machine.check(server.address()).unwrap();
        assert_eq!(offer.manifest.version.as_str(), version);
        assert_eq!(offer.path, format!("/packages/amd64-usr/{version}/"));
        offer.fetch(server.address());
        server.wait_for_line(line);
        machine.report(server.address(), EventType::UPDATE_DOWNLOAD_STARTED);
        machine.report(server.address(), EventType::UPDATE_DOWNLOAD_FINISHED);
        assert_eq!(get(server.address(), "/health", &[]).status(), 200);
        machine.report(server.address(), EventType::UPDATE_COMPLETE);
        machine.version = version.to_owned();
    }
    // A floor that is complete is not the end.
    let stopped = server.wait();
    assert!(stopped.status.success());
    assert!(stopped.lines.iter().any(|line| line.contains("1 of 1 machines updated: stopping")));
    assert!(!stopped.lines.iter().any(|line| line.contains("came back old")));
}

#[test]
fn a_prefix_says_where_the_way_ends() {
    let folder = Folder::with(&["amd64-usr/3510.2.0", "amd64-usr/4081.2.0", "amd64-usr/4152.2.0"]);
    folder.write("amd64-usr/3510.2.0/floor", "");
    let server = folder.serve(&[]);
    let offered =
        |version, prefix| Machine { prefix, ..Machine::new(version) }.offered(server.address());
    assert_eq!(offered("3033.2.0", "4081.").as_deref(), Some("3510.2.0"));
    assert_eq!(offered("3510.2.0", "4081.").as_deref(), Some("4081.2.0"));
    assert_eq!(offered("4081.2.0", "4081."), None);
    assert_eq!(offered("3510.2.0", "4081.2.0$").as_deref(), Some("4081.2.0"));
    assert_eq!(offered("3510.2.0", "40"), None);
    assert_eq!(offered("3033.2.0", "9"), None);
    server.wait_for_line("it asks only for versions with another prefix");
    assert_eq!(offered("ForcedUpdate", "").as_deref(), Some("4152.2.0"));
}

#[test]
fn what_is_held_back_is_offered_once_it_no_longer_is() {
    let folder = Folder::with(&["amd64-usr/4081.2.0", "amd64-usr/4152.2.0"]);
    let hold = folder.write("amd64-usr/4152.2.0/hold", "");
    let server = folder.serve(&["--force"]);
    let offered = |version| Machine::new(version).offered(server.address());
    assert_eq!(offered("3510.2.0").as_deref(), Some("4081.2.0"));
    assert_eq!(offered("4081.2.0"), None);
    // The package is there, for who fetches it already.
    let path = format!("/packages/amd64-usr/4152.2.0/{PAYLOAD}");
    assert_eq!(get(server.address(), &path, &[]).status(), 200);
    std::fs::remove_file(hold).unwrap();
    server.signal(Signal::HUP);
    server.wait_for_line("read again: 2 updates, offering 4152.2.0 for amd64-usr");
    assert_eq!(offered("4081.2.0").as_deref(), Some("4152.2.0"));
    // --force.
    assert_eq!(offered("5000.0.0").as_deref(), Some("4152.2.0"));
    assert_eq!(offered("4152.2.0"), None);
}

/// Who must pass through it must not pass by it.
#[test]
fn a_floor_that_cannot_be_served_keeps_machines_where_they_are() {
    let folder = Folder::with(&["amd64-usr/4081.2.0", "amd64-usr/4152.2.0"]);
    folder.write("amd64-usr/4081.2.0/floor", "");
    let payload = folder.write(&format!("amd64-usr/4081.2.0/{PAYLOAD}"), "cut");
    let server = folder.serve(&[]);
    server
        .wait_for_line("it counts as a floor, so that machines below it are offered nothing newer");
    let offered = |version| Machine::new(version).offered(server.address());
    assert_eq!(offered("3510.2.0"), None);
    server.wait_for_line("no update: the next version is held back");
    assert_eq!(offered("4081.2.0").as_deref(), Some("4152.2.0"));
    std::fs::remove_file(payload).unwrap();
    folder.add("amd64-usr/4081.2.0");
    server.signal(Signal::HUP);
    server.wait_for_line("read again: 2 updates");
    assert_eq!(offered("3510.2.0").as_deref(), Some("4081.2.0"));
}

/// Whether there is a floor where nothing can be read is not known.
#[test]
fn what_cannot_be_read_is_passed_by_nobody() {
    let folder = Folder::with(&["amd64-usr/1.0.0", "beta/amd64-usr/4.0.0", "amd64-usr/0.9.0"]);
    folder.write("amd64-usr/1.0.0/floor", "");
    let set_mode = |place: &str, mode| set_mode(&folder, place, mode);
    set_mode("amd64-usr/1.0.0", 0);
    let server = serve_what_may_be_read(&folder);
    let offered = |version| {
        let machine = Machine { track: "beta", ..Machine::new(version) };
        machine.offered(server.address())
    };
    server.wait_for_line("permission denied; it counts as a floor, so that machines below it");
    assert_eq!(offered("0.5.0").as_deref(), Some("0.9.0"));
    assert_eq!(offered("0.9.0"), None);
    set_mode("amd64-usr/1.0.0", 0o755);
    server.signal(Signal::HUP);
    server.wait_for_line("read again: 3 updates");
    assert_eq!(offered("0.9.0").as_deref(), Some("1.0.0"));
    for (number, place) in [(1, "amd64-usr"), (2, "beta")] {
        set_mode(place, 0);
        server.signal(Signal::HUP);
        let lines = server.wait_for_lines("nothing was changed; still serving", number);
        let why = format!("/{place}\": permission denied");
        assert!(lines[number - 1].contains(&why), "{lines:?}");
        set_mode(place, 0o755);
        assert_eq!(offered("0.9.0").as_deref(), Some("1.0.0"));
        assert_eq!(offered("1.0.0").as_deref(), Some("4.0.0"));
    }
}

/// At the start others are served all the same.
#[test]
fn a_board_that_cannot_be_read_is_offered_nothing() {
    let folder = Folder::with(&["amd64-usr/1.0.0", "beta/amd64-usr/4.0.0", "arm64-usr/2.0.0"]);
    set_mode(&folder, "amd64-usr", 0);
    let server = serve_what_may_be_read(&folder);
    server.wait_for_line("beta/amd64-usr/4.0.0\": amd64-usr cannot be read, and may have a floor");
    let machine = Machine { track: "beta", ..Machine::new("0.5.0") };
    assert_eq!(machine.offered(server.address()), None);
    let machine = Machine { board: "arm64-usr", ..Machine::new("0.5.0") };
    assert_eq!(machine.offered(server.address()).as_deref(), Some("2.0.0"));
    set_mode(&folder, "amd64-usr", 0o755);
    server.signal(Signal::HUP);
    server.wait_for_line("read again: 3 updates");
}

fn set_mode(folder: &Folder, place: &str, mode: u32) {
    let permissions = PermissionsExt::from_mode(mode);
    fs::set_permissions(folder.path().join(place), permissions).unwrap();
}

/// A server that cannot read everything, also where root runs the tests.
fn serve_what_may_be_read(folder: &Folder) -> Server {
    let mut command = Command::new(binary());
    if rustix::process::geteuid().is_root() {
        command = Command::new("setpriv");
        command.args(["--bounding-set=-dac_override,-dac_read_search"]).arg(binary());
    }
    command.args(["--listen-address", "127.0.0.1:0", "--updates"]).arg(folder.path());
    Server::spawn(command)
}

#[test]
fn the_rules_of_a_roll_out_hold() {
    let folder = Folder::with(&["amd64-usr/4152.2.0", "arm64-usr/4152.2.0"]);
    let server = folder.serve(&["--board", "arm64-usr", "--at-once", "1", "--status"]);
    assert_eq!(Machine::new("4081.2.0").offered(server.address()), None);
    server.wait_for_line("the update is for other boards");
    let machine = Machine { board: "arm64-usr", ..Machine::new("4081.2.0") };
    assert_eq!(machine.offered(server.address()).as_deref(), Some("4152.2.0"));
    let status = get(server.address(), "/status.json", &[]);
    let offered = "\"offered\":\"4152.2.0 for amd64-usr, 4152.2.0 for arm64-usr\"";
    assert!(status.text().contains(offered), "{}", status.text());
    // It reports the update complete, and has the old version all the same.
    machine.report(server.address(), EventType::UPDATE_COMPLETE);
    assert_eq!(machine.offered(server.address()), None);
    server.wait_for_line("came back old: it reported the update to 4152.2.0 complete");
}
