//! What comes in place of a status, from a server that is none, or means harm.

use std::time::Duration;

use crate::common::script::{self, Scripted};
use crate::status::status;

fn answer(status: &str, body: &[u8]) -> Vec<u8> {
    script::answer(status, &[], body)
}

#[test]
fn each_is_refused_with_a_reason() {
    let deep = "[".repeat(5_000_000);
    for (bytes, why) in [
        (answer("200 OK", b""), "not a status document: byte 0: expected an object"),
        (answer("200 OK", b"ok\n"), "not a status document: byte 0: expected an object"),
        (answer("200 OK", b"<html>"), "not a status document: byte 0: expected an object"),
        (answer("200 OK", b"{\"status\":\"up\"}"), "there is no time, or no list of machines"),
        (answer("200 OK", b"{\"machines\":[{]}"), "byte 14: expected text in quotes"),
        (answer("200 OK", b"{\"a\":\"\xff\"}"), "not a status document: invalid utf-8"),
        (answer("200 OK", format!("{{\"a\":{deep}").as_bytes()), "it is nested too deeply"),
        (
            answer("503 No", b"too many\x1b[31m status pages\nat once"),
            "HTTP status 503: too many\\",
        ),
        (script::answer("301 Moved", &["Location: /x"], b""), "HTTP status 301\n"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}".to_vec(),
            "the answer ended too early: ",
        ),
        (b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(), "the answer is not HTTP/1: "),
        (Vec::new(), "the connection was closed without an answer"),
    ] {
        let server = Scripted::start(move |_| bytes.clone());
        let outcome = status(&[server.url()], &[]);
        assert_eq!(outcome.code, Some(1), "{outcome:?}");
        let expected = format!("error: {}/status.json: ", server.url());
        assert!(outcome.stderr.starts_with(&expected), "{outcome:?}");
        assert!(outcome.stderr.contains(why), "{why}: {outcome:?}");
        assert_eq!(outcome.stderr.lines().count(), 1, "{outcome:?}");
        assert_eq!(
            outcome.stdout,
            "0 of 1 servers, 0 machines: 0 updated, 0 failed, 0 under way\n"
        );
    }
}

/// More than anybody has to say.
#[test]
fn an_endless_answer_ends() {
    let server = Scripted::start(|_| {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 70000000\r\n\r\n".as_bytes();
        [head, &vec![b' '; 70_000_000]].concat()
    });
    let outcome = status(&[server.url()], &[]);
    assert!(outcome.stderr.contains("the answer is longer than 67108864 bytes"), "{outcome:?}");
}

#[test]
fn one_that_does_not_answer_is_given_up() {
    let server = Scripted::start(|_| {
        std::thread::sleep(Duration::from_secs(600));
        Vec::new()
    });
    let outcome = status(&[server.url()], &["--timeout", "100ms"]);
    assert_eq!(outcome.code, Some(1));
    let why = "/status.json: gave up waiting for the answer after 0.1 s";
    assert!(outcome.stderr.trim_end().ends_with(why), "{outcome:?}");
}

/// More machines than a server lists.
#[test]
fn machines_that_are_not_listed_count() {
    let server = Scripted::start(|_| {
        let machine = r#"{"machine":"a","address":"::1","state":"updated"}"#;
        let body = format!(
            r#"{{"time":"2024-11-05T06:07:08Z","states":{{"updated":1,"up_to_date":7}},
            "machines":[{machine}],"omitted":7}}"#
        );
        answer("200 OK", body.as_bytes())
    });
    let outcome = status(&[server.url()], &[]);
    assert_eq!((outcome.code, &*outcome.stderr), (Some(0), ""), "{outcome:?}");
    let end = "and 7 more machines, which the servers do not list\n\
               1 of 1 servers, 8 machines: 1 updated, 0 failed, 0 under way, 7 up to date\n";
    assert!(outcome.stdout.ends_with(end), "{outcome:?}");
}

/// A path is asked as it is, and what machines call themselves is no way to
/// write what one likes into the table.
#[test]
fn a_path_is_kept_and_names_are_text() {
    let server = Scripted::start(|asked| {
        assert_eq!(asked.line, "GET /rack/1/status.json");
        let machine =
            r#"{"machine":"a","alias":"x\n\u001b[31m","address":"::1","state":"updated"}"#;
        let body = format!(r#"{{"time":"2024-11-05T06:07:08Z","machines":[{machine}]}}"#);
        answer("200 OK", body.as_bytes())
    });
    let outcome = status(&[format!("{}/rack/1/status.json", server.url())], &[]);
    assert_eq!((outcome.code, &*outcome.stderr), (Some(0), ""), "{outcome:?}");
    assert!(outcome.stdout.contains("\nx\\n\\u{1b}[31m  ::1 "), "{outcome:?}");
}
