//! `GET` and `HEAD` of a package: headers, bytes, ranges, log lines.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use std::ffi::OsStr;

use common::dated::{PACKAGE, SIZE, etag_of, expect_validators, serve};
use common::http::{Client, ask, get, request};
use common::payload::{Directory, MORE_THAN_BUFFERS, bytes};
use common::server::Server;
use common::until;

#[test]
fn the_whole_package() {
    let (server, payload, _directory) = serve();
    let answer = get(server.address(), PACKAGE, &[]);
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.header("Content-Type"), Some("application/octet-stream"));
    assert_eq!(answer.header("Content-Range"), None);
    assert_eq!(answer.head.content_length(), SIZE);
    expect_validators(&answer, &etag_of(&payload));
    assert!(answer.body == payload);
}

#[test]
fn head_is_get_without_the_body() {
    let (server, payload, _directory) = serve();
    let answer = ask(server.address(), "HEAD", PACKAGE, &[], b"");
    assert_eq!((answer.status(), answer.head.content_length()), (200, SIZE));
    assert_eq!(answer.header("Content-Type"), Some("application/octet-stream"));
    expect_validators(&answer, &etag_of(&payload));

    // A range means nothing to HEAD (RFC 9110, section 14.2).
    let answer = ask(server.address(), "HEAD", PACKAGE, &[("Range", "bytes=5-9")], b"");
    assert_eq!((answer.status(), answer.head.content_length()), (200, SIZE));
    let answer = ask(server.address(), "HEAD", "/packages/other.gz", &[], b"");
    assert_eq!(answer.status(), 404);
}

#[test]
fn single_ranges() {
    let (server, payload, _directory) = serve();
    for (range, first, end) in [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=0-49999", 0, 50_000),
        ("bytes=50000-", 50_000, SIZE),
        ("bytes=99999-", SIZE - 1, SIZE),
        ("bytes=99999-99999", SIZE - 1, SIZE),
        ("bytes=99990-200000", SIZE - 10, SIZE),
        ("bytes=0-", 0, SIZE),
        ("bytes=-1", SIZE - 1, SIZE),
        ("bytes=-500", SIZE - 500, SIZE),
        ("bytes=-200000", 0, SIZE),
        ("bytes=7-99999999999999999999999", 7, SIZE),
    ] {
        let answer = get(server.address(), PACKAGE, &[("Range", range)]);
        assert_eq!(answer.status(), 206, "{range}");
        let content_range = format!("bytes {first}-{}/{SIZE}", end - 1);
        assert_eq!(answer.header("Content-Range"), Some(content_range.as_str()), "{range}");
        assert_eq!(answer.head.content_length(), end - first, "{range}");
        expect_validators(&answer, &etag_of(&payload));
        assert!(answer.body == payload[first..end], "{range}: other bytes");
    }
}

#[test]
fn ranges_that_lie_outside() {
    let (server, payload, _directory) = serve();
    for range in ["bytes=100000-", "bytes=100000-100001", "bytes=500000-600000", "bytes=-0"] {
        let answer = get(server.address(), PACKAGE, &[("Range", range)]);
        answer.expect_refusal(416, "100000 bytes");
        assert_eq!(answer.header("Content-Range"), Some("bytes */100000"), "{range}");
        assert_eq!(answer.header("ETag"), Some(etag_of(&payload).as_str()), "{range}");
    }
    server.wait_for_line("GET /packages/update.gz refused with 416");
}

#[test]
fn ranges_that_are_ignored() {
    let (server, payload, _directory) = serve();
    for range in ["bytes=0-1,5-6", "bytes=20-10", "bytes=a-b", "lines=1-2", "bytes", "bytes=-"] {
        let answer = get(server.address(), PACKAGE, &[("Range", range)]);
        assert_eq!((answer.status(), answer.header("Content-Range")), (200, None), "{range}");
        assert!(answer.body == payload, "{range}");
    }
}

#[test]
fn never_chunked() {
    let (server, payload, _directory) = serve();
    for headers in [&[("TE", "chunked")][..], &[("TE", "trailers, chunked;q=1")]] {
        let answer = get(server.address(), PACKAGE, headers);
        // Which panics if there is a Transfer-Encoding.
        assert_eq!(answer.head.content_length(), SIZE);
        assert!(answer.body == payload);
    }
    let answer = ask(
        server.address(),
        "POST",
        "/v1/update",
        &[("TE", "chunked")],
        &common::fixture("check-older"),
    );
    assert!(answer.offers());
}

#[test]
fn several_downloads_on_one_connection() {
    let (server, payload, _directory) = serve();
    let mut client = Client::connect(server.address());
    for _ in 0..3 {
        client.send(request("GET", PACKAGE, &[], b""));
        assert!(client.read_answer("GET").body == payload);
        client.send(request("GET", PACKAGE, &[("Range", "bytes=-3")], b""));
        assert_eq!(client.read_answer("GET").body, payload[SIZE - 3..]);
        client.send(request("HEAD", PACKAGE, &[], b""));
        assert_eq!(client.read_answer("HEAD").status(), 200);
    }
}

#[test]
fn an_old_client_without_keep_alive() {
    let (server, payload, _directory) = serve();
    let mut client = Client::connect(server.address());
    client.send("GET /packages/update.gz HTTP/1.0\r\n\r\n");
    let answer = client.read_answer("GET");
    assert_eq!(answer.header("Connection"), Some("close"));
    assert!(answer.body == payload);
    client.expect_end();
}

