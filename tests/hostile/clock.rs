//! The clock of the system jumps.

use std::fs;
use std::process::Command;

use crate::common::http::{Client, update_request};
use crate::common::payload::Directory;
use crate::common::server::{Server, binary};
use crate::common::tool::not_shown;
use crate::common::{fixture, until};
use crate::honest::{Checker, Downloader};
use crate::preload::is_dynamic;
use crate::stage::Stage;

/// Where Debian's package `faketime` has its library.
fn library() -> Option<String> {
    let directories = fs::read_dir("/usr/lib").ok()?.map(|entry| entry.unwrap().path());
    let mut candidates = directories.map(|path| path.join("faketime/libfaketime.so.1"));
    Some(candidates.find(|path| path.exists())?.to_str().unwrap().to_owned())
}

/// A year forward, and two back, while connections are idle and a download is
/// under way: nothing is cut, because nothing is timed by that clock.
#[test]
fn a_clock_that_jumps() {
    if !is_dynamic() {
        // In CI this is so on purpose, and another run has the dynamic one.
        println!("NOT SHOWN: the clock of a static binary cannot be changed alone");
        return;
    }
    let Some(library) = library() else {
        return not_shown("libfaketime (on Debian: apt-get install faketime)");
    };
    let directory = Directory::new();
    let file = directory.write("offset", b"+0");
    let environment = format!(
        "LD_PRELOAD={} FAKETIME_TIMESTAMP_FILE={} FAKETIME_NO_CACHE=1 DONT_FAKE_MONOTONIC=1",
        library,
        file.display(),
    );
    let wrapper: Vec<_> = ["env"].into_iter().chain(environment.split(' ')).collect();
    let stage = Stage::through(&wrapper, &["--idle-timeout", "5m"]);

    let request = update_request(&fixture("check-older"));
    let mut idle = Client::connect(stage.address());
    idle.send(&request);
    assert!(idle.read_answer("POST").offers());
    let (checker, downloader) =
        (Checker::start(stage.address()), Downloader::start(stage.address()));
    let mut years = Vec::new();
    for offset in ["+400d", "-800d", "+0"] {
        fs::write(&file, offset).unwrap();
        let answered = checker.answered();
        // The server looks at its limits four times a second.
        until("more checks", || (checker.answered() > answered + 25).then_some(()));
        let lines = stage.server.lines();
        years.push(lines.last().unwrap()[..4].to_owned());
    }
    assert!(years[0] > years[1], "the clock did not jump: {years:?}");
    idle.send(&request);
    assert!(idle.read_answer("POST").offers());
    downloader.finish();
    assert_eq!(checker.stop().retries, 0);
    let cut = stage.server.lines().into_iter().find(|line| line.contains("connection ended"));
    assert_eq!(cut, None);
}

/// Two minutes without any machine, at a clock that runs a hundred times as
/// fast: what to look at on a machine is said, once.
#[test]
fn nobody_asks() {
    if !is_dynamic() {
        println!("NOT SHOWN: the clock of a static binary cannot be changed alone");
        return;
    }
    let Some(library) = library() else {
        return not_shown("libfaketime (on Debian: apt-get install faketime)");
    };
    let directory = Directory::new();
    let file = directory.write("update.gz", b"payload");
    let mut command = Command::new(binary());
    command.arg("--package-file").arg(file).args(["--package-version", "4152.2.0"]);
    command.args(["--skip-payload-check", "--listen-address", "127.0.0.1:0"]);
    command.env("LD_PRELOAD", library).env("FAKETIME", "+0 x100");
    let server = Server::spawn(command);
    let line = server.wait_for_line("no machine has asked for 2 minutes");
    assert!(line.contains(&format!("SERVER=http://{}/v1/update/", server.address())), "{line}");
    assert!(line.contains("update-engine runs"), "{line}");
    let stopped = server.stop();
    let said = stopped.lines.iter().filter(|line| line.contains("no machine has asked"));
    assert_eq!(said.count(), 1);
}
