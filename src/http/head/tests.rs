use super::*;
use proptest::prelude::*;

fn scan(head: &[u8]) -> Scanned {
    Scan::default().look(head)
}

/// What a whole head comes to, from the line after the request line on.
fn read(fields: &str) -> Result<RequestHead, Refusal> {
    read_as("HTTP/1.1", fields)
}

fn read_as(version: &str, fields: &str) -> Result<RequestHead, Refusal> {
    let head = format!("POST /v1/update/ {version}\r\n{fields}\r\n");
    assert_eq!(scan(head.as_bytes()), Scanned::Complete(head.len()), "{head:?}");
    RequestHead::read(head.as_bytes())
}

fn status(fields: &str) -> Option<Status> {
    read(fields).err().map(|refusal| refusal.status)
}

#[test]
fn complete() {
    for head in [
        "GET / HTTP/1.1\r\n\r\n",
        "\r\nGET / HTTP/1.1\r\n\r\n",
        "POST /v1/update HTTP/1.0\r\nHost: a\r\nContent-Length: 5\r\n\r\n",
        "GET / HTTP/1.1\r\nX: \t\u{e9}\r\n\r\n",
        "M-SEARCH * HTTP/1.1\r\n\r\n",
    ] {
        assert_eq!(scan(head.as_bytes()), Scanned::Complete(head.len()), "{head:?}");
        let with_body = format!("{head}body");
        assert_eq!(scan(with_body.as_bytes()), Scanned::Complete(head.len()));
    }
}

#[test]
fn partial() {
    for head in ["", "\r", "\r\n", "G", "GET / HTTP/1.1", "GET / HTTP/1.1\r\nHost: a\r\n"] {
        assert_eq!(scan(head.as_bytes()), Scanned::Partial, "{head:?}");
    }
}

#[test]
fn refused_at_once() {
    for (head, reason) in [
        (&b"\x16\x03\x01\x02\x00\x01"[..], "TLS"),
        (b"PRI * HTTP/2.0\r\n", "not HTTP/1"),
        (b"GET /\r\n", "not HTTP/1"),
        (b"GET / HTTP/0.9\r\n", "not HTTP/1"),
        (b"GET  / HTTP/1.1\r\n", "not HTTP/1"),
        (b"GET / HTTP/1.1 x\r\n", "not HTTP/1"),
        (b"G(T / HTTP/1.1\r\n", "not HTTP/1"),
        (b"\x80", "not HTTP/1"),
        (b" GET / HTTP/1.1\r\n", "not HTTP/1"),
        (b"GET /\xc3\xa9 HTTP/1.1\r\n", "percent-encoded"),
        (b"\r\n\r\n", "PROXY protocol"),
        (b"\r\n\r\n\0\r\nQUIT\n\x21\x11", "PROXY protocol"),
        (b"PROXY TCP4 10.0.0.1 10.0.0.2 5 80\r\n", "PROXY protocol"),
        (b"GET / HTTP/1.1\n", "CR LF"),
        (b"GET / HTTP/1.1\rX", "CR LF"),
        (b"GET /\0 HTTP/1.1\r\n", "control character"),
        (b"GET / HTTP/1.1\r\nA: \x01", "control character"),
    ] {
        match scan(head) {
            Scanned::Refused(Refusal { status: Status::BadRequest, reason: said }) => {
                assert!(said.contains(reason), "{head:?}: {said}");
            }
            other => panic!("{head:?}: {other:?}"),
        }
    }
}

#[test]
fn heads_without_end() {
    let lines = format!("GET / HTTP/1.1\r\n{}", "a:\r\n".repeat(200));
    let line = format!("GET /{}", "a".repeat(MAX_HEAD));
    let whole = format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "a".repeat(MAX_HEAD));
    for head in [lines, line, whole] {
        let progress = scan(head.as_bytes());
        let Scanned::Refused(refusal) = progress else { panic!("{progress:?}") };
        assert_eq!(refusal.status, Status::HeaderTooLarge);
    }
}

#[test]
fn fields_that_are_none() {
    for field in
        ["A\r\n", ": a\r\n", " folded\r\n", "A: b\r\n\tfolded\r\n", "Content-Length : 5\r\n"]
    {
        let refusal = read(field).unwrap_err();
        assert_eq!(refusal, Refusal::bad_request("malformed header name"), "{field:?}");
    }
}

#[test]
fn announced_bodies() {
    for (fields, body) in [
        ("", BodyLength::Known(0)),
        ("Content-Length: 5\r\n", BodyLength::Known(5)),
        ("content-length:\t0 \r\n", BodyLength::Known(0)),
        ("Content-Length: 99999999999999999999\r\n", BodyLength::Known(u64::MAX)),
        ("Transfer-Encoding: chunked\r\n", BodyLength::Chunked),
        ("transfer-encoding:\t, CHUNKED ,\r\n", BodyLength::Chunked),
    ] {
        assert_eq!(read(fields).unwrap().body, body, "{fields}");
    }
}

