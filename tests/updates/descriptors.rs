//! Each package needs a descriptor, and so does each connection.

use std::process::Command;

use rustix::process::Signal;

use super::common::server::{Server, binary, run_command};
use super::{Folder, Machine};

/// With descriptors for ten packages.
fn command(folder: &Folder) -> Command {
    let mut command = Command::new("prlimit");
    command.arg("--nofile=106:106").arg(binary());
    command.args(["--listen-address", "127.0.0.1:0", "--updates"]);
    command.arg(folder.path());
    command
}

fn add(folder: &Folder, versions: std::ops::Range<u8>) {
    versions.for_each(|version| folder.add(&format!("amd64-usr/{version}.0.0")));
}

#[test]
fn packages_leave_those_of_connections() {
    let folder = Folder::new();
    add(&folder, 1..11);
    let server = Server::spawn(command(&folder));
    add(&folder, 11..12);
    server.signal(Signal::HUP);
    let why = "need 107 file descriptors, and the limit is 106; raise it (LimitNOFILE=, ulimit -n)";
    server.wait_for_line(&format!("{why}; nothing was changed; still serving"));
    assert_eq!(Machine::new("0.5.0").offered(server.address()).as_deref(), Some("10.0.0"));
    run_command(command(&folder)).expect_failure(1, &["error: the packages and", why]);
}
