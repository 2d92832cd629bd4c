//! Looks at the machine and the files, and touches nothing.

use std::sync::Arc;

use omaha::PackageFile;

use super::configuration::Configuration;
use super::engine::{Operation, Status};
use super::extensions::Extensions;
use super::finding::Findings;
use super::lock::Lock;
use super::machine::Machine;
use super::payloads::{self, Payloads};
use super::reboot;
use super::record::Record;
use super::release::Release;
use super::root::Root;
use super::settings_file::SettingsFile;
use super::system::System;
use super::unit::{self, Unit};
use super::{proxy, room, version};
use crate::args::Request;

/// What is said to those who are not root.
pub const NOT_ROOT: &str = "this must be run as root; put sudo before it";

/// What was found.
#[derive(Debug)]
pub struct Survey {
    pub findings: Findings,
    pub state: State,
    /// The operating system's package and the extensions.
    pub packages: Vec<Arc<PackageFile>>,
    /// What is known of the machine, if it is one of the right kind.
    pub machine: Option<Machine>,
}

/// Whether there is something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It can be updated, unless there are errors.
    Ready,
    /// It has the version already.
    Current,
    /// The same update is installed and waits for the reboot.
    Installed,
}

impl Survey {
    /// Looks at everything.
    pub fn take(request: &Request, root: &Root) -> Self {
        let mut findings = Findings::default();
        if !root.is_permitted() {
            findings.error(NOT_ROOT);
        }
        let record = Record::find(root).unwrap_or_else(|error| {
            findings.error(error.to_string());
            None
        });
        if let Some(record) = &record {
            // An update restores it before it looks, so this only looks.
            match Lock::take(root) {
                Ok(_) => findings.warning(format!(
                    "an update that was killed left settings changed ({}); they are restored first",
                    root.shown(record.path())
                )),
                Err(error) => findings.error(error.to_string()),
            }
        }
        let mut state = State::Ready;
        let read = System::find(root).and_then(|system| {
            let configuration = Configuration::read(root, system, record.as_ref());
            Ok((Release::of(system, &configuration)?, configuration))
        });
        let machine = match read {
            Ok((release, configuration)) => {
                let (machine, status) = look(request, release, &configuration, root, &mut findings);
                let file = SettingsFile::find(root, machine.release.system);
                // What a killed run has left beside it is not in the way.
                if let Err(error) = file.and_then(|file| file.check(record.is_some())) {
                    findings.error(error.to_string());
                }
                state = look_at_state(request, &machine, root, status.as_ref(), &mut findings);
                if let Some(text) = machine.after_reboot().filter(|_| state != State::Current) {
                    findings.warning(text);
                }
                Some(machine)
            }
            Err(error) => {
                findings.error(error.to_string());
                None
            }
        };
        if state != State::Ready {
            return Self { findings, state, packages: Vec::new(), machine };
        }
        let payloads = payloads::open(request, root, &mut findings);
        if let Some(machine) = &machine {
            find_missing(request, machine, &payloads, &mut findings);
            room::find(root, machine.release.system, &payloads, &mut findings);
        }
        Self { findings, state, packages: payloads.packages, machine }
    }
}

