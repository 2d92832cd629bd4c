//! Odd requests: what is refused, with which status and words, and what must
//! be taken.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use common::fixture;
use common::http::{Answer, Client, ask, get, request, update, update_request};
use common::server::Server;

const XML: (&str, &str) = ("Content-Type", "text/xml");

/// Longest body that is read.
const MAX_BODY: usize = 64 * 1024;

/// Sends bytes on a connection of their own, reads one answer, and expects
/// nothing after it.
fn raw(server: &Server, bytes: impl AsRef<[u8]>) -> Answer {
    let mut client = Client::connect(server.address());
    client.send(bytes);
    let answer = client.read_answer("POST");
    client.expect_end();
    answer
}

/// A check with this line instead of a `Host`, which may be empty.
fn check_with_host(host: &str) -> Vec<u8> {
    let check = fixture("check-older");
    let head = format!(
        "POST /v1/update/ HTTP/1.1\r\n{host}Content-Type: text/xml\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n",
        check.len()
    );
    [head.into_bytes(), check].concat()
}

#[test]
fn the_update_path_and_everything_below() {
    let server = Server::of_fixtures();
    let check = fixture("check-older");
    for target in [
        "/v1/update",
        "/v1/update/",
        "/v1/update/extra",
        "/v1/update/a/b/",
        "/v1/update?x=1",
        "/v1/update/?appid={x}&y",
    ] {
        assert!(ask(server.address(), "POST", target, &[XML], &check).offers(), "{target}");
    }
    for target in ["/", "/v1", "/v1/updates", "/v1/updat", "/v2/update/", "/V1/UPDATE", "*"] {
        let answer = ask(server.address(), "POST", target, &[XML], &check);
        answer.expect_refusal(404, "nothing here");
        server.wait_for_line(&format!("client 127.0.0.1: POST {target} refused with 404"));
    }
}

