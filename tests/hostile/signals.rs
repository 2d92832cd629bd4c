//! Signals that are not meant to stop it.

use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::common::fixture;
use crate::common::http::{Client, get, update_request};
use crate::common::server::Server;
use crate::common::{OFFERED, UPDATE};
use crate::honest::{Checker, Downloader};
use crate::stage::Stage;

#[test]
fn hangups_and_broken_pipes() {
    let server = Server::of_fixtures();
    for number in 1..=2 {
        server.signal(Signal::HUP);
        // Two that come at once are one.
        server.wait_for_lines("SIGHUP: ", number);
        server.signal(Signal::PIPE);
        assert_eq!(get(server.address(), "/packages/update.gz", &[]).status(), 200);
    }
    // They were no reason to stop, so the first signal that is one is the first.
    let stopped = server.stop();
    assert_eq!(stopped.status.code(), Some(0));
}

/// Longer than every connection may be idle. The clients could not do anything
/// meanwhile, so none of them is cut for it.
#[test]
fn a_process_that_was_stopped_and_goes_on() {
    const IDLE: Duration = Duration::from_secs(3);
    let flags = ["--package-file", UPDATE, "--package-version", OFFERED, "--idle-timeout", "3s"];
    let server = Server::start(flags);
    let request = update_request(&fixture("check-older"));
    let mut silent = Client::connect(server.address());
    let mut used = Client::connect(server.address());
    used.send(&request);
    assert!(used.read_answer("POST").offers());
    let mut half = Client::connect(server.address());
    half.send(&request[..100]);
    // All three have been accepted when a later one is answered.
    assert_eq!(get(server.address(), "/packages/update.gz", &[]).status(), 200);

    server.signal(Signal::STOP);
    let stopped = Instant::now();
    while stopped.elapsed() < IDLE + IDLE / 2 {
        thread::sleep(Duration::from_millis(50));
    }
    server.signal(Signal::CONT);
    half.send(&request[100..]);
    assert!(half.read_answer("POST").offers());
    for client in [&mut silent, &mut used] {
        client.send(&request);
        assert!(client.read_answer("POST").offers());
    }
    let cut = server.lines().into_iter().find(|line| line.contains("connection ended"));
    assert_eq!(cut, None);
}

/// A download and the checks continue, however often it is stopped.
#[test]
fn a_process_that_is_stopped_again_and_again() {
    let stage = Stage::new(&[]);
    let checker = Checker::start(stage.address());
    let downloader = Downloader::start(stage.address());
    for _ in 0..10 {
        let answered = checker.answered();
        stage.server.signal(Signal::STOP);
        thread::sleep(Duration::from_millis(20));
        stage.server.signal(Signal::CONT);
        crate::common::until("a check", || (checker.answered() > answered).then_some(()));
    }
    downloader.finish();
    assert_eq!(checker.stop().retries, 0);
}
