//! `serve-package update`: updates this machine from files, and puts its settings
//! back.
//!
//! It looks at everything first ([`survey`]), and touches nothing until all is
//! right. Then it serves the payloads ([`serving`]), points `update_engine` at
//! them ([`changes`]), and waits for what happens ([`session`]) until there is a
//! verdict ([`verdict`]).

mod changes;
mod configuration;
mod deadline;
mod diagnosis;
mod edit;
mod engine;
mod environment;
mod error;
mod extensions;
mod finding;
mod happening;
mod interrupt;
mod journal;
mod key_value;
mod lock;
mod machine;
mod output;
mod payloads;
mod progress;
mod proxy;
mod queue;
mod reboot;
mod record;
mod release;
mod room;
mod root;
mod serving;
mod session;
mod settings_file;
mod survey;
mod system;
mod tool;
mod unit;
mod verdict;
mod version;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use crate::args::{Request, UpdateSettings};
use crate::{FAILURE, events};
use changes::Changes;
use deadline::Deadline;
use error::UpdateError;
use lock::Lock;
use machine::Machine;
use output::Output;
use progress::Progress;
use queue::Queue;
use root::Root;
use serving::Serving;
use session::Session;
use survey::{State, Survey};
use verdict::{Rest, Verdict};

/// Updates the machine, or puts its settings back.
pub fn run(settings: &UpdateSettings) -> ExitCode {
    let root = Root::from_environment();
    let with_events = matches!(settings, UpdateSettings::Update(request) if request.events);
    let mut output = Output::new(with_events);
    // A panic has put the settings back when it comes here, and was told.
    let ended = catch_unwind(AssertUnwindSafe(|| {
        interrupt::ignore_hangup()?;
        match settings {
            UpdateSettings::Update(request) => update(request, &root, &mut output),
            UpdateSettings::Restore => restore(&root, &mut output).map(|()| ExitCode::SUCCESS),
        }
    }));
    let error = match ended {
        Ok(Ok(status)) => return status,
        Ok(Err(error)) => error,
        Err(_) => "there is a bug in this program, see above; please report it".into(),
    };
    if with_events {
        events::write(events::updated("failed", &error.to_string()));
    }
    output.complain(&format!("error: {error}"));
    ExitCode::from(FAILURE)
}

/// Puts back what a killed run has left changed.
fn restore(root: &Root, output: &mut Output) -> Result<(), UpdateError> {
    if !root.is_permitted() {
        return Err(survey::NOT_ROOT.into());
    }
    let _lock = Lock::take(root)?;
    if !put_left_overs_back(root, output)? {
        output.say("nothing to restore");
    }
    Ok(())
}

/// Whether there was something.
fn put_left_overs_back(root: &Root, output: &mut Output) -> Result<bool, UpdateError> {
    let file = changes::put_back(root, None)?;
    if let Some(file) = &file {
        output.say(&format!("{} is restored", root.shown(file)));
    }
    Ok(file.is_some())
}

fn update(request: &Request, root: &Root, output: &mut Output) -> Result<ExitCode, UpdateError> {
    let mut lock = None;
    // A lack of permission is reported together with all other findings.
    if !request.dry_run && root.is_permitted() {
        lock = Some(Lock::take(root)?);
        put_left_overs_back(root, output)?;
    }
    output.say("checking the machine and the payloads");
    let survey = Survey::take(request, root);
    for finding in survey.findings.iter() {
        output.say(&finding.to_string());
    }
    let version = &request.package_version;
    match (survey.state, survey.findings.errors()) {
        (State::Current, _) => {
            let text = format!("nothing to do: the machine has version {version} already");
            write_end(request, "current", &text);
            output.say(&text);
            return Ok(ExitCode::SUCCESS);
        }
        (State::Installed, _) => {
            output.say(&format!("version {version} is installed already and waits for the reboot"));
            return finish(request, &Verdict::Installed, None, output);
        }
        (State::Ready, 0) => {}
        (State::Ready, 1) => return Err("one error was found; nothing was changed".into()),
        (State::Ready, errors) => {
            return Err(format!("{errors} errors were found; nothing was changed").into());
        }
    }
    let machine = survey.machine.as_ref().ok_or("nothing is known of the machine")?;
    plan(request, machine, &survey, output);
    if request.dry_run {
        write_end(request, "ready", "the update can begin");
        return Ok(ExitCode::SUCCESS);
    }
    let verdict = install(request, root, machine, &survey, output)?;
    drop(lock);
    finish(request, &verdict, machine.after_reboot(), output)
}

