//! `serve-package status`: one picture of several servers.

use std::collections::BTreeMap;

use omaha::protocol::{ErrorCode, EventType};
use serde_json::Value;

use crate::common::http::get;
use crate::common::payload::Directory;
use crate::common::server::{Outcome, Server, free_port, run};
use crate::common::{OFFERED, until};
use crate::machine::Machine;
use crate::servers;

pub fn url(server: &Server) -> String {
    format!("http://{}", server.address())
}

/// What the command says of these servers.
pub fn status(urls: &[String], flags: &[&str]) -> Outcome {
    let own = ["status".to_owned()].into_iter().chain(urls.iter().cloned());
    run(own.chain(flags.iter().map(|flag| (*flag).to_owned())))
}

/// What it says in JSON, which is the whole of its output.
pub fn object(outcome: &Outcome) -> Value {
    assert_eq!(outcome.stderr, "", "{outcome:?}");
    assert_eq!(outcome.stdout.lines().count(), 1, "{outcome:?}");
    serde_json::from_str(&outcome.stdout).unwrap()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}"))
}

/// The state of each machine, by its alias.
fn states(document: &Value) -> BTreeMap<&str, &str> {
    let machines = document["machines"].as_array().unwrap();
    machines.iter().map(|machine| (text(machine, "alias"), text(machine, "state"))).collect()
}

/// Four machines that go from server to server, and nothing but the end of it
/// is shown: an update, a failure, a machine on its way, and one that was
/// heard by one server only.
#[test]
fn each_machine_is_shown_once_with_its_latest_state() {
    let directory = Directory::new();
    let servers = servers(&directory, b"payload", 3, &["--status"]);
    let urls: Vec<_> = servers.iter().map(url).collect();
    let at = |number: usize| servers[number].address();
    let machines: Vec<_> = (1..=4).map(Machine::new).collect();

    machines[0].fetch(at(0));
    machines[0].report(at(1), EventType::UPDATE_COMPLETE);
    assert!(!machines[0].clone().with_version(OFFERED).check(at(2)));
    assert!(machines[1].check(at(2)));
    machines[1].fail(at(0), ErrorCode::PAYLOAD_HASH_MISMATCH);
    assert!(machines[2].check(at(1)));
    machines[2].report(at(0), EventType::UPDATE_DOWNLOAD_FINISHED);
    assert!(machines[3].check(at(1)));
    let expected = BTreeMap::from([
        ("node-01", "updated"),
        ("node-02", "failed"),
        ("node-03", "installing"),
        ("node-04", "offered"),
    ]);
    let outcome = until("what the servers were told", || {
        let outcome = status(&urls, &["--json"]);
        (states(&object(&outcome)) == expected).then_some(outcome)
    });
    assert_eq!(outcome.code, Some(1));
    let document = object(&outcome);
    assert_eq!(document["number"], 4);
    assert_eq!(document["offered"], OFFERED);
    assert_eq!(document["states"]["failed"], 1);
    assert_eq!(document["states"]["offered"], 1);
    assert_eq!(document["states"]["silent"], 0);
    assert_eq!(document["servers"].as_array().unwrap().len(), 3);

    // The same in words; those that failed come first, as on a server's page.
    let outcome = status(&urls, &[]);
    assert_eq!((outcome.code, &*outcome.stderr), (Some(1), ""));
    let lines: Vec<_> = outcome.stdout.lines().collect();
    assert!(lines[0].starts_with("machine  "), "{outcome:?}");
    let names: Vec<_> = lines[1..5].iter().map(|line| &line[..7]).collect();
    assert_eq!(names, ["node-02", "node-04", "node-03", "node-01"]);
    assert!(lines[1].contains("failed") && lines[1].ends_with("payload hash mismatch (10)"));
    let end = "3 of 3 servers, 4 machines: 1 updated, 1 failed, 2 under way";
    assert_eq!(lines[5..], [end]);

    // Who must be updated may be told.
    let done = directory.write("done", b"node-01 # the first\n");
    let more = directory.write("more", format!("{}\nnode-99\n", machines[1].id).as_bytes());
    let [done, more] = [done.to_str().unwrap(), more.to_str().unwrap()];
    assert_eq!(status(&urls, &["--expect", done]).code, Some(0));
    let outcome = status(&urls, &["--expect", done, "--expect", more]);
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stdout.contains("\nmissing, never heard: node-99\n"), "{outcome:?}");
    assert!(outcome.stdout.trim_end().ends_with(", 1 missing"), "{outcome:?}");
}

