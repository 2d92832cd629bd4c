//! How a body may arrive: announced, expected, in chunks, in dribs and drabs,
//! and not at all.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use std::time::{Duration, Instant};

use common::fixture;
use common::http::{Client, request, update_request};
use common::server::Server;

/// Nearly as long as a body may be.
const LARGE: usize = 60_000;

/// Longest body that is taken.
const MAX_BODY: usize = 64 * 1024;

/// A check with so much white space behind it.
fn large_check() -> Vec<u8> {
    let mut body = fixture("check-older");
    body.resize(LARGE, b'\n');
    body
}

fn chunked(target: &str, chunks: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: update.test:8000\r\nContent-Type: text/xml\r\n\
         Transfer-Encoding: chunked\r\n\r\n"
    );
    [head.as_bytes(), chunks].concat()
}

/// A body as chunks of at most so many bytes.
fn in_chunks(body: &[u8], size: usize) -> Vec<u8> {
    let mut chunks = Vec::new();
    for chunk in body.chunks(size) {
        chunks.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        chunks.extend_from_slice(chunk);
        chunks.extend_from_slice(b"\r\n");
    }
    chunks.extend_from_slice(b"0\r\n\r\n");
    chunks
}

#[test]
fn a_client_that_waits_to_be_told_to_continue() {
    let server = Server::of_fixtures();
    for body in [fixture("check-older"), large_check()] {
        let headers = [("Content-Type", "text/xml"), ("Expect", "100-continue")];
        let whole = request("POST", "/v1/update/", &headers, &body);
        let (head, body) = whole.split_at(whole.len() - body.len());
        let mut client = Client::connect(server.address());
        client.send(head);
        assert_eq!(client.read_head().status, 100);
        client.send(body);
        assert!(client.read_answer("POST").offers());
        // And the connection is as good as before.
        client.send(update_request(&fixture("check-equal")));
        assert!(!client.read_answer("POST").offers());
    }
}

#[test]
fn a_client_that_does_not_wait_after_all() {
    let server = Server::of_fixtures();
    let headers = [("Content-Type", "text/xml"), ("Expect", "100-continue")];
    let mut client = Client::connect(server.address());
    client.send(request("POST", "/v1/update/", &headers, &large_check()));
    assert_eq!(client.read_head().status, 100);
    assert!(client.read_answer("POST").offers());
}

#[test]
fn a_body_that_is_too_long_is_not_asked_for() {
    let server = Server::of_fixtures();
    let mut client = Client::connect(server.address());
    client.send(
        "POST /v1/update/ HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\
         Content-Length: 2000000\r\n\r\n",
    );
    client.read_answer("POST").expect_refusal(413, "longer than 65536 bytes");
}

#[test]
fn another_expectation_is_refused() {
    let server = Server::of_fixtures();
    let mut client = Client::connect(server.address());
    client.send("POST /v1/update/ HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\n\r\n");
    client.read_answer("POST").expect_refusal(417, "miracles");
    server.wait_for_line("refused with 417: the expectation \"miracles\" cannot be met");
}

#[test]
fn a_body_in_chunks() {
    let server = Server::of_fixtures();
    for (body, size) in [(fixture("check-older"), 7), (large_check(), 4096)] {
        let mut client = Client::connect(server.address());
        client.send(chunked("/v1/update/", &in_chunks(&body, size)));
        assert!(client.read_answer("POST").offers(), "chunks of {size}");
    }
}

#[test]
fn too_many_chunks() {
    // What is beyond the limit is taken as well, so that the client, which
    // listens only when it has said everything, gets to hear the answer.
    let server = Server::of_fixtures();
    for more in [1, 4 * 1024 * 1024] {
        let mut client = Client::connect(server.address());
        client.send(chunked("/v1/update/", &in_chunks(&vec![b' '; MAX_BODY + more], 10_000)));
        client.read_answer("POST").expect_refusal(413, "longer than 65536 bytes");
        client.expect_end();
    }
}