/// Says what is going to be done.
fn plan(request: &Request, machine: &Machine, survey: &Survey, output: &mut Output) {
    let release = &machine.release;
    let names: Vec<_> = survey.packages.iter().map(|package| package.name().as_str()).collect();
    let (system, board) = (release.system.name(), &release.board);
    output.say(&format!(
        "{system} {}, {board}: to be updated to {} with {}",
        release.version,
        request.package_version,
        names.join(", ")
    ));
    output.say(&format!("the payloads do not say their board: they must be for {board}"));
    let server = machine.server.as_deref().unwrap_or_default();
    output.say(&format!(
        "update.conf gets another SERVER= (now {server:?}) until the machine has asked"
    ));
    output.say(&format!("when the update is installed: {}", machine.reboot));
}

/// Serves, changes the settings, triggers the check, waits, and puts everything
/// back.
fn install(
    request: &Request,
    root: &Root,
    machine: &Machine,
    survey: &Survey,
    output: &mut Output,
) -> Result<Verdict, UpdateError> {
    let deadline = request.deadline.map(Deadline::new);
    let queue = Queue::default();
    interrupt::watch(root, queue.clone())?;
    let version = &request.package_version;
    let serving = Serving::start(version, &survey.packages, request.force, request.events, &queue)?;
    let (system, began) = (machine.release.system, SystemTime::now());
    let mut changes = Changes::begin(root, system, &serving.url, &machine.engine)?;
    let triggered =
        changes.start_engine(deadline).and_then(|()| engine::check_for_update(deadline));
    root.step("triggered");
    let verdict = match triggered {
        Ok(()) => {
            session::ask_for_status(queue.clone())?;
            let mut session = Session {
                root,
                system,
                server: &serving.url,
                deadline,
                is_stopped_after: !machine.engine.is_active,
                progress: Progress::default(),
                output,
            };
            session.run(&queue, &mut changes)
        }
        Err(error) => {
            let rest = Rest::of(!machine.engine.is_active, false);
            if tool::IS_INTERRUPTED.load(Ordering::Relaxed) {
                Verdict::Interrupted(rest)
            } else if let Some(deadline) = deadline.filter(Deadline::has_passed) {
                Verdict::Deadline(deadline.time, rest)
            } else {
                Verdict::Broken(error.to_string())
            }
        }
    };
    queue.close();
    root.step("decided");
    let back = changes.end();
    root.step("over");
    if verdict.is_failure() {
        let lines = journal::errors(began);
        if !lines.is_empty() {
            output.complain("update_engine's journal says:");
        }
        for line in lines {
            output.complain(&format!("    {line}"));
        }
    }
    match back {
        Ok(()) => output.say("the settings are restored"),
        Err(error) => {
            if verdict.is_failure() {
                output.complain(&format!("error: {verdict}"));
            } else {
                output.say(&verdict.to_string());
            }
            return Err(changes::not_restored(error));
        }
    }
    Ok(verdict)
}

/// Writes the event of the end, if that is wanted. After an error `run` does.
fn write_end(request: &Request, outcome: &str, text: &str) {
    if request.events {
        events::write(events::updated(outcome, text));
    }
}

/// Tells the verdict and what is to be done then, and reboots if that is wanted.
fn finish(
    request: &Request,
    verdict: &Verdict,
    after_reboot: Option<String>,
    output: &mut Output,
) -> Result<ExitCode, UpdateError> {
    let text = verdict.to_string();
    if !matches!(verdict, Verdict::Installed) {
        output.complain(&format!("error: {text}"));
        write_end(request, verdict.as_str(), &text);
        return Ok(ExitCode::from(verdict.status()));
    }
    output.say(&text);
    if let Some(text) = after_reboot {
        output.say(&format!("warning: {text}"));
    }
    if request.dry_run || !request.reboot {
        output.say("systemctl reboot");
    } else {
        output.say("rebooting");
        unit::reboot()?;
    }
    write_end(request, verdict.as_str(), &text);
    Ok(ExitCode::SUCCESS)
}
