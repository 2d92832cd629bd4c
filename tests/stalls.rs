//! Clients that stall: no other client waits for them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::thread;

use common::fixture;
use common::http::{Client, get, request, update, update_request};
use common::payload::{Directory, MORE_THAN_BUFFERS, bytes};
use common::server::{Server, binary};
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, connect, socket_with, sockopt};

const PACKAGE: &str = "/packages/update.gz";

/// A server of a package that does not fit into the buffers, which leaves the
/// silent alone for as long as a test may take.
fn serve(directory: &Directory) -> (Server, Vec<u8>) {
    let payload = bytes(MORE_THAN_BUFFERS);
    let path = directory.write("payload.bin", &payload);
    let flags = ["--package-version", common::OFFERED, "--idle-timeout", "1h"];
    let file = ["--skip-payload-check", "--package-file", path.to_str().unwrap()];
    let server = Server::start(flags.into_iter().chain(file));
    (server, payload)
}

/// The server answers others: checks, events, and a download.
fn expect_answers(address: SocketAddr) {
    assert!(update(address, &fixture("check-older")).offers());
    assert_eq!(update(address, &fixture("download-started")).status(), 200);
    assert_eq!(get(address, PACKAGE, &[("Range", "bytes=-5")]).body.len(), 5);
}

/// Begins a download and reads nothing of it but the head.
fn stalled_download(address: SocketAddr) -> Client {
    let mut client = Client::slow(address);
    client.send(request("GET", PACKAGE, &[], b""));
    assert_eq!(client.read_head().content_length(), MORE_THAN_BUFFERS);
    client
}

#[test]
fn a_stalled_download() {
    let directory = Directory::new();
    let (server, payload) = serve(&directory);
    let mut clients: Vec<_> = (0..10).map(|_| stalled_download(server.address())).collect();
    expect_answers(server.address());
    // They were stalled all the time, and can continue.
    server.wait_for_line("finished: ");
    let finished = server.lines().iter().filter(|line| line.contains("finished")).count();
    assert_eq!(finished, 1, "{:#?}", server.lines());
    for client in &mut clients {
        assert!(client.read(payload.len()) == payload);
    }
    server.wait_for_lines("finished: ", 11);
}

#[test]
fn a_withheld_body() {
    let server = Server::of_fixtures();
    let mut large = fixture("check-older");
    large.resize(60_000, b' ');
    // Read by the engine or by us, announced, in chunks, or expected.
    let small = update_request(&fixture("check-older"));
    let large = update_request(&large);
    let expecting = request("POST", "/v1/update/", &[("Expect", "100-continue")], &small);
    let head = "POST /v1/update/ HTTP/1.1\r\nHost: a\r\n";
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n5\r\n<re");
    let absurd = format!("{head}Content-Length: 99999999999999\r\n\r\n<re");
    let beginnings =
        [&small[..small.len() - 9], &large[..2000], &expecting[..150], chunked.as_bytes()];
    let mut clients = Vec::new();
    for beginning in beginnings.into_iter().chain([absurd.as_bytes()]) {
        for _ in 0..5 {
            let mut client = Client::connect(server.address());
            client.send(beginning);
            clients.push(client);
        }
    }
    expect_answers(server.address());

    // The rest is still welcome.
    clients[0].send(&small[small.len() - 9..]);
    assert!(clients[0].read_answer("POST").offers());
    clients[5].send(&large[2000..]);
    assert!(clients[5].read_answer("POST").offers());
}

#[test]
fn a_half_sent_head() {
    let directory = Directory::new();
    let (server, _) = serve(&directory);
    let whole = request("GET", PACKAGE, &[("Range", "bytes=0-3")], b"");
    let mut clients = Vec::new();
    for length in [0, 1, 3, 20, whole.len() - 1] {
        let mut client = Client::connect(server.address());
        client.send(&whole[..length]);
        clients.push((client, length));
    }
    expect_answers(server.address());
    for (client, length) in &mut clients {
        client.send(&whole[*length..]);
        assert_eq!(client.read_answer("GET").body.len(), 4);
    }
}

/// As a proxy keeps them, and a browser. Nobody needs to hear of it.
#[test]
fn a_connection_that_has_had_its_answer_is_closed_silently() {
    let flags = ["--idle-timeout", "2s", "--package-version", common::OFFERED];
    let server = Server::start(flags.into_iter().chain(["--package-file", common::UPDATE]));
    let mut client = Client::connect(server.address());
    client.send(update_request(&fixture("check-older")));
    assert!(client.read_answer("POST").offers());
    client.expect_end();
    // One that has sent half a request is worth a line.
    let mut client = Client::connect(server.address());
    client.send([update_request(&fixture("check-older")), b"POST /v1/upd".to_vec()].concat());
    assert!(client.read_answer("POST").offers());
    client.expect_end();
    let closed = "connection closed: no complete request arrived in time";
    server.wait_for_line(closed);
    let lines = server.stop().lines;
    assert_eq!(lines.iter().filter(|line| line.contains(closed)).count(), 1, "{lines:#?}");
}

