//! `serve-package`: the command line of serving.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use omaha::server::{Limits, ListenAddress};
use omaha::{Codebase, PackageName, Version};

use crate::exit_condition::Until;
use crate::machine_tracker::Rules;

use super::{
    Arguments, ByteRate, Command, Count, Flags, Span, UsageError, parsed, path, payload, payloads,
    texts,
};

/// What `--help` prints.
pub const HELP: &str = "\
Serves an operating-system update to update_engine (Flatcar, Container Linux).

Commands:
  serve-package --package-file FILE --package-version VER [OPTION]...
                           serve this update; the options are below
  serve-package update     update this machine from files, in one command
  serve-package check      ask an update server what it offers
  serve-package inspect    tell what a payload is and whether it is intact
  serve-package status     show the machines of several servers in one table
  serve-package help COMMAND
                           show the options of a command

What to serve, and where:
  --package-file FILE      the operating system's update payload
  --package-version VER    its version, such as 4152.2.0
  --updates DIR            directories [CHANNEL/]BOARD/VERSION, not a file
  --extension FILE         an OEM or system extension beside it; repeatable
  --package-name NAME      the payload's name in its URL (default: update.gz)
  --package-url URL        where machines fetch the packages instead of here
  --listen-address ADDR    HOST:PORT, [IPv6]:PORT, or :PORT for all interfaces;
                           port 0 is any free one (default: localhost:8000)
  --key PEM                refuse packages that this public key did not sign
  --skip-payload-check     serve the files even if they are not valid payloads
Which machines get it:
  --force                  all that do not have exactly this version
  --board BOARD            only those with this board; repeatable
  --previous-version VER   only those with this version; a delta needs it
  --at-once N              update at most N machines at a time
  --stop-after-failures N  offer nothing after N failures (default: 1, with
                           --at-once)
  --silent-after TIME      give a machine's place to another after this silence
                           (default: 1h)
Watching them:
  --status                 show all machines at /status, to anyone who connects
  --events json            write events to standard output, one object a line
  --expect FILE            the ids or aliases of the machines, one a line
  --state-dir DIR          remember the machines across restarts
  --ready-file FILE        write the address to FILE once the server is ready
When to stop:
  --until-updated N|all    exit 0 when N, or all expected, are updated
  --deadline TIME          exit 3 after this time, such as 90s, 30m or 2h
  --fail-fast              exit 4 when a machine fails
Limits:
  --max-connections N      maximum number of connections (default: 1000)
  --idle-timeout TIME      close a connection that sends no complete request
                           for this long (default: 30s)
  --min-rate BYTES         close downloads slower than this, in bytes a second
                           (default: 1000)
Others:
  --help, --version
";

/// What is offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// One update.
    Package(PackageSource),
    /// A directory of updates.
    Updates(PathBuf),
}

/// The files of one update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageSource {
    pub file: PathBuf,
    /// What the operating system's package is called, whatever its file is.
    pub name: PackageName,
    pub version: Version,
    pub extensions: Vec<PathBuf>,
    /// The only version that the update is for.
    pub previous_version: Option<Version>,
}

/// How to serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    pub source: Source,
    /// None for the default.
    pub listen_address: Option<ListenAddress>,
    /// What the packages must be signed with.
    pub key: Option<PathBuf>,
    pub skip_payload_check: bool,
    pub package_url: Option<Codebase>,
    pub force: bool,
    pub until_updated: Option<Until>,
    /// Where the machines are named that are expected.
    pub expect: Option<PathBuf>,
    /// The boards to offer it to, or none for all.
    pub boards: Vec<String>,
    pub at_once: Option<usize>,
    pub stop_after_failures: Option<usize>,
    pub silent_after: Duration,
    /// Whether everybody may see how the machines are.
    pub status: bool,
    pub state_dir: Option<PathBuf>,
    pub deadline: Option<Duration>,
    pub fail_fast: bool,
    /// Whether what happens goes to standard output as JSON.
    pub events: bool,
    pub ready_file: Option<PathBuf>,
    pub limits: Limits,
}

