//! `serve-package update`: updates this machine from files, and puts its settings
//! back.
//!
//! It looks at everything first ([`survey`]), and touches nothing until all is
//! right.

mod configuration;
mod engine;
mod extensions;
mod finding;
mod key_value;
mod payloads;
mod reboot;
mod record;
mod release;
mod room;
mod root;
mod survey;
mod tool;
mod unit;
mod version;

use std::io::{self, Write};
use std::process::ExitCode;

use crate::FAILURE;
use crate::args::{Request, UpdateSettings};
use root::Root;
use survey::{State, Survey};

/// Updates the machine, or puts its settings back.
pub fn run(settings: &UpdateSettings) -> ExitCode {
    let root = Root::from_environment();
    match settings {
        UpdateSettings::Update(request) => update(request, &root),
        UpdateSettings::Restore => ExitCode::from(FAILURE),
    }
}

fn update(request: &Request, root: &Root) -> ExitCode {
    say("looking at the machine and the payloads");
    let survey = Survey::take(request, root);
    for finding in survey.findings.iter() {
        say(&finding.to_string());
    }
    match survey.findings.errors() {
        0 => {}
        1 => return fail("one error: nothing was changed"),
        errors => return fail(&format!("{errors} errors: nothing was changed")),
    }
    let Some(machine) = &survey.machine else { return ExitCode::from(FAILURE) };
    match survey.state {
        State::Current => {
            say(&format!(
                "nothing to do: the machine has version {} already",
                request.package_version
            ));
            return ExitCode::SUCCESS;
        }
        State::Installed => {
            say(&format!(
                "nothing to do: version {} is installed and waits for the reboot: systemctl reboot",
                request.package_version
            ));
            return ExitCode::SUCCESS;
        }
        State::Ready => {}
    }
    plan(request, machine, &survey);
    ExitCode::SUCCESS
}

/// Says what is going to be done.
fn plan(request: &Request, machine: &survey::Machine, survey: &Survey) {
    let release = &machine.release;
    let names: Vec<_> = survey.packages.iter().map(|package| package.name().as_str()).collect();
    say(&format!(
        "{} {}, {}: to be updated to {} with {}",
        release.system.name(),
        release.version,
        release.board,
        request.package_version,
        names.join(", ")
    ));
    say(&format!("the payloads do not say their board; they must be for {}", release.board));
    say(&format!(
        "SERVER={} becomes this program, until the machine has its answer",
        machine.server.as_deref().unwrap_or_default()
    ));
    say(&format!("when the update is installed: {}", machine.reboot));
}

/// A line for people. That nobody reads it is no reason to stop.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

fn fail(line: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "error: {line}");
    ExitCode::from(FAILURE)
}
