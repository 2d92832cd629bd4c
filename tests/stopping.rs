//! How the server ends.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use std::net::TcpStream;

use common::http::{Client, get, request, update};
use common::payload::{Directory, MORE_THAN_BUFFERS, bytes};
use common::server::{Server, free_port};
use common::{OFFERED, UPDATE, fixture, until};
use rustix::process::Signal;

/// A server of a large package, and a client that has begun to fetch it and
/// reads no further.
fn in_the_middle_of_a_download() -> (Server, Client, Vec<u8>, Directory) {
    let (directory, payload) = (Directory::new(), bytes(MORE_THAN_BUFFERS));
    let server = Server::of_file(directory.write("payload.bin", &payload));
    let mut client = Client::slow(server.address());
    client.send(request("GET", "/packages/update.gz", &[], b""));
    assert_eq!(client.read_head().content_length(), payload.len());
    (server, client, payload, directory)
}

#[test]
fn each_signal_stops_an_idle_server() {
    for (signal, name) in [(Signal::TERM, "SIGTERM"), (Signal::INT, "SIGINT")] {
        let server = Server::of_fixtures();
        // Connections on which nothing is under way hold nothing up.
        let _silent = Client::connect(server.address());
        let mut idle = Client::connect(server.address());
        idle.send(request("GET", "/packages/update.gz", &[("Range", "bytes=0-3")], b""));
        assert_eq!(idle.read_answer("GET").status(), 206);
        let mut half = Client::connect(server.address());
        half.send("GET /packages/update.gz HTTP/1.1\r\nHo");

        server.signal(signal);
        let stopped = server.wait();
        assert_eq!(stopped.status.code(), Some(0), "{name}: {:#?}", stopped.lines);
        let lines = stopped.lines.join("\n");
        assert!(lines.contains(&format!("{name}: stopping")), "{lines}");
        assert!(lines.contains(" stopped"), "{lines}");
    }
}

#[test]
fn a_download_under_way_ends_whole() {
    let (server, mut client, payload, _directory) = in_the_middle_of_a_download();
    server.signal(Signal::TERM);
    server.wait_for_line("SIGTERM: stopping");
    until("new connections are refused", || TcpStream::connect(server.address()).err());
    let received = client.read(payload.len());
    assert!(received == payload);
    client.expect_end();
    let stopped = server.wait();
    assert_eq!(stopped.status.code(), Some(0), "{:#?}", stopped.lines);
    let finished = format!("download of update.gz finished: {} bytes", payload.len());
    assert!(stopped.lines.iter().any(|line| line.contains(&finished)), "{:#?}", stopped.lines);
}

#[test]
fn a_check_under_way_is_answered() {
    let server = Server::of_fixtures();
    let headers = [("Content-Type", "text/xml"), ("Expect", "100-continue")];
    let check = fixture("check-older");
    let whole = request("POST", "/v1/update/", &headers, &check);
    let (head, body) = whole.split_at(whole.len() - check.len());
    let mut client = Client::connect(server.address());
    client.send(head);
    // Now the server knows of it.
    assert_eq!(client.read_head().status, 100);
    server.signal(Signal::TERM);
    until("new connections are refused", || TcpStream::connect(server.address()).err());

    client.send(body);
    let answer = client.read_answer("POST");
    assert!(answer.offers());
    assert_eq!(answer.header("Connection"), Some("close"));
    client.expect_end();
    assert_eq!(server.wait().status.code(), Some(0));
}

#[test]
fn a_download_that_does_not_end_is_not_waited_for_for_ever() {
    let (server, mut client, payload, _directory) = in_the_middle_of_a_download();
    let stopped = server.stop();
    assert_eq!(stopped.status.code(), Some(0), "{:#?}", stopped.lines);
    let lines = stopped.lines.join("\n");
    assert!(lines.contains("stopped before every request had its answer: 1 under way"), "{lines}");
    // The client sees that it does not have everything.
    let received = client.read_to_end();
    assert!(received.len() < payload.len());
    assert!(received == payload[..received.len()]);
}

#[test]
fn a_second_signal_stops_at_once() {
    for second in [Signal::TERM, Signal::INT] {
        let (server, _client, _, _directory) = in_the_middle_of_a_download();
        server.signal(Signal::INT);
        server.wait_for_line("SIGINT: stopping");
        // At once after the first, the same signal would be the first one.
        let stopped = server.wait_while(|server| server.signal(second));
        assert_eq!(stopped.status.code(), Some(1), "{:#?}", stopped.lines);
        let lines = stopped.lines.join("\n");
        assert!(lines.contains(": stopping at once"), "{lines}");
        assert!(!lines.contains("stopped before every request"), "{lines}");
    }
}

/// `timeout` sends its signal to the process, and then to its group.
#[test]
fn the_same_signal_twice_at_once_is_one() {
    let (server, mut client, payload, _directory) = in_the_middle_of_a_download();
    server.signal(Signal::TERM);
    server.signal(Signal::TERM);
    server.wait_for_line("SIGTERM: stopping");
    assert!(client.read(payload.len()) == payload);
    client.expect_end();
    let stopped = server.wait();
    assert_eq!(stopped.status.code(), Some(0), "{:#?}", stopped.lines);
}

#[test]
fn a_download_that_is_cut_by_the_end_says_so() {
    let (server, _client, _, _directory) = in_the_middle_of_a_download();
    let stopped = server.stop();
    let lines = stopped.lines.join("\n");
    assert!(lines.contains("the server was stopped") && !lines.contains("went away"), "{lines}");
}

#[test]
fn sigusr1_asks_how_far_the_machines_have_come() {
    let server = Server::of_fixtures();
    server.signal(Signal::USR1);
    server.wait_for_line("offering 4152.2.0; machines: 0 known");
    assert!(update(server.address(), &fixture("check-older")).offers());
}

#[test]
fn the_next_server_can_have_the_port_at_once() {
    let address = format!("127.0.0.1:{}", free_port());
    let arguments =
        ["--package-file", UPDATE, "--package-version", OFFERED, "--listen-address", &address];
    for _ in 0..3 {
        let server = Server::start(arguments);
        // Closed by the server first, so that its end is the one that waits.
        assert_eq!(get(server.address(), "/packages/update.gz", &[]).status(), 200);
        assert!(update(server.address(), &fixture("check-older")).offers());
        assert_eq!(server.stop().status.code(), Some(0));
    }
}