pub const UPDATES: &str = "--updates";
pub const PACKAGE_FILE: &str = "--package-file";
const PACKAGE_NAME: &str = "--package-name";
const PACKAGE_VERSION: &str = "--package-version";
const LISTEN_ADDRESS: &str = "--listen-address";
pub const EXTENSION: &str = "--extension";
const KEY: &str = "--key";
const PREVIOUS_VERSION: &str = "--previous-version";
const SKIP_PAYLOAD_CHECK: &str = "--skip-payload-check";
const PACKAGE_URL: &str = "--package-url";
const FORCE: &str = "--force";
const UNTIL_UPDATED: &str = "--until-updated";
const EXPECT: &str = "--expect";
const BOARD: &str = "--board";
const AT_ONCE: &str = "--at-once";
const STOP_AFTER_FAILURES: &str = "--stop-after-failures";
const SILENT_AFTER: &str = "--silent-after";
const STATUS: &str = "--status";
const STATE_DIR: &str = "--state-dir";
const DEADLINE: &str = "--deadline";
const FAIL_FAST: &str = "--fail-fast";
const EVENTS: &str = "--events";
const READY_FILE: &str = "--ready-file";
const MAX_CONNECTIONS: &str = "--max-connections";
const IDLE_TIMEOUT: &str = "--idle-timeout";
const MIN_RATE: &str = "--min-rate";

/// The name that go-omaha's clients and scripts know.
const DEFAULT_NAME: &str = "update.gz";

pub static FLAGS: Flags = Flags {
    valued: &[
        UPDATES,
        PACKAGE_FILE,
        PACKAGE_NAME,
        PACKAGE_VERSION,
        LISTEN_ADDRESS,
        EXTENSION,
        KEY,
        PREVIOUS_VERSION,
        PACKAGE_URL,
        UNTIL_UPDATED,
        EXPECT,
        BOARD,
        AT_ONCE,
        STOP_AFTER_FAILURES,
        SILENT_AFTER,
        STATE_DIR,
        DEADLINE,
        EVENTS,
        READY_FILE,
        MAX_CONNECTIONS,
        IDLE_TIMEOUT,
        MIN_RATE,
    ],
    // go-omaha's.
    single_dash: &[PACKAGE_FILE, PACKAGE_VERSION, LISTEN_ADDRESS],
    repeatable: &[EXTENSION, BOARD],
    switches: &[FORCE, FAIL_FAST, STATUS, SKIP_PAYLOAD_CHECK, "--help", "--version"],
};

