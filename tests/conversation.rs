//! A machine's whole update, from the check to the report that it waits for
//! its reboot, with everything that is said about it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use std::net::SocketAddr;

use common::http::{Answer, Client, get, request, update_request};
use common::payload::{Directory, MORE_THAN_BUFFERS, bytes};
use common::server::Server;
use common::{EXTENSION, MACHINE, OFFERED, fixture};
use omaha::protocol::AckStatus;

/// A machine, as `update_engine` speaks: one connection for its requests, and
/// another one for each download.
struct Machine {
    client: Client,
}

impl Machine {
    fn new(server: SocketAddr) -> Self {
        Self { client: Client::connect(server) }
    }

    fn post(&mut self, name: &str) -> Answer {
        self.client.send(update_request(&fixture(name)));
        self.client.read_answer("POST")
    }

    /// Reports one event.
    fn report(&mut self, name: &str) {
        let answer = self.post(name);
        assert_eq!(answer.status(), 200, "{name}");
        let app = &answer.response().apps[0];
        assert_eq!(app.events, [AckStatus::Ok], "{name}");
        assert!(app.ping.is_none(), "{name}");
        // An update_engine of late 2023 looks there for the extensions.
        assert_eq!(app.update_check.is_some(), name == "download-finished", "{name}");
        if name == "download-finished" {
            assert_eq!(answer.manifest().packages[1].name, "oem-fixture.gz");
        }
    }
}

/// Where a server says that a package is, as a path on it.
fn path_of(answer: &Answer, number: usize) -> String {
    let codebase = answer.codebase();
    let path = codebase.strip_prefix("http://update.test:8000").unwrap();
    format!("{path}{}", answer.manifest().packages[number].name)
}

#[test]
fn from_the_check_to_the_reboot() {
    const CUT: usize = 1_234_567;
    let (directory, payload) = (Directory::new(), bytes(MORE_THAN_BUFFERS));
    let extension = std::fs::read(EXTENSION).unwrap();
    let payload_file = directory.write("flatcar_production_update.gz", &payload);
    let server = Server::start([
        "--skip-payload-check".as_ref(),
        "--package-file".as_ref(),
        payload_file.as_os_str(),
        "--package-version".as_ref(),
        OFFERED.as_ref(),
        "--extension".as_ref(),
        EXTENSION.as_ref(),
    ]);
    let mut machine = Machine::new(server.address());

    // The check: an update, and where it is.
    let offer = machine.post("check-older");
    assert!(offer.offers());
    let (path, extension_path) = (path_of(&offer, 0), path_of(&offer, 1));
    assert_eq!(path, "/packages/update.gz");
    assert_eq!(extension_path, "/packages/oem-fixture.gz");

    // 13/1, and the download, which is cut.
    machine.report("download-started");
    let mut client = Client::slow(server.address());
    client.send(request("GET", &path, &[("Accept", "*/*")], b""));
    let head = client.read_head();
    assert_eq!((head.status, head.content_length()), (200, payload.len()));
    assert_eq!(head.header("Accept-Ranges"), Some("bytes"));
    let etag = head.header("ETag").unwrap().to_owned();
    let mut received = client.read(CUT);
    drop(client);
    server.wait_for_line("download of update.gz cut at byte ");

    // The rest, 20 seconds later in life.
    let rest = get(server.address(), &path, &[("Range", &format!("bytes={CUT}-"))]);
    assert_eq!(rest.status(), 206);
    let last = payload.len() - 1;
    let content_range = format!("bytes {CUT}-{last}/{}", payload.len());
    assert_eq!(rest.header("Content-Range"), Some(content_range.as_str()));
    assert_eq!(rest.header("ETag"), Some(etag.as_str()));
    server.wait_for_line(&format!("finished: {} bytes in ", payload.len() - CUT));
    received.extend_from_slice(&rest.body);
    assert!(received == payload, "other bytes than in the file");
    // What update_engine checks, and the only thing.
    let sha256 = omaha::Digests::from_reader(&received[..]).unwrap().sha256;
    assert_eq!(offer.manifest().actions[0].sha256, Some(sha256));

    // 14/1; then the postinstall step fetches the extension and verifies it.
    machine.report("download-finished");
    let answer = get(server.address(), &extension_path, &[]);
    assert_eq!(answer.status(), 200);
    assert!(answer.body == extension);
    offer.manifest().packages[1].verify(&answer.body[..]).unwrap();
    server.wait_for_line("download of oem-fixture.gz finished");

    // 3/1, and from then on nothing but pings.
    machine.report("update-complete");
    let ping = machine.post("ping-only").response();
    assert_eq!(ping.apps[0].ping, Some(AckStatus::Ok));

    server.wait_for_line("ping: it is alive");
    let stopped = server.stop();
    assert_eq!(stopped.status.code(), Some(0), "{:#?}", stopped.lines);
    expect_in_order(
        &stopped.lines,
        &[
            "offering version 4152.2.0",
            "package update.gz from ",
            "package oem-fixture.gz from ",
            "listening on 127.0.0.1:",
            "put the next line into /etc/flatcar/update.conf",
            " SERVER=http://127.0.0.1:",
            "update_engine_client -check_for_update",
            "the packages were not checked (--skip-payload-check)",
            &format!("{MACHINE}, version 4081.3.6: update check: 4152.2.0 offered: its version is"),
            &format!("{MACHINE}, version 4081.3.6: reports: update download started: success"),
            "client 127.0.0.1: download of update.gz started",
            "client 127.0.0.1: download of update.gz cut at byte ",
            &format!("download of update.gz, bytes {CUT} to {last} of {}, started", payload.len()),
            &format!("finished: {} bytes in ", payload.len() - CUT),
            &format!("{MACHINE}, version 4081.3.6: reports: update download finished: success"),
            "client 127.0.0.1: download of oem-fixture.gz started",
            &format!("download of oem-fixture.gz finished: {} bytes in ", extension.len()),
            &format!("{MACHINE}, version 4081.3.6: reports: update complete: success"),
            &format!("{MACHINE}, version 4081.3.6: ping: it is alive"),
            "SIGTERM: stopping",
            "machine        address",
            "rack-2-node-7  127.0.0.1  4081.3.6  waiting for reboot  2",
            "stopped",
        ],
    );
    // One line for each thing, and nothing else.
    assert_eq!(stopped.lines.len(), 23, "{:#?}", stopped.lines);
}

/// Each of these texts must be in a line behind that of the one before.
fn expect_in_order(lines: &[String], texts: &[&str]) {
    let mut lines_left = lines.iter();
    for text in texts {
        assert!(lines_left.any(|line| line.contains(text)), "{text:?} is not next in {lines:#?}");
    }
}

#[test]
fn a_restarted_daemon_resumes_in_two_parts() {
    let server = Server::of_fixtures();
    let payload = std::fs::read(common::UPDATE).unwrap();
    let part = |range| {
        let answer = get(server.address(), "/packages/update.gz", &[("Range", range)]);
        assert_eq!(answer.status(), 206, "{range}");
        answer.body
    };
    // First the payload's metadata again, then where it was.
    assert!(part("bytes=0-4095") == payload[..4096]);
    assert!(part("bytes=30000-") == payload[30_000..]);
}

#[test]
fn a_failed_update_is_told_and_offered_again() {
    let server = Server::of_fixtures();
    let mut machine = Machine::new(server.address());
    assert!(machine.post("check-older").offers());
    machine.report("download-started");
    machine.report("update-failed");
    assert!(machine.post("check-older").offers());
    server.wait_for_line("reports: update complete: error: payload hash mismatch (10)");
}