fn look(
    request: &Request,
    release: Release,
    configuration: &Configuration,
    root: &Root,
    findings: &mut Findings,
) -> (Machine, Option<Status>) {
    let key = release.system.version_key();
    if let Some(setting) =
        configuration.get(key).filter(|setting| !setting.file.ends_with("/release"))
    {
        findings.note(format!("{} has {key}={}", setting.file, setting.value));
    }
    for problem in &configuration.unreadable {
        findings.error(problem.clone());
    }
    for file in configuration.with_carriage_returns() {
        findings.warning(format!(
            "the lines of {file} end in CR LF, and update_engine takes the CR for a part of the \
             value"
        ));
    }
    let value = |key| configuration.get(key).map(|setting| setting.value.to_owned());
    let (server, group) = (value("SERVER"), value("GROUP"));
    if let Some(setting) = configuration.get("SERVER").filter(|setting| setting.value == "disabled")
    {
        findings.note(format!(
            "{} has SERVER=disabled, which is undone for the time of the update",
            setting.file
        ));
    }
    let unknown =
        Unit { is_there: true, mask: None, is_active: false, active_since: None, process: 0 };
    let engine = Unit::query(unit::UPDATE_ENGINE).unwrap_or_else(|error| {
        findings.error(error.to_string());
        unknown
    });
    if !engine.is_there {
        findings.error(format!("there is no unit {}", unit::UPDATE_ENGINE));
    } else if !engine.is_active {
        let how = match engine.mask {
            Some(_) => "is masked, which is undone for a moment; it is started",
            None => "does not run; it is started",
        };
        findings.note(format!("{} {how}, and stopped at the end", unit::UPDATE_ENGINE));
    }
    let extensions = Extensions::read(root, findings);
    let with_extensions = !extensions.files(request.no_oem).is_empty();
    if let Some(problem) = proxy::problem(root, &engine, with_extensions) {
        findings.error_unless(request.force, &problem);
    }
    let status = engine
        .is_active
        .then(Status::query)
        .and_then(|status| status.map_err(|error| findings.error(error.to_string())).ok());
    let locksmithd = Unit::query(unit::LOCKSMITHD).map_err(|error| {
        findings.warning(format!("it is not known whether locksmithd reboots: {error}"));
    });
    let reboot = reboot::forecast(root, locksmithd.ok().as_ref(), configuration, findings);
    (Machine { release, extensions, engine, reboot, server, group }, status)
}

fn look_at_state(
    request: &Request,
    machine: &Machine,
    root: &Root,
    status: Option<&Status>,
    findings: &mut Findings,
) -> State {
    let version = &request.package_version;
    let is_current = version == &machine.release.version;
    if let Some(status) = status {
        match &status.operation {
            Operation::NeedReboot if status.new_version == version.as_str() => {
                return State::Installed;
            }
            Operation::NeedReboot => findings.error(format!(
                "an update to {} is installed and waits for the reboot; reboot first, or discard \
                 it: update_engine_client -reset_status",
                match &*status.new_version {
                    // The latter after a restart of the daemon.
                    "" | "0.0.0" | "0.0.0.0" => "another version",
                    version => version,
                }
            )),
            // What waits for the reboot is another version, though.
            _ if is_current => return State::Current,
            Operation::Idle => {}
            busy => findings.error(format!(
                "update_engine is {busy}; wait until `update_engine_client -status` says \
                 UPDATE_STATUS_IDLE"
            )),
        }
    }
    if is_current && status.is_none() {
        return State::Current;
    }
    version::find(request, machine, root, findings);
    State::Ready
}

/// Compares what the machine needs with what was given.
fn find_missing(
    request: &Request,
    machine: &Machine,
    payloads: &Payloads,
    findings: &mut Findings,
) {
    let release = &machine.release;
    let needed = machine.extensions.files(request.no_oem);
    let given: Vec<_> = request.extensions.iter().map(|path| path.to_string_lossy()).collect();
    for file in &needed {
        if !given.iter().any(|given| given.ends_with(&**file)) {
            findings.error(format!(
                "this machine needs the extension {file}, and without it the update would fail; \
                 give it with --extension; Flatcar's is {}/{}/{}/{file}",
                release.system.releases(),
                release.board,
                request.package_version
            ));
        }
    }
    for package in payloads.packages.iter().skip(1) {
        if !needed.iter().any(|file| package.name().as_str().ends_with(&**file)) {
            findings.note(format!("this machine does not use the extension {}", package.name()));
        }
    }
    if let (Some(oem), false) = (&machine.extensions.oem, machine.extensions.has_oem_extension) {
        findings.note(format!("the machine's OEM, {oem}, has no extension"));
    } else if let (Some(oem), true) = (&machine.extensions.oem, request.no_oem) {
        findings.warning(format!("the extension of the OEM, {oem}, is left out (--no-oem)"));
    }
}