#[test]
fn a_check_behind_a_download_that_is_not_read() {
    let directory = Directory::new();
    let (server, payload) = serve(&directory);
    let mut client = Client::slow(server.address());
    // More of them than the engine reads ahead, so that some are still in the
    // socket when the download ends.
    let checks = update_request(&fixture("check-older")).repeat(20);
    client.send([request("GET", PACKAGE, &[], b""), checks].concat());
    assert_eq!(client.read_head().content_length(), payload.len());
    expect_answers(server.address());
    // Sending ahead does not harm the answer under way. What was sent ahead is
    // answered then, or the connection closed so that it can be sent again.
    assert!(client.read(payload.len()) == payload);
}

#[test]
fn an_answer_that_nobody_reads() {
    let server = Server::of_fixtures();
    let check = update_request(&fixture("check-older"));
    let clients: Vec<_> = (0..20)
        .map(|_| {
            let mut client = Client::connect(server.address());
            client.send(&check);
            client
        })
        .collect();
    expect_answers(server.address());
    drop(clients);
    expect_answers(server.address());
}

#[test]
fn many_at_once_beside_many_that_stall() {
    let directory = Directory::new();
    let (server, _) = serve(&directory);
    let address = server.address();
    let _stalled: Vec<_> = (0..40).map(|_| stalled_download(address)).collect();
    let _silent: Vec<_> = (0..100).map(|_| Client::connect(address)).collect();
    let workers: Vec<_> = (0..20)
        .map(|_| {
            thread::spawn(move || {
                for _ in 0..20 {
                    assert!(update(address, &fixture("check-older")).offers());
                    assert!(!update(address, &fixture("check-equal")).offers());
                }
            })
        })
        .collect();
    for worker in workers {
        worker.join().unwrap();
    }
    server.wait_for_lines("4152.2.0 offered", 400);
}

#[test]
fn more_clients_than_descriptors() {
    // Room for some ten connections.
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 64 && exec \"$0\" \"$@\""]).arg(binary());
    command.args(["--listen-address", "127.0.0.1:0", "--package-file", common::UPDATE]);
    command.args(["--package-version", common::OFFERED]);
    let server = Server::spawn(command);
    let mut silent: Vec<_> = (0..50).map(|_| Client::connect(server.address())).collect();
    expect_answers(server.address());
    for client in &mut silent {
        // Some were sent away, which is no failure of this test.
        let _ = client.try_send("GET ");
    }
    expect_answers(server.address());
    drop(silent);
    expect_answers(server.address());
    assert!(!server.lines().iter().any(|line| line.contains("panicked")), "{:?}", server.lines());
}

#[test]
fn clients_that_are_gone_before_they_are_served() {
    let server = Server::of_fixtures();
    for number in 0..300 {
        let client = Client::connect(server.address());
        if number % 2 == 0 {
            client.reset();
        }
    }
    expect_answers(server.address());
    let stopped = server.stop();
    assert_eq!(stopped.status.code(), Some(0));
    let lines = stopped.lines.join("\n");
    assert!(!lines.contains("panicked"), "{lines}");
}

/// A connection from this very address and port.
fn connect_from(client: SocketAddr, server: SocketAddr) -> TcpStream {
    let (family, flags) = (AddressFamily::INET, SocketFlags::CLOEXEC);
    let socket = socket_with(family, SocketType::STREAM, flags, None).unwrap();
    sockopt::set_socket_reuseaddr(&socket, true).unwrap();
    bind(&socket, &client).unwrap();
    connect(&socket, &server).unwrap();
    TcpStream::from(socket)
}

/// One client, from one port, at two addresses of the server: the rules hold
/// for both connections.
#[test]
fn the_same_port_twice() {
    let flags = ["--package-version", common::OFFERED, "--idle-timeout", "1s"];
    let server = Server::start(flags.into_iter().chain([
        "--package-file",
        common::UPDATE,
        "--listen-address",
        "0.0.0.0:0",
    ]));
    let here = |last| SocketAddr::from(([127, 0, 0, last], server.port()));
    let first = connect_from("127.0.0.3:0".parse().unwrap(), here(1));
    let second = connect_from(first.local_addr().unwrap(), here(2));
    for mut connection in [first, second] {
        connection.set_read_timeout(Some(common::PATIENCE)).unwrap();
        assert_eq!(connection.read(&mut [0]).unwrap(), 0, "it is not sent away");
    }
}
