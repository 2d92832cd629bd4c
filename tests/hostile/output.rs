//! Standard error and standard output without a reader.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, pipe};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::common::http::{get, update};
use crate::common::payload::Directory;
use crate::common::server::binary;
use crate::common::{OFFERED, UPDATE, fixture, until};

/// A server that says where it is in a file. Dropping it kills it.
struct Silent {
    child: Child,
    address: SocketAddr,
    _directory: Directory,
}

impl Silent {
    fn start(output: impl Into<Stdio>, error: impl Into<Stdio>, flags: &[&str]) -> Self {
        let directory = Directory::new();
        let ready: PathBuf = directory.join("ready");
        let mut command = Command::new(binary());
        command.args(["--package-file", UPDATE, "--package-version", OFFERED]);
        command.args(["--listen-address", "127.0.0.1:0", "--ready-file"]).arg(&ready).args(flags);
        let child = command.stdin(Stdio::null()).stdout(output).stderr(error).spawn().unwrap();
        let address = until("the ready file", || fs::read_to_string(&ready).ok());
        Self { child, address: address.trim().parse().unwrap(), _directory: directory }
    }

    /// Far more than a pipe holds is said about these.
    fn expect_answers(&mut self) {
        for _ in 0..500 {
            assert!(update(self.address, &fixture("check-older")).offers());
            assert_eq!(get(self.address, "/packages/nothing", &[]).status(), 404);
        }
        assert_eq!(self.child.try_wait().unwrap(), None);
    }

    /// It ends soon, although what it had to say cannot be said.
    fn expect_stop(mut self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        let status = until("its end", || self.child.try_wait().unwrap());
        assert_eq!(status.code(), Some(0));
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn standard_error_on_a_full_disk() {
    let full = || File::options().write(true).open("/dev/full").unwrap();
    let mut server = Silent::start(full(), full(), &["--events", "json"]);
    server.expect_answers();
    server.expect_stop();
}

#[test]
fn standard_error_whose_reader_has_gone() {
    let ((reader, error), (other, output)) = (pipe().unwrap(), pipe().unwrap());
    let mut server = Silent::start(output, error, &["--events", "json"]);
    drop((reader, other));
    server.expect_answers();
    server.expect_stop();
}

/// As with a halted terminal, or a journal that hangs.
#[test]
fn standard_error_that_nobody_reads() {
    let (reader, error) = pipe().unwrap();
    let mut server = Silent::start(Stdio::null(), error, &[]);
    server.expect_answers();
    server.expect_stop();
    drop(reader);
}

#[test]
fn events_that_nobody_reads() {
    let (reader, output) = pipe().unwrap();
    let mut server = Silent::start(output, Stdio::null(), &["--events", "json"]);
    for _ in 0..10 {
        server.expect_answers();
    }
    // As soon as it is read, it continues with whole lines, and says how many
    // are missing.
    let lines = BufReader::new(reader).lines().map(Result::unwrap);
    let address = server.address;
    let asking = std::thread::spawn(move || {
        for _ in 0..50 {
            update(address, &fixture("check-older"));
        }
        server.expect_stop();
    });
    let lines: Vec<_> = lines.collect();
    asking.join().unwrap();
    let is_whole = |line: &String| line.starts_with("{\"time\":\"") && line.ends_with('}');
    assert!(lines.iter().all(is_whole), "{lines:#?}");
    assert!(lines.iter().any(|line| line.contains("\"event\":\"lost\",\"number\":")), "{lines:#?}");
    assert!(lines.last().unwrap().contains("\"event\":\"stopped\""), "{lines:#?}");
}
