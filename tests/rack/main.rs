//! Many machines on one server: how far each is, why it failed, who never came;
//! roll-outs in stages; and what is known of it after a crash.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
mod common;
mod machine;
mod metrics;
mod pages;
mod stages;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::Command;

use omaha::protocol::{ErrorCode, EventType};
use rustix::process::Signal;

use common::http::get;
use common::payload::{Directory, MORE_THAN_BUFFERS, bytes};
use common::server::{Server, binary};
use common::{OFFERED, until};
use machine::{Machine, OLD};

/// A server with the flags, whose events go to a file.
pub fn serve(directory: &Directory, events: &str, flags: &[&str]) -> Server {
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", "file=$1; shift; exec \"$@\" > \"$file\"", "sh"])
        .arg(directory.join(events))
        .arg(binary())
        .args(["--listen-address", "127.0.0.1:0", "--package-version", OFFERED])
        .args(["--skip-payload-check", "--events", "json", "--package-file"])
        .arg(directory.join("update.gz"))
        .args(flags);
    Server::spawn(command)
}

/// The state of each machine in a list of objects, by its alias.
pub fn states(json: &str) -> BTreeMap<String, String> {
    let text = |object: &str, name: &str| {
        let value = object.split(&format!("\"{name}\":\"")).nth(1)?;
        Some(value.split('"').next()?.to_owned())
    };
    let objects = json.split('{');
    objects.filter_map(|object| Some((text(object, "alias")?, text(object, "state")?))).collect()
}

fn status(server: SocketAddr) -> BTreeMap<String, String> {
    let answer = get(server, "/status.json", &[]);
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.header("Content-Type"), Some("application/json"));
    states(answer.text())
}

/// Waits until this is what is known of the machine.
pub fn wait_for_state(server: SocketAddr, name: &str, state: &str) {
    until(&format!("{name} to be {state}"), || {
        (status(server).get(name).map(String::as_str) == Some(state)).then_some(())
    });
}

