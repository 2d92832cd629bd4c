//! Runs what the README and the manual say, and compares it with what they show.
//!
//! `cargo test --test readme -- --nocapture` lists how each command was run.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod links;
mod machine;
mod sandbox;
mod server;
mod text;

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use omaha::protocol::{ErrorCode, EventResult, EventType, Request, response::Package};
use omaha::{Codebase, TrivialUpdater, Update, Updater};

use machine::Machine;
use sandbox::{Sandbox, scratch};
use server::Server;
use text::{
    Block, blocks, commands_in_sentences, documents, flags, manual, matches, members, untimed,
};

/// The program: this build's, or another one (`SERVE_PACKAGE_BINARY`).
pub fn binary() -> String {
    let other = std::env::var("SERVE_PACKAGE_BINARY");
    other.unwrap_or_else(|_| env!("CARGO_BIN_EXE_serve-package").to_owned())
}

#[test]
fn every_command_runs_as_written() {
    for document in documents() {
        let mut sandbox = Sandbox::new(document);
        for block in document.blocks().iter().filter(|block| block.is("sh")) {
            check_syntax(block);
            let how = if block.is("service") {
                "read by bash only; tests/boot.sh runs it".to_owned()
            } else {
                sandbox.run(block)
            };
            println!("{}: {how}", block.place);
        }
        sandbox.stop_server();
    }
}

#[test]
fn commands_in_sentences_run_as_written() {
    let blocks: Vec<_> = blocks().filter(|block| block.is("sh")).collect();
    let sandbox = Sandbox::with_everything("sentences");
    let commands = subcommands();
    for command in commands_in_sentences() {
        let subcommand = command.strip_prefix("serve-package ");
        if blocks.iter().any(|block| block.text.contains(command)) {
            println!("`{command}`: stands in a block");
        } else if [".ci/run", "cargo doc --open"].contains(&command) {
            println!("`{command}`: not run here; .ci/run runs this test and `cargo doc`");
        } else if commands.iter().any(|known| Some(&**known) == subcommand) {
            println!("`{command}`: a subcommand");
        } else if command.split(' ').any(|word| word.chars().all(|c| c.is_ascii_uppercase())) {
            // Not as written, because a word is a placeholder.
            let first = subcommand.and_then(|rest| rest.split(' ').next()).expect(command);
            let known = flags(&help_of(&[first, "--help"]));
            assert!(commands.iter().any(|known| known == first), "{command}");
            assert!(flags(command).is_subset(&known), "{command}");
            println!("`{command}`: its flags exist");
        } else {
            sandbox.run_alone(command);
            println!("`{command}`: run with stand-ins");
        }
    }
}

fn check_syntax(block: &Block) {
    let syntax = Command::new("bash").args(["-n", "-c", &block.text]).output().unwrap();
    assert!(
        syntax.stderr.is_empty(),
        "{}: {}",
        block.place,
        String::from_utf8_lossy(&syntax.stderr)
    );
}

/// What is not run here, because it needs systemd, is run there.
#[test]
fn the_boot_test_runs_the_commands_of_the_service() {
    let blocks: Vec<_> = blocks().filter(|block| block.is("service")).collect();
    assert!(!blocks.is_empty());
    let with_words = |block: &Block| [&[&*block.place], &block.words[2..]].concat().join(" ");
    let ours: Vec<_> = blocks.iter().map(with_words).collect();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/boot.sh");
    let list = Command::new("bash").arg(script).arg("--list").output().unwrap();
    assert_eq!(String::from_utf8(list.stdout).unwrap().lines().collect::<Vec<_>>(), ours);
}

fn help_of(arguments: &[&str]) -> String {
    let help = Command::new(binary()).args(arguments).output().unwrap();
    String::from_utf8(help.stdout).unwrap()
}

/// The subcommands that the help names.
fn subcommands() -> Vec<String> {
    let help = help_of(&["--help"]);
    let lines = help.lines().filter_map(|line| line.strip_prefix("  serve-package "));
    let words = lines.filter_map(|line| line.split(' ').next()).map(str::to_owned);
    words.filter(|word| word.chars().all(|c| c.is_ascii_lowercase())).collect()
}

