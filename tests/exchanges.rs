//! Every request of `fixtures/requests` and what its answer means.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use common::http::update;
use common::server::Server;
use common::{APP, EXTENSION, OFFERED, UPDATE, fixture};
use omaha::Digests;
use omaha::protocol::{AckStatus, AppStatus, UpdateStatus};

#[test]
fn a_check_is_answered_by_the_version() {
    let server = Server::of_fixtures();
    for (name, offered, reason) in [
        ("check-older", true, "4152.2.0 offered: its version is older"),
        ("check-equal", false, "no update: it has this version already"),
        ("check-newer", false, "no update: its version is newer (--force would offer"),
        ("forced-update", true, "4152.2.0 offered: it asked for a forced update"),
        ("four-part", true, "4152.2.0 offered: its version is older"),
        ("nightly", true, "4152.2.0 offered: its version is older"),
        ("empty-version", false, "no update: it reported no version (--force would offer"),
        ("not-a-version", false, "reported is not a version (--force would offer"),
        ("unknown-elements", true, "4152.2.0 offered: its version is older"),
        ("update-engine-full", true, "4152.2.0 offered: its version is older"),
        ("rolled-back", true, "4152.2.0 offered: its version is older"),
    ] {
        let before = server.lines().len();
        assert_eq!(update(server.address(), &fixture(name)).offers(), offered, "{name}");
        // The line is written before the answer; all that can lag is the pipe.
        common::until(&format!("{name}: {reason}"), || {
            server.lines()[before..].iter().any(|line| line.contains(reason)).then_some(())
        });
    }
}

#[test]
fn force_offers_to_all_but_those_who_have_it() {
    let server = Server::start(["--force", "--package-file", UPDATE, "--package-version", OFFERED]);
    for name in
        ["check-older", "check-newer", "forced-update", "empty-version", "not-a-version", "nightly"]
    {
        assert!(update(server.address(), &fixture(name)).offers(), "{name}");
    }
    assert!(!update(server.address(), &fixture("check-equal")).offers());
    server.wait_for_lines("offered: forced by the operator", 3);
}

#[test]
fn nightlies_of_one_version_are_told_apart() {
    for (version, offered) in [
        ("4048.0.0+nightly-20240810-2100", true),
        ("4048.0.0+nightly-20240809-2100", false),
        ("4048.0.0+nightly-20240808-2100", false),
    ] {
        let server = Server::start(["--package-file", UPDATE, "--package-version", version]);
        let answer = update(server.address(), &fixture("nightly"));
        assert_eq!(answer.offers(), offered, "{version}");
    }
}

#[test]
fn an_offer_is_what_every_client_takes() {
    let server = Server::of_fixtures();
    let answer = update(server.address(), &fixture("check-older"));
    let payload = std::fs::read(UPDATE).unwrap();
    let digests = Digests::from_reader(&payload[..]).unwrap();

    let response = answer.response();
    assert!(response.server.starts_with("omaha-"), "{}", response.server);
    assert_eq!(response.apps[0].id, APP);
    assert_eq!(answer.codebase(), "http://update.test:8000/packages/");
    let manifest = answer.manifest();
    assert_eq!(manifest.version.as_str(), OFFERED);
    assert_eq!(manifest.packages.len(), 1);
    let package = &manifest.packages[0];
    assert_eq!((package.name.as_str(), package.size), ("update.gz", payload.len() as u64));
    assert!(package.required);
    let action = &manifest.actions[0];
    assert_eq!((manifest.actions.len(), action.event.as_str()), (1, "postinstall"));
    assert!(action.disable_payload_backoff);

    // How the digests are written matters; what was parsed hides it.
    let (sha1, sha256) = (digests.sha1.to_base64(), digests.sha256.to_base64());
    let text = answer.text();
    assert!(text.contains(&format!(" hash=\"{sha1}\"")), "{text}");
    assert!(text.contains(&format!(" sha256=\"{sha256}\"")), "{text}");
    assert!(!text.contains("hash_sha256"), "{text}");
    assert!(text.contains("DisablePayloadBackoff=\"true\""), "{text}");
    assert!(!text.contains("xmlns"), "{text}");
}

#[test]
fn an_answer_has_its_parts_in_order() {
    let server = Server::of_fixtures();
    let answer = update(server.address(), &fixture("check-older"));
    let text = answer.text();
    let places = ["<daystart", "<app", "<ping", "<updatecheck", "<urls", "<manifest", "<event"]
        .map(|part| text.find(part).unwrap_or_else(|| panic!("{part} is not in {text}")));
    assert!(places.is_sorted(), "{text}");

    let response = answer.response();
    assert!(response.day_start.unwrap().elapsed_seconds < 86_400);
    let app = &response.apps[0];
    assert_eq!(app.ping, Some(AckStatus::Ok));
    assert_eq!(app.events, [AckStatus::Ok]);
}