#[test]
fn chunks_that_are_none() {
    let server = Server::of_fixtures();
    for chunks in ["xyz\r\nhello\r\n0\r\n\r\n", "5\r\nhelloXX0\r\n\r\n", "-1\r\n\r\n"] {
        let mut client = Client::connect(server.address());
        client.send(chunked("/v1/update/", chunks.as_bytes()));
        client.read_answer("POST").expect_refusal(400, "chunk");
        client.expect_end();
    }
}

#[test]
fn a_body_of_two_lengths_is_refused() {
    let server = Server::of_fixtures();
    for (headers, status) in [
        ("Content-Length: 5\r\nTransfer-Encoding: chunked", 400),
        ("Transfer-Encoding: chunked\r\nContent-Length: 5", 400),
        ("Content-Length: 5\r\nContent-Length: 6", 400),
        ("Content-Length: five", 400),
        ("Content-Length: -5", 400),
        ("Content-Length: +5", 400),
        ("Content-Length: 5, 6", 400),
        ("Transfer-Encoding: chunked, gzip", 400),
        ("Transfer-Encoding: gzip, chunked", 501),
        ("Transfer-Encoding: wrapped", 501),
    ] {
        let mut client = Client::connect(server.address());
        // Of a package, where the body itself does not matter.
        client.send(format!(
            "GET /packages/update.gz HTTP/1.1\r\nHost: a\r\nRange: bytes=0-3\r\n\
             {headers}\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
        ));
        client.finish_sending();
        let head = client.read_head();
        assert_eq!(head.status, status, "{headers:?}");
        assert_eq!(head.header("Connection"), Some("close"), "{headers:?}");
    }
}

/// What a coding is called in whatever case, and what follows the last chunk.
#[test]
fn chunks_as_others_write_them() {
    let server = Server::of_fixtures();
    let body = fixture("check-older");
    for coding in ["chunked", "Chunked", "CHUNKED", "\tchunked , "] {
        let mut client = Client::connect(server.address());
        for end in ["0\r\n\r\n", "000;last\r\nDigest: x\r\nOther: y\r\n\r\n"] {
            let head = format!(
                "POST /v1/update/ HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\n\
                 Transfer-Encoding: {coding}\r\n\r\n{:x};name=\"value\"\r\n",
                body.len()
            );
            client.send([head.as_bytes(), &body, b"\r\n", end.as_bytes()].concat());
            assert!(client.read_answer("POST").offers(), "{coding} {end:?}");
        }
    }
}

/// What is refused unread is not the next request: the connection ends.
#[test]
fn a_refused_body_is_not_taken_for_a_request() {
    let server = Server::of_fixtures();
    let smuggled = String::from_utf8(update_request(&fixture("check-older"))).unwrap();
    for (headers, status) in [
        ("Content-Length: 99999999", 413),
        ("Transfer-Encoding: gzip", 501),
        ("Expect: 200-maybe", 417),
        ("Content-Length: x", 400),
    ] {
        let mut client = Client::connect(server.address());
        client.send(format!("POST /v1/update/ HTTP/1.1\r\nHost: a\r\n{headers}\r\n\r\n{smuggled}"));
        let answer = client.read_answer("POST");
        assert_eq!(answer.header("Connection"), Some("close"), "{headers}");
        answer.expect_refusal(status, "");
        client.expect_end();
    }
    assert!(!server.lines().iter().any(|line| line.contains("update check")));
}

#[test]
fn byte_by_byte() {
    let server = Server::of_fixtures();
    let mut client = Client::connect(server.address());
    for byte in update_request(&fixture("check-older")) {
        client.send([byte]);
    }
    assert!(client.read_answer("POST").offers());

    for piece in update_request(&large_check()).chunks(999) {
        client.send(piece);
    }
    assert!(client.read_answer("POST").offers());
}