#[test]
fn every_flag_is_told_and_exists() {
    for (command, document, heading) in [
        ("", "serve", "## Options"),
        ("check", "check", "## Options"),
        ("inspect", "inspect", "## Options"),
        ("update", "update", "## Options"),
        ("status", "several-servers", "### Options of status"),
    ] {
        let arguments = [command, "--help"];
        let help = flags(&help_of(&arguments[usize::from(command.is_empty())..]));
        let told = manual(document).table(heading);
        let told: BTreeSet<_> = told.iter().flat_map(|row| flags(&row[0])).collect();
        assert_eq!(told, help, "left: {document}.md's table, right: {command} --help");
    }
    let subcommands = subcommands();
    for block in blocks().filter(|block| block.is("sh")) {
        let commands = block.text.replace("\\\n", " ");
        let commands = commands.lines().map(|line| line.trim_start_matches("sudo "));
        for command in commands.filter(|line| line.starts_with("./serve-package")) {
            let first = command.split(' ').nth(1).unwrap();
            let is_subcommand = subcommands.iter().any(|known| known == first);
            let arguments = [first, "--help"];
            let known = flags(&help_of(&arguments[usize::from(!is_subcommand)..]));
            assert!(flags(command).is_subset(&known), "{}: {command}", block.place);
        }
    }
}

#[test]
fn the_table_of_versions_is_true() {
    let rows = manual("serve").table("## Which machines get the update");
    assert!(!rows.is_empty());
    for row in rows {
        let version = if row[0] == "nothing" { "" } else { &row[0] };
        let mut request = Request::new();
        request.add_app("{any}", version).add_update_check();
        let decide = |force| {
            let update = Update::from_packages(
                "4152.2.0".parse().unwrap(),
                Codebase::default(),
                [] as [Package; 0],
            );
            let mut updater = TrivialUpdater::new(update).with_force(force);
            updater.check_update(&request, &request.apps[0]).unwrap()
        };
        let word = |force| if decide(force).update.is_some() { "offered" } else { "no update" };
        assert_eq!(row[1..3], [word(false), word(true)], "{row:?}");
        assert_eq!(row[3], decide(false).reason.to_string(), "{row:?}");
    }
}