#[test]
fn bodies_whose_end_is_not_clear() {
    for (fields, refused) in [
        ("Content-Length: \r\n", Status::BadRequest),
        ("Content-Length: +5\r\n", Status::BadRequest),
        ("Content-Length: 5, 5\r\n", Status::BadRequest),
        ("Content-Length: 0x5\r\n", Status::BadRequest),
        ("Content-Length: 5\r\nContent-Length: 5\r\n", Status::BadRequest),
        ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", Status::BadRequest),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", Status::BadRequest),
        ("Transfer-Encoding: chunked, chunked\r\n", Status::BadRequest),
        ("Transfer-Encoding: chunked, gzip\r\n", Status::BadRequest),
        ("Transfer-Encoding:\r\n", Status::BadRequest),
        ("Transfer-Encoding: gzip, chunked\r\n", Status::NotImplemented),
        ("Transfer-Encoding: identity\r\n", Status::NotImplemented),
        ("Transfer-Encoding: \u{e9}\r\n", Status::NotImplemented),
        ("Expect: a-miracle\r\n", Status::ExpectationFailed),
        ("Expect: 100-continue\r\nExpect: more\r\n", Status::ExpectationFailed),
        ("Host: a\r\nX: y\r\nhost: a\r\n", Status::BadRequest),
    ] {
        assert_eq!(status(fields), Some(refused), "{fields}");
    }
    assert!(read_as("HTTP/1.0", "Transfer-Encoding: chunked\r\n").is_err());
}

#[test]
fn expectations() {
    for (fields, expects) in
        [("", false), ("Expect: 100-Continue\r\n", true), ("expect: 100-continue,\r\n", true)]
    {
        assert_eq!(read(fields).unwrap().expects_continue, expects, "{fields}");
    }
    assert!(!read_as("HTTP/1.0", "Expect: 100-continue\r\n").unwrap().expects_continue);
}

#[test]
fn persistence() {
    for (version, fields, keeps) in [
        ("HTTP/1.1", "", true),
        ("HTTP/1.1", "Connection: close\r\n", false),
        ("HTTP/1.1", "Connection: TE\r\nConnection: Close\r\n", false),
        ("HTTP/1.1", "Connection: keep-alive, close\r\n", false),
        ("HTTP/1.1", "Connection: not-close\r\n", true),
        ("HTTP/1.1", "Connection: Upgrade, HTTP2-Settings\r\n", false),
        ("HTTP/1.0", "", false),
        ("HTTP/1.0", "Connection: TE\r\nConnection: keep-alive\r\n", true),
    ] {
        assert_eq!(read_as(version, fields).unwrap().keep_alive, keeps, "{version} {fields}");
    }
}

#[test]
fn the_engine_gets_what_it_takes() {
    let fields = "if-none-match: \"a\"\r\nX-Name: J\u{f6}rg\r\nHost:\ta\u{e9}\r\nA.b!c: \t\r\n\
                  If-None-Match: \"b\"\r\nContent-Length: 5\r\nExpect: 100-continue\r\n";
    let head = read_as("HTTP/1.0", fields).unwrap();
    assert_eq!(
        String::from_utf8(head.for_engine).unwrap(),
        "POST /v1/update/ HTTP/1.1\r\nIf-None-Match: \"a\", \"b\"\r\nHost: a??\r\n\r\n"
    );
}

proptest! {
    /// However a head arrives, in whatever pieces, the end is the same.
    #[test]
    fn pieces_do_not_matter(
        head in "(\r\n)?[A-Z]{0,4} ?/[a-z\r\n\t]{0,8} HTTP/1.[01]\r\n([a-zA-Z:\r\n\t]{0,6}(\r\n)?){0,4}",
        cuts in proptest::collection::vec(0usize..80, 0..5),
    ) {
        let bytes = head.as_bytes();
        let whole = scan(bytes);
        let mut scan = Scan::default();
        let mut cuts = cuts;
        cuts.sort_unstable();
        let mut progress = Scanned::Partial;
        for cut in cuts.into_iter().map(|cut| cut.min(bytes.len())).chain([bytes.len()]) {
            progress = scan.look(&bytes[..cut]);
            if progress != Scanned::Partial {
                break;
            }
        }
        prop_assert_eq!(progress, whole);
    }

    #[test]
    fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        if let Scanned::Complete(end) = scan(&bytes) {
            let _ = RequestHead::read(&bytes[..end]);
        }
    }
}