#[test]
fn methods_that_are_not_allowed() {
    let server = Server::of_fixtures();
    for (target, allowed, methods) in [
        ("/v1/update/", "POST", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"]),
        ("/packages/update.gz", "GET, HEAD", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"]),
    ] {
        for method in methods {
            let answer = ask(server.address(), method, target, &[], b"");
            assert_eq!(answer.header("Allow"), Some(allowed), "{method} {target}");
            match method {
                "HEAD" => assert_eq!(answer.status(), 405),
                _ => answer.expect_refusal(405, &allowed.replace(", ", " and ")),
            }
        }
    }
    server.wait_for_line("GET /v1/update/ refused with 405: only POST is allowed here");
}

#[test]
fn content_types() {
    let server = Server::of_fixtures();
    let check = fixture("check-older");
    for good in [
        "text/xml",
        "Text/XML",
        "application/xml",
        "text/xml; charset=utf-8",
        "text/xml;charset=\"UTF-8\"",
    ] {
        let answer =
            ask(server.address(), "POST", "/v1/update/", &[("Content-Type", good)], &check);
        assert!(answer.offers(), "{good}");
    }
    assert!(ask(server.address(), "POST", "/v1/update/", &[], &check).offers(), "no content type");

    for (bad, why) in [
        ("text/plain", "text/xml or application/xml"),
        ("application/x-www-form-urlencoded", "text/xml or application/xml"),
        ("text/xml; charset=iso-8859-1", "UTF-8"),
        ("application/xml; charset=utf-16", "UTF-8"),
    ] {
        let answer = ask(server.address(), "POST", "/v1/update/", &[("Content-Type", bad)], &check);
        answer.expect_refusal(415, why);
    }
    server.wait_for_lines("POST /v1/update/ refused with 415: ", 4);
}

#[test]
fn bodies_that_are_no_request() {
    let server = Server::of_fixtures();
    let deep = format!("<request protocol=\"3.0\">{}", "<a>".repeat(10_000));
    let entities =
        "<!DOCTYPE r [<!ENTITY a \"aaaaaaaaaa\">]><request protocol=\"3.0\">&a;</request>";
    for (body, why) in [
        (&b""[..], "the body is empty; with curl: --data-binary @FILE"),
        (b"hello", "not an Omaha request: line 1"),
        (b"<response protocol=\"3.0\"/>", "<response>, not <request>"),
        (b"<request/>", "protocol=\"3.0\" is missing"),
        (b"<request protocol=\"3.0\"><app></request>", "not well-formed"),
        (
            b"<request protocol=\"3.0\"><app><event eventtype=\"x\"/></app></request>",
            "not a number",
        ),
        (b"\xff\xfe<\0r\0", "UTF-8"),
        (b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><request protocol=\"3.0\"/>", "UTF-8"),
        (b"<request protocol=\"3.0\" version=\"\xe9\"/>", "UTF-8"),
        (b"<request protocol=\"3.0\">\0</request>", "not well-formed"),
        (entities.as_bytes(), "document type declaration"),
        (deep.as_bytes(), "more than"),
    ] {
        update(server.address(), body).expect_refusal(400, why);
    }
    server.wait_for_lines("POST /v1/update/ refused with 400: not an Omaha request: ", 12);
}

#[test]
fn what_follows_the_document_is_ignored_up_to_the_limit() {
    let server = Server::of_fixtures();
    let mut body = fixture("check-older");
    body.extend_from_slice(b"<and>then some");
    body.resize(MAX_BODY, b' ');
    assert!(update(server.address(), &body).offers());

    body.push(b' ');
    let answer = raw(&server, update_request(&body));
    answer.expect_refusal(413, "longer than 65536 bytes");
    server.wait_for_line("POST /v1/update/ refused with 413");

    // The announcement alone is enough, however absurd.
    for length in ["65537", "99999999999999"] {
        let mut client = Client::connect(server.address());
        client.send(format!(
            "POST /v1/update/ HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n<request"
        ));
        client.read_answer("POST").expect_refusal(413, "longer than 65536 bytes");
    }
}

#[test]
fn a_byte_order_mark_and_odd_characters_are_taken() {
    let server = Server::of_fixtures();
    let check = [&b"\xef\xbb\xbf"[..], &fixture("check-older")].concat();
    assert!(update(server.address(), &check).offers());

    // Names from a machine are decoded, and cannot forge lines.
    assert!(update(server.address(), &fixture("update-engine-full")).offers());
    server
        .wait_for_line("machine \"caf\u{e9} <door> & lamp\" 8b1d3c5e7f90412ab3c4d5e6f7081920 at ");
    let check = String::from_utf8(fixture("check-older")).unwrap();
    let forged = check.replace("rack-2-node-7", "x&#10;&#x9b;31mforged&#13;");
    assert!(update(server.address(), forged.as_bytes()).offers());
    let line = server.wait_for_line("forged");
    assert!(line.contains("machine \"x\\n\\u{9b}31mforged\\r\" c0ffee"), "{line}");
}

#[test]
fn a_good_host_comes_back_in_the_codebase() {
    let server = Server::of_fixtures();
    for host in ["10.1.2.3", "rack1.lan:8000", "[fe80::1]:80", "my_host.example."] {
        let answer = raw(&server, check_with_host(&format!("Host: {host}\r\n")));
        assert_eq!(answer.codebase(), format!("http://{host}/packages/"));
    }
    // The target goes before the header (RFC 9112, section 3.2.2).
    let target = "http://full.example:81/v1/update/";
    let answer = ask(server.address(), "POST", target, &[XML], &fixture("check-older"));
    assert_eq!(answer.codebase(), "http://full.example:81/packages/");
    let answer = get(server.address(), "http://full.example:81/packages/update.gz", &[]);
    assert_eq!(answer.status(), 200);
}

#[test]
fn a_missing_host_is_the_listening_address() {
    let server = Server::of_fixtures();
    let here = format!("http://{}/packages/", server.address());
    assert_eq!(raw(&server, check_with_host("")).codebase(), here);
    assert_eq!(raw(&server, check_with_host("Host:\r\n")).codebase(), here);

    // All interfaces are no address that a client could use.
    let everywhere = Server::start([
        "--package-file",
        common::UPDATE,
        "--package-version",
        common::OFFERED,
        "--listen-address",
        ":0",
    ]);
    let mut client = Client::connect(([127, 0, 0, 1], everywhere.port()).into());
    client.send(check_with_host(""));
    client.read_answer("POST").expect_refusal(400, "the Host header is missing");
}

#[test]
fn a_bad_host_never_comes_back() {
    let server = Server::of_fixtures();
    for host in [
        "evil\"><url codebase=\"http://evil/",
        "a b",
        "user@evil",
        "evil/path",
        "evil?x",
        "evil#x",
        "evil:port",
        "evil:99999",
        "<evil>",
        "evil&amp;",
        "a:1, evil",
        "::1",
    ] {
        let answer = raw(&server, check_with_host(&format!("Host: {host}\r\n")));
        answer.expect_refusal(400, "not HOST or HOST:PORT");
    }
    for target in ["http://user@evil/v1/update/", "http://a:b:c/v1/update/"] {
        let answer = ask(server.address(), "POST", target, &[XML], &fixture("check-older"));
        answer.expect_refusal(400, "not HOST or HOST:PORT");
    }
    // A package needs no host.
    let mut client = Client::connect(server.address());
    client.send("GET /packages/update.gz HTTP/1.1\r\nHost: <evil>\r\n\r\n");
    assert_eq!(client.read_answer("GET").status(), 200);
}

#[test]
fn several_requests_on_one_connection() {
    let server = Server::of_fixtures();
    let mut client = Client::connect(server.address());
    for _ in 0..3 {
        client.send(update_request(&fixture("check-older")));
        assert!(client.read_answer("POST").offers());
        client.send(request("GET", "/nothing", &[], b""));
        client.read_answer("GET").expect_refusal(404, "nothing here");
        client.send(update_request(b"hello"));
        client.read_answer("POST").expect_refusal(400, "not an Omaha request");
    }
}

/// Each line of `Connection` counts.
#[test]
fn options_of_a_connection_on_several_lines() {
    let server = Server::of_fixtures();
    let headers = [XML, ("Connection", "keep-alive"), ("connection", "x, Close")];
    let answer = raw(&server, request("POST", "/v1/update/", &headers, &fixture("check-older")));
    assert!(answer.offers());
    assert_eq!(answer.header("Connection"), Some("close"));
}

/// What HTTP/2 clients try. There is no upgrade, but the client may continue as if
/// there were one.
#[test]
fn an_upgrade_is_not_promised_another_request() {
    let server = Server::of_fixtures();
    let headers = [XML, ("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c")];
    let answer = raw(&server, request("POST", "/v1/update/", &headers, &fixture("check-older")));
    assert!(answer.offers());
    assert_eq!(answer.header("Connection"), Some("close"));
}

/// Old clients end a body with a line end that is no part of it. It must not
/// make the end of the connection a reset, which `raw` would notice.
#[test]
fn a_line_end_after_the_body() {
    let server = Server::of_fixtures();
    let mut check = fixture("check-older");
    check.resize(5000, b' ');
    let mut bytes = request("POST", "/v1/update/", &[XML, ("Connection", "close")], &check);
    bytes.extend_from_slice(b"\r\n");
    let mut client = Client::connect(server.address());
    client.send(bytes);
    let answer = client.read_answer("POST");
    client.finish_sending();
    client.expect_end();
    assert!(answer.offers());
}

/// Legal, if rare: fields of no interest hold what they like.
#[test]
fn headers_of_no_interest() {
    let server = Server::of_fixtures();
    for header in [
        "X-SSL-Client-S-DN: CN=J\u{f6}rg M\u{fc}ller,O=B\u{fc}ro",
        "User-Agent: \u{65e5}\u{672c}",
        "X-Tab: a\tb",
        "a.b!c#d$e%f&g'h*i+j^k_l`m|n~o-p: x",
        "Empty:",
    ] {
        let head = format!("Host: a.lan\r\n{header}\r\n");
        assert!(raw(&server, check_with_host(&head)).offers(), "{header}");
    }
    let latin1 = [b"X-Name: J\xf6rg\r\n".as_slice(), &update_request(&fixture("check-older"))];
    let request = [b"\r\nPOST /v1/update HTTP/1.1\r\nConnection: close\r\n", latin1[0]].concat();
    let head = format!("Host: a\r\nContent-Length: {}\r\n\r\n", fixture("check-older").len());
    let request = [&request, head.as_bytes(), &fixture("check-older")].concat();
    assert!(raw(&server, request).offers());
}

/// Each is refused with a reason that names the mistake, to the client and in
/// the log.
#[test]
fn other_protocols_are_named() {
    let server = Server::of_fixtures();
    for (bytes, name) in [
        (&b"\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03"[..], "TLS"),
        (b"PROXY TCP4 10.0.0.1 10.0.0.2 5000 8000\r\nGET / HTTP/1.1\r\n\r\n", "PROXY protocol"),
        (b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c", "PROXY protocol"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "not HTTP/1"),
    ] {
        let answer = raw(&server, bytes);
        answer.expect_refusal(400, name);
        server.wait_for_line(name);
    }
}