#[test]
fn reports_are_acknowledged_and_told() {
    let server = Server::of_fixtures();
    for (name, events, told) in [
        ("ping-only", 0, "ping: it is alive"),
        ("download-started", 1, "reports: update download started: success"),
        ("download-finished", 1, "reports: update download finished: success"),
        ("update-complete", 1, "reports: update complete: success"),
        ("update-failed", 1, "reports: update complete: error: payload hash mismatch (10)"),
        ("rolled-back", 1, "(44), before it was 4152.2.0"),
    ] {
        let answer = update(server.address(), &fixture(name));
        assert_eq!(answer.status(), 200, "{name}");
        let app = &answer.response().apps[0];
        assert_eq!((&app.status, app.events.len()), (&AppStatus::Ok, events), "{name}");
        assert!(app.events.iter().all(|status| *status == AckStatus::Ok), "{name}");
        assert_eq!(app.update_check.is_some(), name == "rolled-back", "{name}");
        let line = server.wait_for_line(told);
        assert!(line.contains(&format!("{}, version 4081.3.6: ", common::MACHINE)), "{line}");
    }
    let line = server.wait_for_line("payload hash mismatch (10)");
    assert!(line.contains("test URL") && line.contains("resumed"), "{line}");
}

#[test]
fn each_event_has_its_answer() {
    let server = Server::of_fixtures();
    let answer = update(server.address(), &fixture("two-events"));
    assert_eq!(answer.response().apps[0].events, [AckStatus::Ok, AckStatus::Ok]);
    server.wait_for_line("update download started");
    server.wait_for_line("update download finished");
}

#[test]
fn each_application_has_its_answer() {
    let server = Server::of_fixtures();
    let answer = update(server.address(), &fixture("two-apps"));
    let apps = answer.response().apps;
    assert_eq!((answer.status(), apps.len()), (200, 2));
    let status = |number: usize| apps[number].update_check.as_ref().unwrap().status.clone();
    assert_eq!((apps[0].id.as_str(), status(0)), (APP, UpdateStatus::Ok));
    assert_eq!(apps[1].id, "{2b9c55e0-8f1d-4a63-b7d2-64e0a1f7c8b9}");
    assert_eq!(apps[1].ping, Some(AckStatus::Ok));
    assert_eq!(status(1), UpdateStatus::NoUpdate);
    server.wait_for_line("machine without an id at 127.0.0.1, version 9999.0.0: update check: no");
}

#[test]
fn what_is_no_request_is_refused() {
    let server = Server::of_fixtures();
    update(server.address(), &fixture("truncated")).expect_refusal(400, "ends too early");
    update(server.address(), &fixture("protocol-2")).expect_refusal(400, "\"2.0\"");

    // As in go-omaha, there is nothing wrong with the document as such.
    let answer = update(server.address(), &fixture("no-apps"));
    assert_eq!((answer.status(), answer.response().apps.len()), (400, 0));
    server.wait_for_line("POST /v1/update/ refused with 400: the request has no application");
}

#[test]
fn what_a_machine_asks_for_is_respected() {
    let server = Server::of_fixtures();
    let check = String::from_utf8(fixture("check-older")).unwrap();
    let disabled = check.replace("<updatecheck", "<updatecheck updatedisabled=\"true\"");
    assert!(!update(server.address(), disabled.as_bytes()).offers());
    server.wait_for_line("no update: updates are disabled on it");
    for (prefix, offered) in [
        ("4152.", true),
        ("4152", true),
        ("4152.2.0", true),
        ("4152.2.0$", true),
        ("41", false),
        ("4081.", false),
    ] {
        let wanted = format!("targetversionprefix=\"{prefix}\"");
        let check = check.replace("targetversionprefix=\"\"", &wanted);
        assert_eq!(update(server.address(), check.as_bytes()).offers(), offered, "{prefix}");
    }
}

#[test]
fn no_fixture_is_forgotten() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/requests");
    let source = include_str!("exchanges.rs");
    for entry in std::fs::read_dir(directory).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let name = name.trim_end_matches(".xml");
        assert!(source.contains(&format!("\"{name}\"")), "{name} is not used in this file");
    }
    assert!(std::fs::metadata(EXTENSION).unwrap().len() > 0);
}
