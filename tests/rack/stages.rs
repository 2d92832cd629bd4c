//! Roll-outs in stages, and runs that end by themselves.

use std::path::Path;
use std::process::Command;

use omaha::protocol::{ErrorCode, EventType};
use rustix::process::Signal;

use crate::common::payload::Directory;
use crate::common::server::{Server, binary, run_command};
use crate::common::until;
use crate::common::{OFFERED, http::get};
use crate::machine::Machine;
use crate::{serve, wait_for_state};

fn directory() -> Directory {
    let directory = Directory::new();
    directory.write("update.gz", b"payload");
    directory
}

#[test]
fn the_next_machine_waits_until_one_is_updated() {
    let directory = directory();
    let server = serve(&directory, "events", &["--status", "--at-once", "1"]);
    let address = server.address();
    let (first, second) = (Machine::new(1), Machine::new(2));
    first.install(address);
    assert!(!second.check(address), "the first one waits for its reboot");
    server.wait_for_line("no update: as many machines as allowed are being updated");
    first.with_version(OFFERED).check(address);
    assert!(second.check(address));
    let events = until("the events", || {
        let text = std::fs::read_to_string(directory.join("events")).unwrap();
        text.contains(r#""reason":"wait""#).then_some(text)
    });
    assert!(!events.contains("rollout-stopped"));
}

#[test]
fn a_bad_update_stops_after_the_first_machine() {
    let directory = directory();
    let state_dir = directory.join("state");
    let flags = ["--status", "--at-once", "2", "--state-dir", state_dir.to_str().unwrap()];
    let server = serve(&directory, "events", &flags);
    let address = server.address();
    let machines: Vec<_> = (1..=3).map(Machine::new).collect();
    assert!(machines[0].check(address) && machines[1].check(address));
    machines[0].fail(address, ErrorCode::PAYLOAD_HASH_MISMATCH);
    server.wait_for_line("ROLLOUT STOPPED: 1 machine has failed");
    assert!(!machines[2].check(address) && !machines[0].check(address));
    // As --fail-fast.
    assert_eq!(server.stop().status.code(), Some(4));
    // It is known after a restart.
    let server = serve(&directory, "events", &flags);
    server.wait_for_line("ROLLOUT STOPPED: 1 machine has failed");
    let front = get(server.address(), "/", &[]);
    assert!(front.text().contains("Now: ROLLOUT STOPPED, not offering"), "{}", front.text());
    assert!(!machines[2].check(server.address()));
    server.signal(Signal::USR1);
    server.wait_for_line("ROLLOUT STOPPED, not offering 4152.2.0 any more; machines: 3 known");
}

#[test]
fn a_silent_machine_gives_its_place_up() {
    let directory = directory();
    let flags = ["--status", "--at-once", "1", "--silent-after", "1s"];
    let server = serve(&directory, "events", &flags);
    assert!(Machine::new(1).check(server.address()));
    wait_for_state(server.address(), "node-01", "silent");
    assert!(Machine::new(2).check(server.address()));
    let json = get(server.address(), "/status.json", &[]);
    assert!(json.text().contains(r#""last_state":"offered""#), "{}", json.text());
}

#[test]
fn only_these_boards() {
    let directory = directory();
    let flags = ["--board", "arm64-usr", "--board", "riscv-usr"];
    let server = serve(&directory, "events", &flags);
    let machine = Machine::new(1);
    assert!(!machine.check(server.address()));
    assert!(Machine { board: "riscv-usr".to_owned(), ..machine }.check(server.address()));
    server.wait_for_line("no update: the update is for other boards; board amd64-usr");
}

#[test]
fn it_ends_when_all_expected_machines_are_updated() {
    let directory = directory();
    let expected = format!("node-01 # by alias\n\n{:032x}\n", 2);
    let expected = directory.write("expected", expected.as_bytes());
    let flags = ["--until-updated", "all", "--expect", expected.to_str().unwrap()];
    let server = serve(&directory, "events", &flags);
    let address = server.address();
    // Others do not count.
    Machine::new(3).install(address);
    Machine::new(1).install(address);
    Machine::new(2).with_version(OFFERED).check(address);
    let stopped = server.wait();
    assert_eq!(stopped.status.code(), Some(0), "{:#?}", stopped.lines);
}

#[test]
fn a_list_that_cannot_be_waited_for_is_refused() {
    let directory = directory();
    for (content, problem) in [
        (&b"# nobody\n\n"[..], "list\" names no machine\n"),
        (b"caf\xe9\n", "list\" is not UTF-8 text\n"),
    ] {
        let list = directory.write("list", content);
        let mut command = Command::new(binary());
        command.args(["--until-updated", "all", "--expect"]).arg(list);
        let command = with_state_dir(command, &directory, &directory.join("state"));
        run_command(command).expect_failure(1, &[problem]);
    }
}

/// What had failed before is tried again, and ends nothing.
#[test]
fn only_failures_of_this_run_end_it() {
    let directory = directory();
    let state_dir = directory.join("state");
    let flags = ["--fail-fast", "--status", "--state-dir", state_dir.to_str().unwrap()];
    for _ in 0..2 {
        let server = serve(&directory, "events", &flags);
        assert!(Machine::new(2).check(server.address()));
        assert!(Machine::new(1).check(server.address()));
        Machine::new(1).fail(server.address(), ErrorCode::PAYLOAD_HASH_MISMATCH);
        assert_eq!(server.wait().status.code(), Some(4));
    }
    let server = serve(&directory, "events", &flags);
    wait_for_state(server.address(), "node-01", "failed");
    assert_eq!(server.stop().status.code(), Some(0));
}

#[test]
fn nothing_is_waited_for_when_the_package_was_changed() {
    let directory = directory();
    let server = serve(&directory, "events", &["--until-updated", "1"]);
    assert!(Machine::new(1).check(server.address()));
    directory.write("update.gz", b"another");
    until("the change to be noticed", || {
        (get(server.address(), "/health", &[]).status() == 503).then_some(())
    });
    // It may have all of it already.
    Machine::new(1).fail(server.address(), ErrorCode::DOWNLOAD_TRANSFER_ERROR);
    server.wait_for_line("a package was changed: stopping");
    assert_eq!(server.wait().status.code(), Some(1));
    let events = std::fs::read_to_string(directory.join("events")).unwrap();
    assert!(events.contains(r#""outcome":"changed""#), "{events}");
}

#[test]
fn a_count_goes_on_after_a_crash() {
    let directory = directory();
    let state_dir = directory.join("state");
    let flags = ["--until-updated", "2", "--state-dir", state_dir.to_str().unwrap()];
    let server = serve(&directory, "events", &flags);
    Machine::new(1).install(server.address());
    let file = state_dir.join("machines");
    until("the state file", || {
        let text = std::fs::read_to_string(&file).ok()?;
        text.lines().last()?.contains("waiting-for-reboot").then_some(())
    });
    server.signal(Signal::KILL);
    server.wait();
    // The crash has torn a line.
    let mut text = std::fs::read(&file).unwrap();
    text.extend_from_slice(b"m\ti\ttorn");
    std::fs::write(&file, text).unwrap();
    let server = serve(&directory, "events", &flags);
    Machine::new(2).install(server.address());
    let stopped = server.wait();
    assert_eq!(stopped.status.code(), Some(0), "{:#?}", stopped.lines);
    assert!(!stopped.lines.iter().any(|line| line.contains("could not be read")));
}

#[test]
fn a_disk_that_is_full_is_said_once_and_serving_goes_on() {
    let directory = directory();
    // The first line fits into 512 bytes, and what follows does not. With nothing it
    // is full at the start already.
    for limit in ["1", "0"] {
        let mut command = Command::new("/bin/sh");
        let script = format!("ulimit -f {limit}; trap '' XFSZ; exec \"$@\"");
        command.args(["-c", &script, "sh"]).arg(binary());
        let server = Server::spawn(with_state_dir(command, &directory, &directory.join(limit)));
        Machine::new(1).install(server.address());
        server.wait_for_line("the machines cannot be written to --state-dir");
        Machine::new(2).install(server.address());
        let lines = server.stop().lines;
        let said = lines.iter().filter(|line| line.contains("cannot be written")).count();
        assert_eq!(said, 1, "{limit}: {lines:#?}");
    }
}

fn with_state_dir(mut command: Command, directory: &Directory, state_dir: &Path) -> Command {
    command.args(["--listen-address", "127.0.0.1:0", "--package-version", OFFERED]);
    command.args(["--skip-payload-check", "--package-file"]).arg(directory.join("update.gz"));
    command.arg("--state-dir").arg(state_dir);
    command
}

/// Starts a server that cannot use this folder.
fn expect_refusal(directory: &Directory, state_dir: &Path, text: &str) {
    let command = with_state_dir(Command::new(binary()), directory, state_dir);
    let outcome = run_command(command);
    outcome.expect_failure(1, &[text]);
    assert!(!outcome.stderr.contains("os error"), "{outcome:?}");
}

#[test]
fn a_folder_that_cannot_be_used_is_named_at_start() {
    let directory = directory();
    let state_dir = directory.join("state");
    std::fs::create_dir_all(state_dir.join("machines")).unwrap();
    expect_refusal(&directory, &state_dir, "state/machines\": it is a directory");
    std::fs::remove_dir(state_dir.join("machines")).unwrap();
    // A new file cannot be put in the place of a folder.
    std::fs::create_dir_all(state_dir.join(".machines.new")).unwrap();
    expect_refusal(&directory, &state_dir, "cannot use --state-dir");
}

/// Somebody's list of machines is no state file, and is kept.
#[test]
fn a_file_of_others_is_not_replaced() {
    let directory = directory();
    for content in [&b"node-1\nnode-2\n"[..], b"node-1", b"\xff\x00", &[b'x'; 20_000]] {
        let file = directory.write("machines", content);
        let text = "machines\" is not a state file of serve-package; name another";
        expect_refusal(&directory, directory.path(), text);
        assert_eq!(std::fs::read(file).unwrap(), content);
    }
}

#[test]
fn a_state_file_with_unreadable_lines_is_kept() {
    let directory = directory();
    let state_dir = directory.join("state");
    let flags = ["--state-dir", state_dir.to_str().unwrap()];
    let server = serve(&directory, "events", &flags);
    Machine::new(1).check(server.address());
    server.stop();
    let file = state_dir.join("machines");
    let mut text = std::fs::read(&file).unwrap();
    text.extend_from_slice(b"nonsense\n");
    std::fs::write(&file, &text).unwrap();
    let server = serve(&directory, "events", &flags);
    server.wait_for_line("1 line in --state-dir");
    server.wait_for_line("could not be read; the file is kept as machines.unreadable");
    server.wait_for_line("1 machine known");
    server.stop();
    assert_eq!(std::fs::read(state_dir.join("machines.unreadable")).unwrap(), text);
    assert!(!std::fs::read_to_string(file).unwrap().contains("nonsense"));
}

#[test]
fn two_servers_do_not_share_a_folder() {
    let directory = directory();
    let state_dir = directory.join("state");
    let _first = serve(&directory, "events", &["--state-dir", state_dir.to_str().unwrap()]);
    let text = "state\" is used by another serve-package; name another\n";
    expect_refusal(&directory, &state_dir, text);
}

#[test]
fn what_is_wrong_with_the_state_folder_is_said_once() {
    let directory = directory();
    let file = directory.join("update.gz");
    for (state_dir, problem) in [
        (&*file, "--state-dir FOLDER is not a directory\n"),
        (
            &file.join("state"),
            "cannot use --state-dir FOLDER: a part of the path is not a directory\n",
        ),
        ("/proc/nothing".as_ref(), "cannot use --state-dir FOLDER: no such file\n"),
    ] {
        let problem = problem.replace("FOLDER", &format!("{state_dir:?}"));
        expect_refusal(&directory, state_dir, &problem);
    }
}

#[test]
fn an_error_that_comes_with_a_check_fails_no_run() {
    let directory = directory();
    let server = serve(&directory, "events", &["--fail-fast", "--status"]);
    let address = server.address();
    let machine = Machine::new(1);
    machine.check_after_rollback(address);
    wait_for_state(address, "node-01", "offered");
    machine.report(address, EventType::UPDATE_DOWNLOAD_STARTED);
    machine.fail(address, ErrorCode::PAYLOAD_HASH_MISMATCH);
    assert_eq!(server.wait().status.code(), Some(4));
}
