//! Requests that are hardly HTTP: they are refused, and harm no other client.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use common::fixture;
use common::http::{Client, update};
use common::server::Server;

#[test]
fn heads_that_are_none() {
    let server = Server::of_fixtures();
    for head in [
        "\r\n\r\n",
        "hello\r\n\r\n",
        "GET /packages/update.gz\r\n\r\n",
        "GET /packages/update.gz HTTP/1.1 extra words\nHost: a\n\n",
        "GET /packages/update.gz FTP/1.1\r\n\r\n",
        "GET /packages/update.gz HTTP/1.1\r\nno colon\r\n\r\n",
        "GET /packages/update.gz HTTP/1.1\r\nHost: a\nX: y\r\n\r\n",
        "GET /packages/upd\u{e4}te.gz HTTP/1.1\r\nHost: a\r\n\r\n",
        "\0\x01\x02\r\n\r\n",
    ] {
        let mut client = Client::connect(server.address());
        client.send(head);
        let answer = client.read_head();
        assert_eq!(answer.status, 400, "{head:?}: {answer:?}");
    }
    server.wait_for_lines(" refused with 400", 9);
    assert!(update(server.address(), &fixture("check-older")).offers());
}

#[test]
fn tls_on_the_port_is_refused() {
    let server = Server::of_fixtures();
    let mut client = Client::connect(server.address());
    // The beginning of a ClientHello, and a line's end somewhere in it.
    client.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x0d\x0a\x00\x00");
    assert_eq!(client.read_head().status, 400);
    assert!(update(server.address(), &fixture("check-older")).offers());
}

#[test]
fn a_version_of_http_that_is_not_spoken() {
    let server = Server::of_fixtures();
    // The second is what curl --http2-prior-knowledge begins with.
    for head in
        ["GET /packages/update.gz HTTP/2.0\r\nHost: a\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
    {
        let mut client = Client::connect(server.address());
        client.send(head);
        client.read_answer("GET").expect_refusal(400, "this is not HTTP/1");
        client.expect_end();
    }
    assert!(update(server.address(), &fixture("check-older")).offers());
}

#[test]
fn an_upgrade_is_not_taken_up() {
    // curl --http2 asks for one; the server may continue as if it had not
    // (RFC 9110, section 7.8).
    let server = Server::of_fixtures();
    let mut client = Client::connect(server.address());
    client.send(
        "GET /packages/update.gz HTTP/1.1\r\nHost: a\r\nRange: bytes=0-3\r\n\
         Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n",
    );
    let answer = client.read_answer("GET");
    assert_eq!((answer.status(), answer.body.len()), (206, 4));
}

#[test]
fn nothing_panics() {
    let server = Server::of_fixtures();
    for bytes in [
        &b""[..],
        b"\r",
        b"G",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc",
        b"POST /v1/update HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        b"POST /v1/update HTTP/1.1\r\nContent-Length: 18446744073709551615\r\n\r\n",
        b"POST /v1/update HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"GET http:// HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http://a HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET ? HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET # HTTP/1.1\r\nHost: a\r\n\r\n",
        b" / HTTP/1.1\r\n\r\n",
        b"GET  HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n:\r\n\r\n",
        b"GET / HTTP/1.1\r\n: x\r\n\r\n",
    ] {
        let mut client = Client::connect(server.address());
        client.send(bytes);
        client.finish_sending();
        client.read_to_end();
    }
    assert!(update(server.address(), &fixture("check-older")).offers());
    let stopped = server.stop();
    assert_eq!(stopped.status.code(), Some(0));
    let lines = stopped.lines.join("\n");
    assert!(!lines.contains("panicked"), "{lines}");
}
