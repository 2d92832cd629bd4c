//! Runs of the server that end by themselves, and what they tell programs:
//! `--until-updated`, `--deadline`, `--fail-fast`, `--events`, `--ready-file`,
//! and the manual's script around them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
mod common;
mod offline_update;

use std::net::SocketAddr;
use std::process::{Child, Command, Output, Stdio};

use omaha::protocol::{ErrorCode, EventResult, EventType, Request};

use common::http::{self, Client};
use common::payload::Directory;
use common::server::binary;
use common::tool::{has, not_shown};
use common::{OFFERED, UPDATE, until};

/// A server in the background, known by its ready file.
struct Run {
    child: Option<Child>,
    address: SocketAddr,
    directory: Directory,
}

impl Run {
    fn start(flags: &[&str]) -> Self {
        let directory = Directory::new();
        let ready = directory.join("ready");
        let child = Command::new(binary())
            .args(["--package-file", UPDATE, "--package-version", OFFERED])
            .args(["--listen-address", "127.0.0.1:0", "--ready-file"])
            .arg(&ready)
            .args(flags)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It is there whole or not at all, so what can be read can be parsed.
        let text = until("the ready file", || std::fs::read_to_string(&ready).ok());
        let address = text.strip_suffix('\n').unwrap().parse().unwrap();
        Self { child: Some(child), address, directory }
    }

    /// Waits for the end.
    fn end(mut self) -> (i32, Vec<String>, Vec<String>) {
        let Output { status, stdout, stderr } =
            self.child.take().unwrap().wait_with_output().unwrap();
        let lines = |bytes| String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect();
        (status.code().expect("it ends by itself"), lines(stdout), lines(stderr))
    }

