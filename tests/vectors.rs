//! Exchanges that were recorded with go-omaha's `serve-package`: the same
//! answers here, but for the differences that are meant.
//!
//! The recordings are not part of the project. With them in a directory, one
//! `.request` and one `.response` file each:
//!
//! ```text
//! OMAHA_VECTORS=DIRECTORY cargo test --test vectors -- --ignored
//! ```
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::http::{Answer, Client};
use common::payload::{Directory, bytes};
use common::server::Server;
use omaha::protocol::{Response, UpdateStatus};

/// What was served when the exchanges were recorded.
const VERSION: &str = "2.0.0";
const SIZE: u8 = 100;

/// How many exchanges there are, so that none is lost on the way.
const NUMBER: usize = 27;

struct Recording {
    name: String,
    request: Vec<u8>,
    response: Vec<u8>,
}

fn recordings() -> Vec<Recording> {
    let directory = std::env::var_os("OMAHA_VECTORS").expect("OMAHA_VECTORS names the directory");
    let mut paths: Vec<PathBuf> = fs::read_dir(Path::new(&directory))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "request"))
        .collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| Recording {
            name: path.file_stem().unwrap().to_str().unwrap().to_owned(),
            request: fs::read(&path).unwrap(),
            response: fs::read(path.with_extension("response")).unwrap(),
        })
        .collect()
}

/// The lines of the head, and the body.
fn split(recorded: &[u8]) -> (Vec<&str>, &[u8]) {
    let end = recorded.windows(2).position(|two| two == b"\n\n").unwrap();
    let head = std::str::from_utf8(&recorded[..end]).unwrap();
    (head.lines().collect(), &recorded[end + 2..])
}

fn replay(server: &Server, recorded: &[u8]) -> Answer {
    let (lines, body) = split(recorded);
    let mut request = format!("{} HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n", lines[0]);
    for line in &lines[1..] {
        request += &format!("{line}\r\n");
    }
    request += &format!("Connection: close\r\nContent-Length: {}\r\n\r\n", body.len());
    let mut client = Client::connect(server.address());
    client.send([request.as_bytes(), body].concat());
    let answer = client.read_answer(lines[0].split(' ').next().unwrap());
    client.expect_end();
    answer
}

/// The documented differences of a status.
fn expected_status(name: &str, recorded: u16) -> u16 {
    match name {
        "ct-latin1" | "ct-plain" => 415,
        "get-update" => 405,
        _ => recorded,
    }
}

/// A recorded document as it is answered here.
fn expected_document(name: &str, recorded: &[u8], offer: &Response) -> Response {
    let mut response = Response::read(recorded).unwrap();
    for app in &mut response.apps {
        let Some(check) = &mut app.update_check else { continue };
        if check.status == UpdateStatus::Internal {
            assert!(["forced-update", "four-part"].contains(&name), "{name}");
            *check = offer.apps[0].update_check.clone().unwrap();
        }
        for package in check.manifests.iter_mut().flat_map(|manifest| &mut manifest.packages) {
            package.sha256 = None;
            package.required = true;
        }
    }
    response
}

/// Without what differs from one server and one moment to the next.
fn normal(mut response: Response) -> Response {
    response.server = String::new();
    response.day_start = None;
    response
}

#[test]
#[ignore = "needs recordings that are not part of the project; see the file's head"]
fn every_recorded_exchange_gets_its_answer() {
    let directory = Directory::new();
    let payload: Vec<u8> = (0..SIZE).collect();
    assert_ne!(payload, bytes(SIZE.into()));
    let file = directory.write("any-name.bin", &payload);
    let server = Server::start([
        "--skip-payload-check".as_ref(),
        "--package-file".as_ref(),
        file.as_os_str(),
        "--package-version".as_ref(),
        VERSION.as_ref(),
    ]);

    let recordings = recordings();
    assert_eq!(recordings.len(), NUMBER);
    let older = recordings.iter().find(|recording| recording.name == "ct-none").unwrap();
    let offer = expected_document("", split(&older.response).1, &Response::default());

    for Recording { name, request, response } in &recordings {
        let answer = replay(&server, request);
        let (lines, body) = split(response);
        let status = lines[0].split(' ').next().unwrap().parse().unwrap();
        assert_eq!(answer.status(), expected_status(name, status), "{name}: {answer:?}");

        let headers = |wanted: &str| {
            let of = |line: &&&str| line.starts_with(wanted);
            lines.iter().find(of).map(|line| line[wanted.len()..].to_owned())
        };
        if headers("Content-Type: ").is_some_and(|kind| kind.starts_with("text/xml")) {
            let expected = expected_document(name, body, &offer);
            assert_eq!(normal(answer.response()), normal(expected), "{name}");
        } else if status < 300 {
            assert_eq!(answer.body, body, "{name}");
            for header in ["Accept-Ranges", "Content-Length", "Content-Type"] {
                let expected = headers(&format!("{header}: "));
                assert_eq!(answer.header(header), expected.as_deref(), "{name}: {header}");
            }
        } else {
            answer.expect_refusal(answer.status(), "");
        }
        let range = headers("Content-Range: ");
        assert_eq!(answer.header("Content-Range"), range.as_deref(), "{name}");
        if name == "get-update" {
            assert_eq!(answer.header("Allow"), Some("POST"));
        }
    }
}
