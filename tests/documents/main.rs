//! The man pages and completions in `dist/` are those that the help and the
//! manual make.
//!
//! `UPDATE=1 cargo test --test documents` writes them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
mod common;
mod completions;
mod help;
mod man;
mod manual;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use help::Help;
use manual::Manual;

/// A subcommand, or serving, and where the manual describes it.
struct Page {
    /// Empty for serving.
    command: &'static str,
    /// The file of the manual with the table of its options, if it has one.
    manual: &'static str,
}

const PAGES: [Page; 5] = [
    Page { command: "", manual: "serve.md" },
    Page { command: "check", manual: "check.md" },
    Page { command: "inspect", manual: "inspect.md" },
    Page { command: "update", manual: "update.md" },
    Page { command: "status", manual: "several-servers.md" },
];

/// Everything that is made.
fn documents() -> Vec<(String, String)> {
    let main = Help::of("");
    let commands: Vec<_> =
        main.commands().into_iter().filter(|(name, _)| *name != "help").collect();
    let names: Vec<_> = commands.iter().map(|(name, _)| &**name).collect();
    let known: Vec<_> = PAGES[1..].iter().map(|page| page.command).collect();
    assert_eq!(
        BTreeSet::from_iter(&names),
        BTreeSet::from_iter(&known),
        "left: the commands in the help, right: those of this test"
    );
    let helps: Vec<_> = PAGES.iter().map(|page| (page.command, Help::of(page.command))).collect();

    let mut documents = Vec::new();
    for (page, (_, help)) in PAGES.iter().zip(&helps) {
        let manual = Manual::read(page.manual);
        let name = if page.command.is_empty() {
            "serve-package".to_owned()
        } else {
            format!("serve-package-{}", page.command)
        };
        documents.push((format!("{name}.8"), man::page(&name, help, manual.as_ref(), &commands)));
    }
    for (name, text) in [
        ("serve-package.bash", completions::bash(&commands, &helps)),
        ("_serve-package", completions::zsh(&commands, &helps)),
        ("serve-package.fish", completions::fish(&commands, &helps)),
    ] {
        documents.push((format!("completions/{name}"), text));
    }
    documents
}

#[test]
fn man_pages_and_completions_are_those_of_the_help() {
    for (name, text) in documents() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("dist").join(&name);
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &text).unwrap();
        }
        let committed = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == text,
            "dist/{name} is not what the help and the manual make of it; \
             `UPDATE=1 cargo test --test documents` writes it"
        );
    }
}

/// No page is left of a command that is gone.
#[test]
fn there_are_no_other_man_pages() {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("dist");
    let names = fs::read_dir(dist).unwrap().map(|entry| entry.unwrap().file_name());
    let pages = names.filter(|name| name.to_string_lossy().ends_with(".8")).count();
    assert_eq!(pages, PAGES.len());
}

/// The names of options and of their values, and the defaults, are the same in
/// the help and in the manual.
#[test]
fn the_manual_has_the_options_of_the_help() {
    for page in PAGES {
        let Some(manual) = Manual::read(page.manual) else { continue };
        let in_help: BTreeSet<_> =
            Help::of(page.command).options().flat_map(|entry| entry.terms()).collect();
        let options = manual.options();
        let in_manual: BTreeSet<_> = options.iter().flat_map(|option| option.terms()).collect();
        assert_eq!(in_help, in_manual, "left: the help, right: {}", page.manual);
        for entry in Help::of(page.command).options() {
            let Some(default) = entry.default() else { continue };
            let option = options.iter().find(|option| option.terms().contains(&entry.terms()[0]));
            let text = &option.unwrap().text.replace('`', "");
            assert!(text.contains(default), "{}: {:?} has not {default:?}", page.manual, text);
        }
    }
}

/// Runs the completion in a real bash.
#[test]
fn bash_completes() {
    let documents = documents();
    let is_bash = |(name, _): &&(String, String)| name.ends_with(".bash");
    let (_, completion) = documents.iter().find(is_bash).unwrap();
    let complete = |line: &[&str]| {
        let script = r#"
            cd "$1"; eval "$2"; shift 2
            COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
            _serve_package
            printf '%s\n' "${COMPREPLY[@]}""#;
        let output = Command::new("bash")
            .args(["-c", script, "bash", env!("CARGO_MANIFEST_DIR"), completion])
            .args(line)
            .output()
            .unwrap();
        assert!(output.stderr.is_empty(), "{line:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().replace('\n', " ")
    };
    for (line, expected) in [
        (&["serve-package", "ch"][..], "check"),
        (&["serve-package", "--package-f"], "--package-file"),
        (&["serve-package", "--package-file", "fixtures/upd"], "fixtures/update.gz"),
        (&["serve-package", "--package-file", "=", "fixtures/upd"], "fixtures/update.gz"),
        (&["serve-package", "--state-dir", "fixtures/pay"], "fixtures/payloads"),
        (&["serve-package", "--events", ""], "json"),
        (&["serve-package", "--until-updated", ""], "all"),
        (&["serve-package", "--package-version", ""], ""),
        (&["serve-package", "check", "--app-"], "--app-version --app-id"),
        (&["serve-package", "check", "--at-o"], ""),
        (&["serve-package", "inspect", "fixtures/upd"], "fixtures/update.gz"),
        (
            &["serve-package", "inspect", "--key", "fixtures/payloads/oth"],
            "fixtures/payloads/other-key.pem",
        ),
        (&["serve-package", "help", "in"], "inspect"),
    ] {
        assert_eq!(complete(line), expected, "{line:?}");
    }
}