    fn machine(&self, id: &'static str) -> Machine {
        Machine { id, server: self.address }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A machine that is simulated.
#[derive(Clone, Copy)]
struct Machine {
    id: &'static str,
    server: SocketAddr,
}

impl Machine {
    fn send(self, fill: impl FnOnce(&mut omaha::protocol::request::App)) {
        let mut request = Request::new();
        let app = request.add_app("{app}", "4081.2.0");
        app.machine_id = self.id.to_owned();
        fill(app);
        let answer = http::update(self.server, request.to_xml().as_bytes());
        assert_eq!(answer.status(), 200);
    }

    fn check(self) {
        self.send(|app| {
            app.add_ping();
            app.add_update_check();
            app.add_event(EventType::UPDATE_COMPLETE, EventResult::SUCCESS_REBOOT);
        });
    }

    fn report(self, kind: EventType, result: EventResult) {
        self.send(|app| {
            app.add_event(kind, result);
        });
    }

    fn complete(self) {
        self.report(EventType::UPDATE_COMPLETE, EventResult::SUCCESS);
    }

    fn fail(self) {
        self.send(|app| {
            let event = app.add_event(EventType::UPDATE_COMPLETE, EventResult::ERROR);
            event.error_code = Some(ErrorCode::PAYLOAD_HASH_MISMATCH);
        });
    }
}

#[test]
fn it_ends_when_so_many_machines_are_updated() {
    let run = Run::start(&["--until-updated", "2"]);
    let (first, second) = (run.machine("first"), run.machine("second"));
    for machine in [first, second] {
        machine.check();
        machine.report(EventType::UPDATE_DOWNLOAD_STARTED, EventResult::SUCCESS);
        machine.report(EventType::UPDATE_DOWNLOAD_FINISHED, EventResult::SUCCESS);
    }
    // A failure alone ends nothing, and a machine counts once.
    run.machine("third").check();
    run.machine("third").fail();
    first.complete();
    first.complete();
    second.complete();
    let (status, _, log) = run.end();
    assert_eq!(status, 0, "{log:#?}");
    let last = log.last().unwrap();
    assert!(last.ends_with("stopped; machines: 2 updated, 1 failed, 0 under way"), "{last}");
}

#[test]
fn machines_at_once_are_all_counted() {
    let run = Run::start(&["--until-updated", "20"]);
    let ids: Vec<&'static str> = (0..20).map(|n| &*format!("machine-{n}").leak()).collect();
    let machines: Vec<_> = ids.iter().map(|id| run.machine(id)).collect();
    std::thread::scope(|scope| {
        for machine in machines {
            scope.spawn(move || {
                machine.check();
                machine.complete();
            });
        }
    });
    let (status, _, log) = run.end();
    assert_eq!(status, 0, "{log:#?}");
    assert!(log.last().unwrap().contains("20 updated"), "{log:#?}");
}

#[test]
fn open_transfers_end_before_it_does() {
    let directory = Directory::new();
    // More than the sockets on both sides hold.
    let payload = directory.write("update.gz", &common::payload::bytes(24 << 20));
    let path = payload.to_str().unwrap();
    let ready = directory.join("ready");
    let mut child = Command::new(binary())
        .args(["--package-file", path, "--package-version", OFFERED, "--until-updated", "1"])
        .arg("--skip-payload-check")
        .args(["--listen-address", "127.0.0.1:0", "--ready-file", ready.to_str().unwrap()])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let text = until("the ready file", || std::fs::read_to_string(&ready).ok());
    let server: SocketAddr = text.trim().parse().unwrap();

    let mut slow = Client::connect(server);
    slow.send(http::request("GET", "/packages/update.gz", &[], b""));
    let head = slow.read_head();
    Machine { id: "quick", server }.complete();
    // No new connections are taken, so the goal is noticed.
    until("the port to be closed", || std::net::TcpStream::connect(server).err());
    let body = slow.read(head.content_length());
    assert!(body == std::fs::read(&payload).unwrap());
    drop(slow);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn it_gives_up_at_the_deadline() {
    let run = Run::start(&["--until-updated", "1", "--deadline", "1s"]);
    run.machine("slow").check();
    let (status, _, log) = run.end();
    assert_eq!(status, 3, "{log:#?}");
    assert!(log.iter().any(|line| line.ends_with("the deadline has passed: stopping")));
    let last = log.last().unwrap();
    assert!(last.ends_with("stopped; machines: 0 updated, 0 failed, 1 under way"), "{last}");
}

/// The goal is reached, and a client does not take its download: the deadline
/// still ends the run.
#[test]
fn it_gives_up_at_the_deadline_although_its_goal_is_reached() {
    let directory = Directory::new();
    let payload = directory.write("update.gz", &common::payload::bytes(24 << 20));
    let ready = directory.join("ready");
    let child = Command::new(binary())
        .args(["--package-file", payload.to_str().unwrap(), "--package-version", OFFERED])
        .args(["--until-updated", "1", "--deadline", "2s", "--idle-timeout", "1h"])
        .arg("--skip-payload-check")
        .args(["--listen-address", "127.0.0.1:0", "--ready-file", ready.to_str().unwrap()])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let text = until("the ready file", || std::fs::read_to_string(&ready).ok());
    let server: SocketAddr = text.trim().parse().unwrap();
    let mut slow = Client::slow(server);
    slow.send(http::request("GET", "/packages/update.gz", &[], b""));
    assert_eq!(slow.read_head().status, 200);
    Machine { id: "quick", server }.complete();
    let output = child.wait_with_output().unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{log}");
    assert!(log.contains("the deadline has passed: requests under way get"), "{log}");
}

#[test]
fn the_first_failure_ends_it_if_wanted() {
    let run = Run::start(&["--until-updated", "2", "--fail-fast"]);
    run.machine("good").complete();
    run.machine("bad").fail();
    let (status, _, log) = run.end();
    assert_eq!(status, 4, "{log:#?}");
    assert!(log.iter().any(|line| line.contains("payload hash mismatch (10)")), "{log:#?}");
}

#[test]
fn events_are_objects_one_a_line() {
    let run = Run::start(&["--events", "json", "--until-updated", "1"]);
    let machine = run.machine("it is \"quoted\"\n{}");
    machine.check();
    machine.fail();
    http::get(run.address, "/packages/update.gz", &[("Range", "bytes=0-9")]);
    http::get(run.address, "/nothing", &[]);
    machine.complete();
    let (status, events, _) = run.end();
    assert_eq!(status, 0);
    let starts = |event: &str| {
        let pattern = format!("\"event\":\"{event}\"");
        events.iter().filter(|line| line.contains(&pattern)).count()
    };
    for (event, number) in [
        ("serving", 1),
        ("check", 1),
        ("report", 3),
        ("download-started", 1),
        ("download-finished", 1),
        ("refused", 1),
        ("stopped", 1),
    ] {
        assert_eq!(starts(event), number, "{event} in {events:#?}");
    }
    for line in &events {
        assert!(line.starts_with("{\"time\":\"2") && line.ends_with('}'), "{line}");
    }
    let id = r#""machine":"it is \"quoted\"\u000a{}""#;
    assert!(events[1].contains(id), "{}", events[1]);
    let failure = r#""error":10,"error_base":10,"error_text":"payload hash mismatch (10)""#;
    assert!(events.iter().any(|line| line.contains(failure)), "{events:#?}");
    assert!(events.last().unwrap().contains(r#""outcome":"updated""#));
}

#[test]
fn a_ready_file_that_cannot_be_written_is_named() {
    let output = Command::new(binary())
        .args(["--package-file", UPDATE, "--package-version", OFFERED])
        .args(["--listen-address", "127.0.0.1:0", "--ready-file", "/nowhere/at/all"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.contains(
            "cannot write --ready-file \"/nowhere/at/all\": its directory does not exist"
        ),
        "{text}"
    );
    // At once, before anything else is said.
    assert_eq!(text.lines().count(), 1, "{text}");
}

/// Somebody has named another file by mistake.
#[test]
fn a_ready_file_that_is_none_is_kept() {
    let directory = Directory::new();
    let notes = directory.write("notes.txt", b"mine\n");
    let output = Command::new(binary())
        .args(["--package-file", UPDATE, "--package-version", OFFERED])
        .args(["--listen-address", "127.0.0.1:0", "--ready-file"])
        .arg(&notes)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("notes.txt\": it is not a file that serve-package wrote"), "{text}");
    assert_eq!(std::fs::read(notes).unwrap(), b"mine\n");
}

#[test]
fn nothing_is_left_beside_the_ready_file() {
    let run = Run::start(&[]);
    let names: Vec<_> = std::fs::read_dir(run.directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["ready"]);
}

/// It can be neither removed nor replaced, as in a container that has it from
/// outside.
#[test]
fn a_ready_file_that_is_mounted_is_written_in_place() {
    if !has("unshare", "util-linux") || !has("mount", "mount") {
        return;
    }
    let private = Command::new("unshare").args(["--mount", "true"]).output().unwrap();
    if !private.status.success() {
        return not_shown("the right to mount (run it as root)");
    }
    let directory = Directory::new();
    let outside = directory.write("outside", b"127.0.0.1:1\n");
    let ready = directory.write("ready", b"");
    let mut child = Command::new("unshare")
        .args(["--mount", "sh", "-c", "mount --bind \"$1\" \"$2\" && shift 2 && exec \"$@\"", "sh"])
        .args([&outside, &ready])
        .arg(binary())
        .args(["--package-file", UPDATE, "--package-version", OFFERED])
        .args(["--listen-address", "127.0.0.1:0", "--ready-file"])
        .arg(&ready)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let server: SocketAddr = until("the ready file", || {
        let address = std::fs::read_to_string(&outside).ok()?.strip_suffix('\n')?.parse().ok()?;
        (address != SocketAddr::from(([127, 0, 0, 1], 1))).then_some(address)
    });
    Machine { id: "any", server }.check();
    assert_eq!(std::fs::read(&ready).unwrap(), b"", "only the mounted file is written");
    // It is the server by now: the shell became it.
    let process = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
