//! `serve-package update`: the command line of updating this machine.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use omaha::Version;

use super::serve::{EventFormat, OfferedVersion};
use super::{Command, Flags, Span, UsageError, parsed, payload, payloads};

/// What its `--help` prints.
pub const HELP: &str = "\
Updates this machine (Flatcar, Container Linux) from files: checks that this
can work, serves the files to the machine's own update_engine, and restores its
settings. Run it as root.

Usage: serve-package update --package-file FILE --package-version VERSION
                            [--extension FILE]... [OPTION]...
       serve-package update --restore

  --package-file FILE    the operating system's update payload
  --package-version VER  its version, such as 4152.2.0
  --extension FILE       an OEM or system extension beside it; repeatable
  --dry-run              report what was found and would be done; change nothing
  --no-oem               continue without the OEM's extension
  --force                ignore an older version, a proxy of update_engine, or
                         a running system that was not marked good
  --deadline TIME        give up after 90s, 30m, 2h...: exit 3
  --reboot               reboot when the update is installed
  --events json          write events to standard output, one object a line
  --restore              restore the settings that a killed run left changed
  --help

Exit status: 0 the update is installed and waits for the reboot, or there is
nothing to do; 1 it failed or cannot begin, 2 wrong usage, 3 deadline,
130 interrupted.
";

/// What to do with this machine.
#[derive(Debug, PartialEq, Eq)]
pub enum UpdateSettings {
    /// Update it.
    Update(Request),
    /// Put back what a killed run left changed.
    Restore,
}

/// An update that is asked for.
#[derive(Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub struct Request {
    pub package_file: PathBuf,
    pub package_version: Version,
    pub extensions: Vec<PathBuf>,
    pub dry_run: bool,
    pub no_oem: bool,
    pub force: bool,
    pub deadline: Option<Duration>,
    pub reboot: bool,
    /// Whether what happens goes to standard output as JSON.
    pub events: bool,
}

const PACKAGE_FILE: &str = "--package-file";
const PACKAGE_VERSION: &str = "--package-version";
const EXTENSION: &str = "--extension";
const DRY_RUN: &str = "--dry-run";
const NO_OEM: &str = "--no-oem";
const FORCE: &str = "--force";
const DEADLINE: &str = "--deadline";
const EVENTS: &str = "--events";
const REBOOT: &str = "--reboot";
const RESTORE: &str = "--restore";

pub static FLAGS: Flags = Flags {
    valued: &[PACKAGE_FILE, PACKAGE_VERSION, EXTENSION, DEADLINE, EVENTS],
    // As when serving.
    single_dash: &[PACKAGE_FILE, PACKAGE_VERSION],
    repeatable: &[EXTENSION],
    switches: &[DRY_RUN, NO_OEM, FORCE, REBOOT, RESTORE, "--help"],
};

/// Reads the arguments that follow `update`.
///
/// # Errors
///
/// The first thing that is wrong.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, UsageError> {
    let arguments = FLAGS.read(arguments)?;
    if arguments.contains("--help") {
        return Ok(Command::Help(HELP));
    }
    let package_file = payload(&arguments, PACKAGE_FILE)?;
    let package_version: Option<OfferedVersion> = parsed(&arguments, PACKAGE_VERSION)?;
    let extensions = payloads(&arguments, EXTENSION)?;
    let deadline: Option<Span> = parsed(&arguments, DEADLINE)?;
    let events: Option<EventFormat> = parsed(&arguments, EVENTS)?;
    let [dry_run, no_oem, force, reboot, restore] =
        [DRY_RUN, NO_OEM, FORCE, REBOOT, RESTORE].map(|switch| arguments.contains(switch));
    arguments.finish()?;
    if restore {
        let others = [
            (PACKAGE_FILE, package_file.is_some()),
            (PACKAGE_VERSION, package_version.is_some()),
            (EXTENSION, !extensions.is_empty()),
            (DEADLINE, deadline.is_some()),
            (EVENTS, events.is_some()),
            (DRY_RUN, dry_run),
            (NO_OEM, no_oem),
            (FORCE, force),
            (REBOOT, reboot),
        ];
        return match others.iter().find(|(_, is_given)| *is_given) {
            Some((flag, _)) => Err(UsageError::Together(RESTORE, flag)),
            None => Ok(Command::Update(Box::new(UpdateSettings::Restore))),
        };
    }
    if dry_run && reboot {
        return Err(UsageError::Together(DRY_RUN, REBOOT));
    }
    Ok(Command::Update(Box::new(UpdateSettings::Update(Request {
        package_file: package_file.ok_or(UsageError::Required(PACKAGE_FILE))?,
        package_version: package_version.ok_or(UsageError::Required(PACKAGE_VERSION))?.0,
        extensions,
        dry_run,
        no_oem,
        force,
        deadline: deadline.map(|span| span.0),
        reboot,
        events: events.is_some(),
    }))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::testing::arguments;

    const BOTH: &str = "--package-file f --package-version 1.2.3";

    #[test]
    fn everything() {
        let line = format!(
            "{BOTH} --extension a.gz --extension=b.gz --no-oem --force --deadline 1h --reboot --events json"
        );
        let expected = UpdateSettings::Update(Request {
            package_file: "f".into(),
            package_version: "1.2.3".parse().unwrap(),
            extensions: vec!["a.gz".into(), "b.gz".into()],
            dry_run: false,
            no_oem: true,
            force: true,
            deadline: Some(Duration::from_secs(3600)),
            reboot: true,
            events: true,
        });
        assert_eq!(parse(arguments(&line)), Ok(Command::Update(Box::new(expected))));
        assert_eq!(
            parse(arguments("--restore")),
            Ok(Command::Update(Box::new(UpdateSettings::Restore)))
        );
    }

    #[test]
    fn messages() {
        for (line, message) in [
            ("", "--package-file is required"),
            ("--package-file f", "--package-version is required"),
            ("--restore --force", "--restore and --force exclude each other"),
            (&format!("{BOTH} --restore"), "--restore and --package-file exclude each other"),
            (&format!("{BOTH} --dry-run --reboot"), "--dry-run and --reboot exclude each other"),
            (&format!("{BOTH} --dry-run --dry-run"), "--dry-run is given more than once"),
            (&format!("{BOTH} --listen-address :80"), "there is no flag \"--listen-address\""),
        ] {
            assert_eq!(parse(arguments(line)).unwrap_err().to_string(), message, "{line}");
        }
    }
}