#[test]
fn it_ends_with_success_when_all_are_updated() {
    let directory = Directory::new();
    let servers = servers(&directory, b"payload", 2, &["--status"]);
    let urls: Vec<_> = servers.iter().map(url).collect();
    let outcome = status(&urls, &[]);
    assert_eq!(outcome.code, Some(1), "nobody is not all: {outcome:?}");
    assert_eq!(outcome.stdout, "2 of 2 servers, 0 machines: 0 updated, 0 failed, 0 under way\n");
    assert_eq!(outcome.stderr, "error: no machine is known or expected\n");
    let nobody = directory.write("nobody", b"# later\n");
    let outcome = status(&urls, &["--expect", nobody.to_str().unwrap()]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert_eq!(outcome.stderr, "error: --expect names no machine\n");
    for number in 1..=6 {
        let machine = Machine::new(number);
        machine.install(servers[usize::from(number) % 2].address());
        if number % 3 == 0 {
            machine.with_version(OFFERED).check(servers[0].address());
        }
    }
    let outcome = until("all to be updated", || {
        let outcome = status(&urls, &[]);
        (outcome.code == Some(0)).then_some(outcome)
    });
    assert!(outcome.stdout.contains(" 6 machines: "), "{outcome:?}");
}

/// Whoever reads `/status.json` can read this: it has the same members, and of
/// a machine all that the server says that heard from it last.
#[test]
fn the_object_is_that_of_a_server() {
    let directory = Directory::new();
    let servers = servers(&directory, b"payload", 2, &["--status"]);
    let urls: Vec<_> = servers.iter().map(url).collect();
    let machine = Machine { oem: "vmware".to_owned(), ..Machine::new(1) };
    machine.fetch(servers[0].address());
    machine.fail(servers[0].address(), ErrorCode::new(-2_147_483_638));
    let (merged, own) = until("the failure", || {
        let own = get(servers[0].address(), "/status.json", &[]);
        let own: Value = serde_json::from_str(own.text()).unwrap();
        let outcome = status(&urls, &["--json"]);
        // Nothing more changes then.
        let is_over = own["states"]["failed"] == 1 && own["downloads_running"] == 0;
        is_over.then(|| (object(&outcome), own))
    });
    for (name, value) in own.as_object().unwrap() {
        match name.as_str() {
            "time" | "uptime_seconds" => assert!(merged.get(name).is_some(), "{name}"),
            _ => assert_eq!(merged[name], *value, "{name}"),
        }
    }
    assert_eq!(merged["machines"][0]["error"], -2_147_483_638_i64);
}

#[test]
fn a_server_that_cannot_be_read_is_named_and_the_others_are_shown() {
    let directory = Directory::new();
    let with = servers(&directory, b"payload", 1, &["--status"]);
    let without = servers(&directory, b"payload", 1, &[]);
    Machine::new(1).with_version(OFFERED).check(with[0].address());
    let gone = format!("http://127.0.0.1:{}", free_port());
    let urls = [gone.clone(), url(&without[0]), url(&with[0])];
    until("the machine", || (status(&urls[2..], &[]).code == Some(0)).then_some(()));
    let outcome = status(&urls, &[]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    let errors: Vec<_> = outcome.stderr.lines().collect();
    assert_eq!(errors.len(), 2, "{outcome:?}");
    assert!(errors[0].starts_with(&format!("error: {gone}/status.json: cannot connect to ")));
    assert!(errors[1].ends_with("HTTP status 404: does the server run with --status?"));
    assert!(outcome.stdout.starts_with("machine ") && outcome.stdout.contains("\nnode-01 "));
    assert!(outcome.stdout.contains("1 of 3 servers, 1 machine: "), "{outcome:?}");
    let outcome = status(&urls, &["--json"]);
    assert_eq!(outcome.code, Some(1));
    let document = object(&outcome);
    assert_eq!(states(&document).len(), 1);
    assert!(text(&document["servers"][0], "error").starts_with("cannot connect to "));
    assert_eq!(document["servers"][2].get("error"), None);
    // A list that cannot be read is none.
    let outcome = status(&urls, &["--expect", directory.join("none").to_str().unwrap()]);
    outcome.expect_failure(1, &["cannot read --expect ", "no such file"]);
}

#[test]
fn what_keeps_servers_from_offering_is_told() {
    let directory = Directory::new();
    let mut all = servers(&directory, b"payload", 1, &["--status"]);
    let path = directory.write("newer.gz", b"newer");
    let newer = Server::start([
        "--skip-payload-check",
        "--status",
        "--package-version",
        "5000.0.0",
        "--package-file",
        path.to_str().unwrap(),
    ]);
    all.push(newer);
    let urls: Vec<_> = all.iter().map(url).collect();
    let outcome = status(&urls, &[]);
    assert!(outcome.stderr.contains("it offers 5000.0.0, another version"), "{outcome:?}");
    assert_eq!(object(&status(&urls, &["--json"]))["offered"], "4152.2.0, 5000.0.0");
    directory.write("newer.gz", b"another");
    until("the change to be noticed", || {
        let outcome = status(&urls, &[]);
        outcome.stderr.contains("a package was changed: nothing is offered").then_some(())
    });
    assert_eq!(object(&status(&urls, &["--json"]))["package_changed"], true);
}

#[test]
fn wrong_usage() {
    run(["status"]).expect_failure(2, &["URL is required", "serve-package status --help"]);
    run(["status", "rack-1:8000"]).expect_failure(2, &["it must begin with http://"]);
    assert_eq!(run(["status", "--help"]).code, Some(0));
}
