//! Several servers with the same folder of updates.

use std::fs;

use omaha::protocol::EventType;
use serde_json::Value;

use crate::common::http::{get, update};
use crate::common::payload::{Directory, bytes};
use crate::common::server::Server;
use crate::common::{fixture, until};
use crate::machine::Machine;
use crate::status::{object, status, url};

/// Three servers, each with a copy of its own of the folder: a version that all
/// must pass through, and a newer one.
fn servers(directory: &Directory) -> Vec<Server> {
    let serve = |number: usize| {
        let folder = directory.join(&format!("copy-{number}"));
        for (version, length) in [("4100.0.0", 1_000_003), ("4152.2.0", 1_500_007)] {
            let place = folder.join("amd64-usr").join(version);
            fs::create_dir_all(&place).unwrap();
            fs::write(place.join("flatcar_production_update.gz"), bytes(length)).unwrap();
        }
        fs::write(folder.join("amd64-usr/4100.0.0/floor"), "").unwrap();
        let folder = folder.to_str().unwrap();
        Server::start(["--skip-payload-check", "--status", "--updates", folder])
    };
    (0..3).map(serve).collect()
}

#[test]
fn every_server_gives_the_same_answer() {
    let directory = Directory::new();
    let servers = servers(&directory);
    for request in ["update-engine-full", "check-older", "check-newer"] {
        let answer = |server: &Server| {
            let mut response = update(server.address(), &fixture(request)).response();
            response.day_start = None;
            response.to_xml()
        };
        let answers: Vec<_> = servers.iter().map(answer).collect();
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    }
    let path = "/packages/amd64-usr/4152.2.0/flatcar_production_update.gz";
    let content = bytes(1_500_007);
    let mut fetched = Vec::new();
    for (number, part) in content.chunks(234_567).enumerate() {
        let range = format!("bytes={}-{}", fetched.len(), fetched.len() + part.len() - 1);
        let answer = get(servers[number % 3].address(), path, &[("Range", &range)]);
        assert_eq!(answer.status(), 206);
        fetched.extend(answer.body);
    }
    assert!(fetched == content);
}

/// A machine passes through a floor, and speaks with another server each time.
/// It is done when it has the last version, and not before.
#[test]
fn a_floor_over_three_servers() {
    let directory = Directory::new();
    let servers = servers(&directory);
    let urls: Vec<_> = servers.iter().map(url).collect();
    let at = |number: usize| servers[number % 3].address();
    let machine = Machine::new(1);
    let state = |expected: &str, offered: &str, code: i32| {
        until(&format!("{expected} with {offered}"), || {
            let outcome = status(&urls, &["--json"]);
            let document = object(&outcome);
            let machine = &document["machines"][0];
            let is_so = machine["state"] == expected && machine["offered"] == offered;
            is_so.then(|| {
                assert_eq!(outcome.code, Some(code), "{document}");
                assert_eq!(machine.get("step").is_some_and(Value::is_boolean), code == 1);
            })
        });
    };
    assert!(machine.check(at(0)));
    machine.report(at(1), EventType::UPDATE_COMPLETE);
    state("waiting-for-reboot", "4100.0.0", 1);
    let machine = machine.with_version("4100.0.0");
    assert!(machine.check(at(2)));
    machine.report(at(0), EventType::UPDATE_COMPLETE);
    state("waiting-for-reboot", "4152.2.0", 0);
    assert!(!machine.with_version("4152.2.0").check(at(1)));
    state("updated", "4152.2.0", 0);
}
