//! Conditional requests of a package, and their precedence.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use std::fs::File;
use std::time::{Duration, SystemTime};

use common::dated::{AFTER, BEFORE, MODIFIED, PACKAGE, etag_of, expect_validators, serve};
use common::http::{ask, get};
use common::payload::Directory;
use common::server::Server;

#[test]
fn if_range_decides_about_the_range() {
    let (server, payload, _directory) = serve();
    let etag = etag_of(&payload);
    let weak = format!("W/{etag}");
    for (validator, status) in [
        (etag.as_str(), 206),
        (MODIFIED, 206),
        (weak.as_str(), 200),
        ("\"another\"", 200),
        (BEFORE, 200),
        (AFTER, 200),
    ] {
        let headers = [("Range", "bytes=10-"), ("If-Range", validator)];
        let answer = get(server.address(), PACKAGE, &headers);
        assert_eq!(answer.status(), status, "{validator}");
        let expected = if status == 206 { &payload[10..] } else { &payload[..] };
        assert!(answer.body == expected, "{validator}");
    }
    // Without a range it has no meaning.
    assert_eq!(get(server.address(), PACKAGE, &[("If-Range", "\"x\"")]).status(), 200);
    // A range outside of another package is no error.
    let headers = [("Range", "bytes=100000-"), ("If-Range", "\"another\"")];
    assert_eq!(get(server.address(), PACKAGE, &headers).status(), 200);
}

#[test]
fn conditions_and_their_precedence() {
    let (server, payload, _directory) = serve();
    let etag = etag_of(&payload);
    let weak = format!("W/{etag}");
    let list = format!("\"a\", {weak} , \"b\"");
    let none = "If-None-Match";
    let since = "If-Modified-Since";
    let conditions: [(&[(&str, &str)], u16); 16] = [
        (&[(none, &etag)], 304),
        (&[(none, &weak)], 304),
        (&[(none, &list)], 304),
        (&[(none, "*")], 304),
        (&[(none, "\"another\"")], 200),
        (&[(since, MODIFIED)], 304),
        (&[(since, AFTER)], 304),
        (&[(since, BEFORE)], 200),
        (&[(since, "yesterday")], 200),
        // If-None-Match makes If-Modified-Since void, whatever either says.
        (&[(none, "\"another\""), (since, AFTER)], 200),
        (&[(none, &etag), (since, BEFORE)], 304),
        // And the range is looked at last.
        (&[(none, &etag), ("Range", "bytes=0-9")], 304),
        (&[(none, "\"another\""), ("Range", "bytes=0-9")], 206),
        (&[("If-Match", &etag)], 200),
        (&[("If-Match", "\"another\"")], 412),
        (&[("If-Unmodified-Since", BEFORE)], 412),
    ];
    for (headers, status) in conditions {
        for method in ["GET", "HEAD"] {
            let answer = ask(server.address(), method, PACKAGE, headers, b"");
            // HEAD has no ranges.
            let expected = if status == 206 && method == "HEAD" { 200 } else { status };
            assert_eq!(answer.status(), expected, "{method} {headers:?}");
            if status == 304 {
                expect_validators(&answer, &etag);
                assert_eq!(answer.header("Content-Length"), None, "{headers:?}");
            }
        }
    }
}

/// Several lines of one field are one list (RFC 9110, section 5.3).
#[test]
fn conditions_on_several_lines() {
    let (server, payload, _directory) = serve();
    let etag = etag_of(&payload);
    let headers = [("If-None-Match", "\"a\""), ("If-None-Match", &etag)];
    assert_eq!(get(server.address(), PACKAGE, &headers).status(), 304);
    let headers = [("If-Match", "\"a\""), ("If-Match", "\"b\"")];
    get(server.address(), PACKAGE, &headers).expect_refusal(412, "If-Match");
}

/// A refusal blames the field that caused it.
#[test]
fn the_field_that_was_not_met() {
    let (server, payload, _directory) = serve();
    let etag = etag_of(&payload);
    let headers = [("If-Unmodified-Since", BEFORE)];
    get(server.address(), PACKAGE, &headers).expect_refusal(412, "If-Unmodified-Since");
    let headers = [("If-Match", "\"another\""), ("If-Unmodified-Since", AFTER)];
    get(server.address(), PACKAGE, &headers).expect_refusal(412, "If-Match");
    // With If-Match, the date does not count.
    let headers = [("If-Match", etag.as_str()), ("If-Unmodified-Since", BEFORE)];
    assert_eq!(get(server.address(), PACKAGE, &headers).status(), 200);
}

/// A response never says that a file was modified after it (RFC 9110, section
/// 8.8.2.1).
#[test]
fn a_file_from_the_future() {
    let directory = Directory::new();
    let path = directory.write("payload.bin", b"payload");
    let tomorrow = SystemTime::now() + Duration::from_secs(86_400);
    File::options().write(true).open(&path).unwrap().set_modified(tomorrow).unwrap();
    let server = Server::of_file(&path);
    let answer = get(server.address(), PACKAGE, &[]);
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.header("Last-Modified"), None);
}

#[test]
fn dates_in_all_three_formats() {
    let (server, _, _directory) = serve();
    for date in ["Tuesday, 05-Nov-24 06:07:08 GMT", "Tue Nov  5 06:07:08 2024"] {
        let answer = get(server.address(), PACKAGE, &[("If-Modified-Since", date)]);
        assert_eq!(answer.status(), 304, "{date}");
    }
}