#[test]
fn nothing_else_is_served() {
    let (server, _, _directory) = serve();
    for target in [
        "/packages/other.gz",
        "/packages/payload.bin",
        "/packages/",
        "/packages",
        "/packages/UPDATE.GZ",
        "/packages/update.gz/",
        "/packages/../Cargo.toml",
        "/packages/%2e%2e/%2e%2e/etc/passwd",
        "/packages/..%2f..%2fetc%2fpasswd",
        "/etc/passwd",
        "//etc/passwd",
        "/packages//../Cargo.toml",
        "/update.gz",
    ] {
        get(server.address(), target, &[]).expect_refusal(404, "");
        server.wait_for_line(&format!("GET {target} refused with 404"));
    }
    // A query is no part of the name.
    assert_eq!(get(server.address(), "/packages/update.gz?x=/../y", &[]).status(), 200);
}

#[test]
fn the_last_bytes_of_five_gigabytes() {
    const HOLE: u64 = 5 << 30;
    let directory = Directory::new();
    let end = b"the end of a very large package";
    let server = Server::of_file(directory.write_sparse("large.bin", HOLE, end));
    let size = HOLE + end.len() as u64;

    for (range, first) in [("bytes=-10", size - 10), (&format!("bytes={}-", size - 10), size - 10)]
    {
        let answer = get(server.address(), PACKAGE, &[("Range", range)]);
        assert_eq!(answer.status(), 206);
        let content_range = format!("bytes {first}-{}/{size}", size - 1);
        assert_eq!(answer.header("Content-Range"), Some(content_range.as_str()));
        assert_eq!(answer.body, end[end.len() - 10..]);
    }
    // Across the border of 32 bits.
    let range = format!("bytes={}-{}", u64::from(u32::MAX) - 1, u64::from(u32::MAX) + 2);
    let answer = get(server.address(), PACKAGE, &[("Range", &range)]);
    assert_eq!((answer.status(), answer.body.as_slice()), (206, &[0; 4][..]));

    let answer = ask(server.address(), "HEAD", PACKAGE, &[], b"");
    assert_eq!(answer.header("Content-Length"), Some(size.to_string().as_str()));
    let answer = common::http::update(server.address(), &common::fixture("check-older"));
    assert_eq!(answer.manifest().packages[0].size, size);
}

#[test]
fn a_download_is_told_from_its_start_to_its_end() {
    let (server, _, _directory) = serve();
    get(server.address(), PACKAGE, &[]);
    server.wait_for_line("client 127.0.0.1: download of update.gz started");
    let line = server.wait_for_line("client 127.0.0.1: download of update.gz finished: 100000 b");
    assert!(line.contains(" s, ") && line.ends_with(" MB/s"), "{line}");

    get(server.address(), PACKAGE, &[("Range", "bytes=90000-")]);
    let part = "client 127.0.0.1: download of update.gz, bytes 90000 to 99999 of 100000,";
    server.wait_for_line(&format!("{part} started"));
    server.wait_for_line(&format!("{part} finished: 10000 bytes in "));
}

#[test]
fn a_client_that_goes_away_is_told() {
    let (directory, payload) = (Directory::new(), bytes(MORE_THAN_BUFFERS));
    let server = Server::of_file(directory.write("payload.bin", &payload));
    let mut client = Client::slow(server.address());
    client.send(request("GET", PACKAGE, &[], b""));
    assert_eq!(client.read_head().content_length(), MORE_THAN_BUFFERS);
    assert!(client.read(300_000) == payload[..300_000]);
    drop(client);

    let line = server.wait_for_line("download of update.gz cut at byte ");
    let at = line.split_once("cut at byte ").unwrap().1.split(' ').next().unwrap();
    let at: usize = at.parse().unwrap();
    assert!((300_000..MORE_THAN_BUFFERS).contains(&at), "{line}");
    assert!(!server.lines().iter().any(|line| line.contains("finished")));
}

/// Flatcar's postinstall step of late 2023 joins the codebase and the name with
/// a slash of its own.
#[test]
fn empty_segments_of_a_path_are_dropped() {
    let (server, payload, _directory) = serve();
    for target in ["/packages//update.gz", "//packages///update.gz"] {
        let answer = get(server.address(), target, &[]);
        assert_eq!(answer.status(), 200, "{target}");
        assert!(answer.body == payload, "{target}");
    }
}

/// Also when the client is gone before a byte could be sent.
#[test]
fn every_download_that_begins_comes_to_an_end() {
    let (directory, payload) = (Directory::new(), bytes(MORE_THAN_BUFFERS));
    let payload = directory.write("payload.bin", &payload);
    let flags =
        ["--status", "--skip-payload-check", "--package-version", "1.0.0", "--package-file"];
    let server = Server::start(flags.map(OsStr::new).into_iter().chain([payload.as_os_str()]));
    for _ in 0..200 {
        let mut client = Client::connect(server.address());
        client.send(request("GET", PACKAGE, &[], b""));
        client.reset();
    }
    // Clients are accepted in their order, so those have been.
    until("the end of each download", || {
        let status = get(server.address(), "/status.json", &[]);
        status.text().contains("\"downloads_running\":0,").then_some(())
    });
}