/// Reads the arguments that follow the program's name.
///
/// # Errors
///
/// The first thing that is wrong.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, UsageError> {
    let arguments = FLAGS.read(arguments)?;
    if arguments.contains("--help") {
        return Ok(Command::Help(HELP));
    }
    if arguments.contains("--version") {
        return Ok(Command::Version);
    }

    let package_source = package_source(&arguments);
    let updates = path(&arguments, UPDATES)?;
    let of_package = [PACKAGE_FILE, PACKAGE_NAME, PACKAGE_VERSION, EXTENSION, PREVIOUS_VERSION];
    let of_package = of_package.into_iter().find(|flag| arguments.values(flag).next().is_some());
    let listen_address = parsed(&arguments, LISTEN_ADDRESS)?;
    let key = path(&arguments, KEY)?;
    let skip_payload_check = arguments.contains(SKIP_PAYLOAD_CHECK);
    let package_url: Option<Codebase> = parsed(&arguments, PACKAGE_URL)?;
    let force = arguments.contains(FORCE);
    let fail_fast = arguments.contains(FAIL_FAST);
    let status = arguments.contains(STATUS);
    let until_updated: Option<Until> = parsed(&arguments, UNTIL_UPDATED)?;
    let expect = path(&arguments, EXPECT)?;
    let boards = texts(&arguments, BOARD);
    if let Some(board) = boards.iter().find(|board| board.contains([',', ' '])) {
        let (value, reason) = (board.clone(), "repeat --board for each".to_owned());
        return Err(UsageError::Value { flag: BOARD, value, reason });
    }
    let at_once: Option<Count> = parsed(&arguments, AT_ONCE)?;
    let stop_after_failures: Option<Count> = parsed(&arguments, STOP_AFTER_FAILURES)?;
    let silent_after: Option<Span> = parsed(&arguments, SILENT_AFTER)?;
    let state_dir = path(&arguments, STATE_DIR)?;
    let deadline: Option<Span> = parsed(&arguments, DEADLINE)?;
    let events: Option<EventFormat> = parsed(&arguments, EVENTS)?;
    let ready_file = path(&arguments, READY_FILE)?;
    let max_connections: Option<Count> = parsed(&arguments, MAX_CONNECTIONS)?;
    let idle_timeout: Option<Span> = parsed(&arguments, IDLE_TIMEOUT)?;
    let min_rate: Option<ByteRate> = parsed(&arguments, MIN_RATE)?;
    let defaults = Limits::default();
    let limits = defaults
        .with_max_connections(max_connections.map_or(defaults.max_connections, |count| count.0))
        .with_idle_timeout(idle_timeout.map_or(defaults.idle_timeout, |span| span.0))
        .with_min_rate(min_rate.map_or(defaults.min_rate, |rate| rate.0));
    arguments.finish()?;
    let source = match (updates, of_package) {
        (Some(_), Some(flag)) => return Err(UsageError::Together(UPDATES, flag)),
        (Some(directory), None) => Source::Updates(directory),
        (None, _) => Source::Package(package_source?),
    };
    if skip_payload_check && key.is_some() {
        return Err(UsageError::Together(KEY, SKIP_PAYLOAD_CHECK));
    }
    if until_updated == Some(Until::Expected) && expect.is_none() {
        return Err(UsageError::Value {
            flag: UNTIL_UPDATED,
            value: "all".to_owned(),
            reason: "name the machines with --expect FILE".to_owned(),
        });
    }
    if let Some(url) = package_url.as_ref().filter(|url| url.is_path()) {
        return Err(UsageError::Value {
            flag: PACKAGE_URL,
            value: url.to_string(),
            reason: "it must begin with http:// or https://".to_owned(),
        });
    }
    Ok(Command::Serve(Box::new(Settings {
        source,
        listen_address,
        key,
        skip_payload_check,
        package_url,
        force,
        until_updated,
        expect,
        boards,
        // One failure may be one of many to come.
        stop_after_failures: stop_after_failures
            .map(|count| count.0)
            .or(at_once.as_ref().map(|_| 1)),
        at_once: at_once.map(|count| count.0),
        silent_after: silent_after.map_or(Rules::default().silent_after, |span| span.0),
        status,
        state_dir,
        deadline: deadline.map(|span| span.0),
        fail_fast,
        events: events.is_some(),
        ready_file,
        limits,
    })))
}

/// What says which one update is served.
fn package_source(arguments: &Arguments) -> Result<PackageSource, UsageError> {
    let file = payload(arguments, PACKAGE_FILE)?;
    let previous: Option<OfferedVersion> = parsed(arguments, PREVIOUS_VERSION)?;
    let previous_version = previous.map(|previous| previous.0);
    let name: Option<PackageName> = parsed(arguments, PACKAGE_NAME)?;
    let version: Option<OfferedVersion> = parsed(arguments, PACKAGE_VERSION)?;
    let file = file.ok_or(UsageError::Required("--package-file or --updates"))?;
    let version = version.ok_or(UsageError::Required(PACKAGE_VERSION))?.0;
    if let Some(previous) = &previous_version
        && (*previous == version || *previous > version && !arguments.contains(FORCE))
    {
        return Err(UsageError::Value {
            flag: PREVIOUS_VERSION,
            value: previous.to_string(),
            reason: "must be older than --package-version, or newer with --force".to_owned(),
        });
    }
    Ok(PackageSource {
        extensions: payloads(arguments, EXTENSION)?,
        previous_version,
        file,
        name: match name {
            Some(name) => name,
            None => DEFAULT_NAME.parse().map_err(|_| UsageError::Required(PACKAGE_NAME))?,
        },
        version,
    })
}

impl FromStr for Until {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "all" {
            return Ok(Self::Expected);
        }
        let count = text.parse().map(|Count(count)| Self::Number(count));
        count.map_err(|_| "must be a whole number, at least 1, or all")
    }
}

/// The version of the payload. The message of [`Version`] explains its parts,
/// which is too much for who typed something else.
pub struct OfferedVersion(pub Version);

impl FromStr for OfferedVersion {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(|_| "not a version, such as 4152.2.0")
    }
}

/// How events are written.
pub struct EventFormat;

impl FromStr for EventFormat {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "json" { Ok(Self) } else { Err("the only format is json") }
    }
}

#[cfg(test)]
mod tests;
