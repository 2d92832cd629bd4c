//! `serve-package update`: updates this machine from files, and puts its settings
//! back.
//!
//! It looks at everything first ([`survey`]), and touches nothing until all is
//! right.

mod changes;
mod configuration;
mod edit;
mod engine;
mod extensions;
mod finding;
mod key_value;
mod lock;
mod payloads;
mod reboot;
mod record;
mod release;
mod room;
mod root;
mod settings_file;
mod survey;
mod tool;
mod unit;
mod version;

use std::io::{self, Write};
use std::process::ExitCode;

use crate::FAILURE;
use crate::args::{Request, UpdateSettings};
use changes::ChangeError;
use lock::Lock;
use record::Record;
use root::Root;
use survey::{State, Survey};

/// Updates the machine, or puts its settings back.
pub fn run(settings: &UpdateSettings) -> ExitCode {
    let root = Root::from_environment();
    match settings {
        UpdateSettings::Update(request) => update(request, &root),
        UpdateSettings::Restore => restore(&root),
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

/// Puts back what a killed run has left changed.
fn restore(root: &Root) -> ExitCode {
    let _lock = match Lock::take(root) {
        Ok(lock) => lock,
        Err(error) => return fail(&error.to_string()),
    };
    match put_left_overs_back(root) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            say("nothing to put back");
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error.to_string()),
    }
}

/// Whether there was something.
fn put_left_overs_back(root: &Root) -> Result<bool, ChangeError> {
    let Some(record) = Record::find(root).map_err(ChangeError::Record)? else { return Ok(false) };
    changes::put_back(root, &record)?;
    say(&format!("{} is as before", root.shown(&record.file)));
    Ok(true)
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