/// Thirty machines with every fate, and a crash in the middle.
#[test]
fn every_machine_is_accounted_for() {
    let directory = Directory::new();
    directory.write("update.gz", &bytes(MORE_THAN_BUFFERS));
    let machines: Vec<_> = (1..=30).map(Machine::new).collect();
    let names: Vec<_> = machines.iter().map(|machine| machine.name.clone()).collect();
    let expected = directory.write("expected", (names.join("\n") + "\n# all\n").as_bytes());
    let state_dir = directory.join("state");
    let flags = [
        "--status",
        "--board",
        "amd64-usr",
        "--expect",
        expected.to_str().unwrap(),
        "--state-dir",
        state_dir.to_str().unwrap(),
    ];
    let mut fates = BTreeMap::new();
    let mut are = |range: std::ops::Range<usize>, state: &'static str| {
        for name in &names[range] {
            fates.insert(name.clone(), state.to_owned());
        }
    };
    are(0..6, "updated");
    are(6..10, "waiting-for-reboot");
    are(10..15, "failed");
    are(15..17, "came-back-old");
    are(17..20, "up-to-date");
    are(20..23, "seen");
    are(23..25, "installing");
    are(25..27, "downloading");
    are(27..28, "offered");

    // The first half: all begin, and some end.
    let server = serve(&directory, "events-1", &flags);
    let address = server.address();
    for machine in machines[..10].iter().chain(&machines[15..17]) {
        machine.install(address);
    }
    for machine in &machines[23..25] {
        machine.fetch(address);
    }
    for machine in &machines[17..20] {
        assert!(!machine.clone().with_version(OFFERED).check(address));
    }
    let failed = [
        ErrorCode::PAYLOAD_HASH_MISMATCH,
        ErrorCode::PAYLOAD_HASH_MISMATCH,
        ErrorCode::DOWNLOAD_TRANSFER_ERROR,
    ];
    for (machine, code) in machines[10..13].iter().zip(failed) {
        assert!(machine.check(address));
        machine.fail(address, code);
    }
    for machine in &machines[13..15] {
        assert!(machine.check(address));
    }
    // What is known is on the disk when no line comes any more.
    wait_for_state(address, "node-25", "installing");
    until("the state file", || {
        let text = std::fs::read_to_string(state_dir.join("machines")).ok()?;
        let last = |name: &str, state: &str| {
            let mut lines = text.lines().filter(|line| line.contains(name));
            lines.next_back().is_some_and(|line| line.contains(state))
        };
        (last("node-17", "waiting-for-reboot") && last("node-15", "offered")).then_some(())
    });
    server.signal(Signal::KILL);
    server.wait();

    // The second half.
    let server = serve(&directory, "events-2", &flags);
    let address = server.address();
    server.wait_for_line("machines known from --state-dir");
    assert_eq!(status(address)["node-01"], "waiting-for-reboot");
    for machine in &machines[..6] {
        assert!(!machine.clone().with_version(OFFERED).check(address));
    }
    for machine in &machines[13..15] {
        let machine = Machine { oem: "vmware".to_owned(), ..machine.clone() };
        assert!(machine.check(address));
        machine.fail(address, ErrorCode::POSTINSTALL_RUNNER_ERROR);
    }
    for machine in &machines[15..17] {
        assert!(!machine.check(address), "no loop of updates and reboots");
        assert!(!machine.check(address));
    }
    for machine in &machines[20..22] {
        let machine = Machine { board: "arm64-usr".to_owned(), ..machine.clone() };
        assert!(!machine.check(address));
    }
    assert!(!machines[22].clone().with_version("4999.0.0").check(address));
    let mut open = Vec::new();
    for machine in &machines[25..27] {
        assert!(machine.check(address));
        machine.report(address, EventType::UPDATE_DOWNLOAD_STARTED);
        open.push(machine.begin_download(address));
    }
    assert!(machines[27].check(address));

    // By name in the JSON…
    assert_eq!(status(address), fates);
    let json = get(address, "/status.json", &[]);
    assert!(json.text().contains(r#""missing":["node-29","node-30"]"#), "{}", json.text());
    // … the page …
    let page = get(address, "/status", &[]);
    for (name, state) in &fates {
        let row = page.text().lines().find(|line| line.contains(&format!(">{name}<"))).unwrap();
        assert!(row.starts_with(&format!("<tr class=\"{state}\">")), "{row}");
    }
    assert!(page.text().contains("2 missing, never heard: node-29, node-30"));
    // … the metrics …
    let metrics = metrics::read(get(address, "/metrics", &[]).text());
    for state in fates.values() {
        let number = fates.values().filter(|other| *other == state).count();
        let name = format!("serve_package_machines{{state=\"{state}\"}}");
        assert_eq!(metrics[&name], number.to_string(), "{name}");
    }
    assert_eq!(metrics["serve_package_machines_missing"], "2");
    assert_eq!(metrics["serve_package_failures_total{code=\"5\"}"], "2");
    // … the table …
    server.signal(Signal::USR1);
    server.wait_for_line("missing, never heard: node-29, node-30");
    drop(open);
    let lines = server.stop().lines;
    let end = lines.iter().rposition(|line| line.contains(" machine  ")).unwrap();
    for (name, state) in &fates {
        let state = state.replace('-', " ");
        let is_row = |line: &&String| line.contains(&format!(" {name} "));
        let row = lines[end..].iter().find(is_row).unwrap_or_else(|| panic!("{name}: {lines:#?}"));
        assert!(row.contains(&state), "{state}: {row}");
    }
    assert!(lines.iter().any(|line| line.contains("postinstall runner error (5)")));
    let last = lines.last().unwrap();
    assert!(
        last.ends_with("10 updated, 7 failed, 5 under way, 3 up to date, 3 not offered, 2 missing"),
        "{last}"
    );
    // … and the events: what came last is how it is.
    let events: String = ["events-1", "events-2"]
        .iter()
        .map(|name| std::fs::read_to_string(directory.join(name)).unwrap())
        .collect();
    let machines: Vec<_> =
        events.lines().filter(|line| line.contains(r#""event":"machine""#)).collect();
    assert_eq!(states(&machines.join("\n")), fates);
    let stopped = events.lines().last().unwrap();
    assert!(stopped.contains(r#""failed":7"#) && stopped.contains("node-29"), "{stopped}");
    assert!(events.contains(r#""missing_extension":"oem-vmware.gz""#));
}

#[test]
fn board_oem_and_channel_are_in_the_line_and_the_event() {
    let directory = Directory::new();
    directory.write("update.gz", b"payload");
    let server = serve(&directory, "events", &["--status"]);
    let machine = Machine { oem: "vmware".to_owned(), ..Machine::new(1) };
    for _ in 0..2 {
        assert!(machine.check(server.address()));
    }
    let end = "its version is older; board amd64-usr, OEM vmware, channel stable";
    assert!(server.wait_for_lines("update check: ", 2)[0].ends_with(end));
    let warning = "has the OEM vmware, and no package ends in oem-vmware.gz: its update will fail";
    server.wait_for_line(warning);
    let stopped = server.stop();
    let warnings = stopped.lines.iter().filter(|line| line.contains(warning)).count();
    assert_eq!(warnings, 1, "{:#?}", stopped.lines);
    // What comes with every check is no news.
    assert!(!stopped.lines.iter().any(|line| line.contains("success, reboot")));
    let events = std::fs::read_to_string(directory.join("events")).unwrap();
    let event = r#""board":"amd64-usr","oem":"vmware","channel":"stable","missing_extension":"oem-vmware.gz""#;
    assert_eq!(events.matches(event).count(), 2, "{events}");
}

#[test]
fn a_wrong_version_makes_no_loop() {
    let directory = Directory::new();
    directory.write("update.gz", b"payload");
    for (force, offered) in [(None, false), (Some("--force"), true)] {
        let flags: Vec<_> = ["--status"].into_iter().chain(force).collect();
        let server = serve(&directory, "events", &flags);
        let machine = Machine::new(1);
        machine.install(server.address());
        assert_eq!(machine.check(server.address()), offered);
        let line = server.wait_for_line("came back old");
        assert!(line.contains(OFFERED) && line.contains(OLD), "{line}");
        assert!(line.contains("--package-version") && line.contains("rolled back"), "{line}");
    }
}
