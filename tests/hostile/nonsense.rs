//! Everything that is not a proper request.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::Instant;

use crate::common::PATIENCE;
use crate::scale::{self, sized};
use crate::stage::Stage;

const HOST: &str = "Host: update.test\r\n";

/// What is sent, and the statuses that it may be answered with. 0 means
/// no answer at all.
fn nonsense() -> Vec<(&'static str, Vec<u8>, &'static [u16])> {
    const BAD: &[u16] = &[400];
    const MISSING: &[u16] = &[404];
    let get = |path: &str, more: &str| format!("GET {path} HTTP/1.1\r\n{HOST}{more}\r\n");
    let range = |range: &str| get("/packages/update.gz", &format!("Range: bytes={range}\r\n"));
    let post = |headers: &str, body: &str| {
        format!("POST /v1/update/ HTTP/1.1\r\n{HOST}{headers}\r\n{body}")
    };
    let texts: Vec<(&str, String, &'static [u16])> = vec![
        ("nothing", String::new(), &[0]),
        ("HTTP/0.9", "GET /\r\n".into(), BAD),
        ("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(), BAD),
        ("another version", format!("GET / HTTP/3.7\r\n{HOST}\r\n"), BAD),
        ("no version", format!("GET /packages/update.gz\r\n{HOST}\r\n"), BAD),
        ("bare LF", "GET / HTTP/1.1\nHost: a\n\n".into(), BAD),
        ("bare CR", "GET / HTTP/1.1\rHost: a\r\r".into(), BAD),
        ("NUL in the target", get("/\0", ""), BAD),
        ("NUL in a header", get("/", "X: \0\r\n"), BAD),
        ("a folded line", get("/", "X: a\r\n b\r\n"), &[400, 404]),
        ("a header without a colon", get("/", "nonsense\r\n"), BAD),
        ("a header without a name", get("/", ": x\r\n"), &[400, 404]),
        ("a space before the colon", post("Content-Length : 5\r\n", "hello"), BAD),
        ("an absolute URL", get("http://other.test/x", ""), MISSING),
        ("an absolute URL with a user", get("http://a:b@c/packages/x", ""), MISSING),
        ("another scheme", get("ftp://other.test/x", ""), MISSING),
        ("an asterisk", format!("OPTIONS * HTTP/1.1\r\n{HOST}\r\n"), MISSING),
        ("CONNECT", format!("CONNECT a:1 HTTP/1.1\r\n{HOST}\r\n"), MISSING),
        ("TRACE", format!("TRACE /v1/update HTTP/1.1\r\n{HOST}\r\n"), &[405]),
        ("an invented method", format!("BREW /v1/update HTTP/1.1\r\n{HOST}\r\n"), &[405]),
        ("up and out", get("/packages/../../etc/passwd", ""), MISSING),
        ("up and out, encoded", get("/packages/%2e%2e/%2e%2e/etc/passwd", ""), MISSING),
        ("up and out, encoded twice", get("/packages/%252e%252e%252fetc/passwd", ""), MISSING),
        ("a slash, encoded", get("/packages%2fupdate.gz", ""), MISSING),
        ("a name, encoded", get("/packages/update%2Egz", ""), &[200]),
        ("a name with NUL, encoded", get("/packages/update.gz%00.html", ""), MISSING),
        ("a range that overflows", range("18446744073709551615-18446744073709551616"), &[416]),
        ("a range of twenty digits more", range(&"9".repeat(40)), &[200]),
        ("a range backwards", range("5-1"), &[200]),
        ("the last 2^64 bytes", range("-18446744073709551616"), &[206]),
        ("thousands of ranges", range(&"0-0,".repeat(3000)), &[200]),
        ("two lengths", post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello"), BAD),
        ("a list of lengths", post("Content-Length: 5, 5\r\n", "hello"), BAD),
        ("a signed length", post("Content-Length: +5\r\n", "hello"), BAD),
        ("a hexadecimal length", post("Content-Length: 0x5\r\n", "hello"), BAD),
        (
            "a length and chunks",
            post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
            BAD,
        ),
        (
            "chunks twice",
            post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
            BAD,
        ),
        ("an unknown coding", post("Transfer-Encoding: sausage\r\n", "5\r\nhello\r\n"), &[501]),
        ("chunked, but not last", post("Transfer-Encoding: chunked, gzip\r\n", "0\r\n\r\n"), BAD),
        ("chunked with a tab", post("Transfer-Encoding:\tchunked\r\n", "0\r\n\r\n"), BAD),
        ("a chunk of 2^64", post("Transfer-Encoding: chunked\r\n", "10000000000000000\r\n"), BAD),
        ("a chunk of -1", post("Transfer-Encoding: chunked\r\n", "-1\r\n\r\n"), BAD),
        ("a chunk without end", post("Transfer-Encoding: chunked\r\n", "ffffffff\r\nx"), &[413]),
        ("a TE header", get("/packages/nothing", "TE: chunked\r\nTE: gzip;q=1e9\r\n"), MISSING),
        ("another expectation", post("Expect: a-miracle\r\n", ""), &[417]),
        ("an upgrade", get("/x", "Connection: upgrade\r\nUpgrade: h2c\r\n"), MISSING),
        ("Host with markup", get("/v1/update", ""), &[405]),
        ("Host with a line break", post("X: y\r\n", "").replace("update.test", "a\r\nX: b"), BAD),
        ("no host", "POST /v1/update HTTP/1.1\r\n\r\n".into(), BAD),
        ("two hosts", get("/", "Host: b\r\n"), BAD),
    ];
    let mut nonsense: Vec<_> =
        texts.into_iter().map(|(name, text, allowed)| (name, text.into_bytes(), allowed)).collect();
    for host in ["\"><url codebase='http://evil/'/>", "a b", "a\\u0000", "[::1", "a:99999", "a/b"] {
        let request = format!("POST /v1/update HTTP/1.1\r\nHost: {host}\r\n\r\n");
        nonsense.push(("a host that is none", request.into_bytes(), BAD));
    }
    nonsense.push(("binary", (0..=255).cycle().take(4000).collect(), BAD));
    nonsense.push(("zeros", vec![0; 4000], BAD));
    nonsense.push(("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(), BAD));
    nonsense.push(("not ASCII", b"GET /\xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(), BAD));
    nonsense.push(("SSH", b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(), BAD));
    nonsense.push(("SMTP", b"EHLO a.test\r\n".to_vec(), BAD));
    nonsense
}

/// Sends it, reads the answer to its end, and returns its status.
fn status_of(server: SocketAddr, words: &[u8]) -> u16 {
    let mut stream = TcpStream::connect(server).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // The server may have heard enough before the end.
    let _ = stream.write_all(words);
    let _ = stream.shutdown(Shutdown::Write);
    let mut start = [0; 12];
    match stream.read_exact(&mut start) {
        Err(_) => 0,
        Ok(()) => {
            let start = std::str::from_utf8(&start).unwrap();
            let status = start.strip_prefix("HTTP/1.1 ").unwrap_or_else(|| panic!("{start:?}"));
            status.trim().parse().unwrap()
        }
    }
}

#[test]
fn every_kind_of_nonsense() {
    let stage = Stage::new(&[]);
    let mut wrong = Vec::new();
    for (name, words, allowed) in nonsense() {
        let status = status_of(stage.address(), &words);
        if !allowed.contains(&status) {
            wrong.push(format!("{name}: {status}, and not one of {allowed:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let panics = stage.server.lines().into_iter().filter(|line| line.contains("panic"));
    assert_eq!(panics.collect::<Vec<_>>(), [""; 0]);
}

/// All of it, again and again. The log stays short, and tells how much of it
/// was left out.
#[test]
fn a_flood_of_nonsense() {
    let stage = Stage::new(&[]);
    let clients = sized(10, 50);
    let nonsense = nonsense();
    let report = stage.play("8. nonsense of every kind, in a loop", clients, |server| {
        let end = Instant::now() + scale::duration();
        thread::scope(|scope| {
            for client in 0..clients {
                let nonsense = &nonsense;
                scope.spawn(move || {
                    let mut all = nonsense.iter().cycle().skip(client * nonsense.len() / clients);
                    while Instant::now() < end {
                        status_of(server, &all.next().unwrap().1);
                    }
                });
            }
        });
    });
    let refused = report.lines.iter().filter(|line| line.contains("refused")).count();
    assert!(refused < 300, "{refused} lines");
    let is_plain = |line: &String| line.chars().all(|c| c == ' ' || c.is_ascii_graphic());
    assert!(report.lines.iter().all(is_plain), "{:#?}", report.lines);
}