#[test]
fn half_a_body() {
    let server = Server::of_fixtures();
    for body in [fixture("check-older"), large_check()] {
        let whole = update_request(&body);
        let mut client = Client::connect(server.address());
        client.send(&whole[..whole.len() - 10]);
        client.finish_sending();
        let head = client.read_head();
        assert_eq!(head.status, 400, "{head:?}");
    }
    // Nothing came of it.
    assert!(!server.lines().iter().any(|line| line.contains("update check")));
}

#[test]
fn a_client_that_sends_all_and_hangs_up_has_its_answer() {
    let flags = ["--package-version", common::OFFERED, "--idle-timeout", "1h", "--package-file"];
    let server = Server::start(flags.into_iter().chain([common::UPDATE]));
    let mut client = Client::connect(server.address());
    client.send(update_request(&fixture("check-older")));
    client.finish_sending();
    assert!(client.read_answer("POST").offers());
    client.expect_end();
}

#[test]
fn a_body_that_nobody_asked_for_is_passed_over() {
    let server = Server::of_fixtures();
    let mut client = Client::connect(server.address());
    let range = [("Range", "bytes=0-3")];
    client.send(request("GET", "/packages/update.gz", &range, &vec![b'x'; LARGE]));
    assert_eq!(client.read_answer("GET").body.len(), 4);
    client.send(request("DELETE", "/v1/update/", &[], &vec![b'x'; LARGE]));
    client.read_answer("DELETE").expect_refusal(405, "POST");
    client.send(update_request(&fixture("check-older")));
    assert!(client.read_answer("POST").offers());
}

#[test]
fn requests_sent_ahead() {
    // Each is answered, in order.
    let server = Server::of_fixtures();
    let check = update_request(&fixture("check-older"));
    for (first, number) in [("GET", 1), ("GET", 5), ("GET", 50), ("HEAD", 5), ("POST", 5)] {
        let mut client = Client::connect(server.address());
        let mut ahead = match first {
            "POST" => check.clone(),
            _ => request(first, "/packages/update.gz", &[], b""),
        };
        for _ in 0..number {
            ahead.extend_from_slice(&check);
        }
        client.send(&ahead);
        let answer = client.read_answer(first);
        assert_eq!(answer.status(), 200, "{first} and {number} more");
        if first == "GET" {
            assert!(answer.body == std::fs::read(common::UPDATE).unwrap());
        }
        for _ in 0..number {
            assert!(client.read_answer("POST").offers(), "{first} and {number} more");
        }
    }
}

/// What arrives with another is reported by one event for both.
#[test]
fn a_request_that_came_with_another_is_not_forgotten() {
    let server = Server::of_fixtures();
    let padded = |padding: &str| request("GET", "/nothing", &[("Padding", padding)], b"");
    let first = padded(&"x".repeat(1024 - padded("").len()));
    assert_eq!(first.len(), 1024);
    let mut client = Client::connect(server.address());
    for _ in 0..3 {
        client.send(first.repeat(3));
        for _ in 0..3 {
            assert_eq!(client.read_answer("GET").status(), 404);
        }
    }
}

/// Whenever the second comes, before the first is read or while it is answered:
/// it has its answer, or its client learns that it must ask again.
#[test]
fn a_request_that_comes_while_another_is_answered_is_not_forgotten() {
    let server = Server::of_fixtures();
    let check = update_request(&fixture("check-older"));
    let mut client = Client::connect(server.address());
    for delay in (0..1000).map(Duration::from_micros) {
        client.send(&check);
        let sent = Instant::now();
        while sent.elapsed() < delay {}
        // The server may have closed the connection meanwhile.
        let _ = client.try_send(&check);
        let answer = client.read_answer("POST");
        assert!(answer.offers());
        if answer.header("Connection") == Some("close") {
            client = Client::connect(server.address());
        } else {
            assert!(client.read_answer("POST").offers(), "{delay:?}");
        }
    }
}