/// Makes the server log each of the lines that log.md explains, and write
/// each of the events.
#[test]
fn the_tables_of_lines_and_events_are_true() {
    let payload = scratch("lines").join("update.gz");
    // More than the sockets on both sides hold, so that it can be cut.
    fs::File::create(&payload).unwrap().set_len(24 << 20).unwrap();
    let mut server = Server::start(
        Command::new(binary())
            .args(["--listen-address", "localhost:0", "--package-version", "4152.2.0"])
            .args(["--events", "json", "--idle-timeout", "1s"])
            .args(["--skip-payload-check", "--package-file"])
            .arg(&payload),
    );
    let port = server.await_port();
    let machine = Machine { port, version: "4081.2.0" };
    machine.send(|app| {
        app.oem = "vmware".to_owned();
        app.add_update_check();
    });

    machine.get("/packages/update.gz", "");
    server.await_line(" finished: ");
    machine.get("/packages/update.gz", "Range: bytes=1000-\r\n");
    server.await_line(" finished: ");
    let mut impatient = TcpStream::connect(("127.0.0.1", port)).unwrap();
    impatient.write_all(b"GET /packages/update.gz HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    impatient.read_exact(&mut [0]).unwrap();
    drop(impatient);
    server.await_line(" cut at byte ");
    machine.get("/nothing", "");

    machine.ask();
    Machine { version: "4230.1.0", ..machine }.ask();
    machine.report(EventType::UPDATE_DOWNLOAD_STARTED, EventResult::SUCCESS);
    machine.report(EventType::UPDATE_DOWNLOAD_FINISHED, EventResult::SUCCESS);
    machine.report(EventType::UPDATE_COMPLETE, EventResult::SUCCESS);
    machine.ask();
    server.await_line("came back old");
    for code in [10, 44] {
        machine.report_failure(ErrorCode::new((1 << 28) + code));
    }
    machine.send(|app| {
        app.add_ping();
    });
    let mut changed = fs::OpenOptions::new().append(true).open(&payload).unwrap();
    changed.write_all(b"more").unwrap();
    machine.ask();
    let _silent = TcpStream::connect(("127.0.0.1", port)).unwrap();
    server.await_line(" connection closed: ");
    server.stop();

    let is_logged = |pattern: &str| server.seen.iter().any(|line| matches(untimed(line), pattern));
    for row in manual("log").table("# The log") {
        assert!(is_logged(&row[0]), "{:?} is not in:\n{}", row[0], server.seen.join("\n"));
    }
    check_events(&server);
    // Two more stand in sentences.
    let sentences = manual("offline-update").text.replace('\n', " ");
    let rolled_back = "reports: update complete: error: rollback (44), test URL";
    assert!(sentences.contains(rolled_back) && is_logged(&format!("…{rolled_back}")));
    assert!(sentences.contains(&ErrorCode::POSTINSTALL_RUNNER_ERROR.to_string()));
}

/// The words of each error number are those of the log.
#[test]
fn the_error_numbers_of_the_readme_have_their_words() {
    let rows = documents()[0].table("## When it does not work");
    let numbers: Vec<_> = rows
        .iter()
        .filter_map(|row| {
            let (words, number) = row[0].strip_suffix(')')?.rsplit_once(" (")?;
            let number: i64 = number.parse().ok()?;
            let code = ErrorCode::new(number);
            assert_eq!(format!("{words} ({number})"), code.to_string().replace('`', ""));
            Some(number)
        })
        .collect();
    assert_eq!(numbers, [5, 9, 10, 11, 12, 18, 20, 21, 29, 30, 31, 34, 2404, 2503]);
}

/// Every event that was written is in scripts.md with all of its members, and
/// every event there was written with those that are always there.
fn check_events(server: &Server) {
    let lines = server.seen.iter().filter(|line| line.starts_with('{'));
    let written: Vec<_> = lines.map(|line| members(line)).collect();
    let told = manual("scripts").table("## Events");
    // Events are lost only when output blocks; tests/hostile has that.
    for row in told.iter().filter(|row| row[0] != "lost") {
        assert!(written.iter().any(|(event, _)| *event == row[0]), "no {} was written", row[0]);
    }
    for (event, names) in written {
        let row = told.iter().find(|row| row[0] == event);
        let row = row.unwrap_or_else(|| panic!("scripts.md does not tell of {event}"));
        let members: Vec<_> = row[1].split(", ").map(|name| name.trim_matches('`')).collect();
        let may = |name: &str| members.iter().any(|member| member.trim_end_matches('?') == name);
        let all = names.iter().all(|name| ["time", "event"].contains(name) || may(name));
        let must = |member: &&&str| !member.ends_with('?');
        let complete = members.iter().filter(must).all(|member| names.contains(member));
        assert!(all && complete, "{event} has {names:?}, and scripts.md says {members:?}");
    }
}

#[test]
fn the_examples_are_those_of_the_crate() {
    // In the crate's documentation, a line that begins with "# " is hidden.
    let plain = |text: &str| -> Vec<String> {
        let lines = text.lines().map(|line| line.trim().trim_start_matches("# ").to_owned());
        lines.filter(|line| !line.is_empty()).collect()
    };
    let front_page = include_str!("../../src/lib.rs").lines();
    let front_page: Vec<_> = front_page.filter_map(|line| line.strip_prefix("//!")).collect();
    let front_page = front_page.join("\n");
    let examples: Vec<_> = front_page.split("```").skip(1).step_by(2).map(plain).collect();
    let shown: Vec<_> = blocks().filter(|block| block.is("rust")).collect();
    assert!(!shown.is_empty());
    for block in shown {
        // There, conditions on features may stand around it.
        let lines = plain(&block.text);
        let holds_it =
            |example: &Vec<String>| example.windows(lines.len()).any(|part| part == lines);
        let is_there = examples.iter().any(holds_it);
        assert!(is_there, "{} is not in src/lib.rs", block.place);
    }
}
