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
  --updates DIR            the folders [CHANNEL/]BOARD/VERSION instead of a file
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
  --at-once N              at most N between the offer and the new version
  --stop-after-failures N  offer nothing after N failures (default: 1, with
                           --at-once)
  --silent-after TIME      how long a silent one keeps its place (default: 1h)
Watching them:
  --status                 show all machines at /status, to whoever connects
  --events json            write events to standard output, one object a line
  --expect FILE            the ids or aliases of the machines, one a line
  --state-dir DIR          remember the machines across restarts
  --ready-file FILE        write the address into this file once it serves
When to stop:
  --until-updated N|all    exit 0 when N, or all expected, are updated
  --deadline TIME          exit 3 after this time, such as 90s, 30m or 2h
  --fail-fast              exit 4 when a machine fails
Limits:
  --max-connections N      connections at a time (default: 1000)
  --idle-timeout TIME      for a complete request (default: 30s)
  --min-rate BYTES         a second, of each download (default: 1000)
Others:
  --help, --version
";

/// What is offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// One update.
    Package(PackageSource),
    /// A folder of updates.
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

static FLAGS: Flags = Flags {
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
        (Some(folder), None) => Source::Updates(folder),
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
    let name: Option<PackageName> = parsed(arguments, PACKAGE_NAME)?;
    let version: Option<OfferedVersion> = parsed(arguments, PACKAGE_VERSION)?;
    Ok(PackageSource {
        extensions: payloads(arguments, EXTENSION)?,
        previous_version: parsed(arguments, PREVIOUS_VERSION)?,
        file: file.ok_or(UsageError::Required("--package-file or --updates"))?,
        name: match name {
            Some(name) => name,
            None => DEFAULT_NAME.parse().map_err(|_| UsageError::Required(PACKAGE_NAME))?,
        },
        version: version.ok_or(UsageError::Required(PACKAGE_VERSION))?.0,
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
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command, UsageError> {
        super::parse(line.split(' ').filter(|word| !word.is_empty()).map(OsString::from))
    }

    fn settings(line: &str) -> Settings {
        match parse(line) {
            Ok(Command::Serve(settings)) => *settings,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn package(line: &str) -> PackageSource {
        match settings(line).source {
            Source::Package(source) => source,
            other @ Source::Updates(_) => panic!("{line}: {other:?}"),
        }
    }

    const BOTH: &str = "--package-file f --package-version 1.2.3 ";

    #[test]
    fn all_forms_of_go_omaha() {
        let expected = settings("--package-file f --package-version 1.2.3 --listen-address :80");
        assert!(matches!(&expected.source, Source::Package(source) if *source.file == *"f"));
        for line in [
            "-package-file f -package-version 1.2.3 -listen-address :80",
            "--package-file=f --package-version=1.2.3 --listen-address=:80",
            "-package-file=f -listen-address=:80 -package-version=1.2.3",
        ] {
            assert_eq!(settings(line), expected, "{line}");
        }
    }

    #[test]
    fn defaults() {
        let (source, settings) = (package(BOTH), settings(BOTH));
        assert_eq!(settings.listen_address, None);
        assert_eq!((source.extensions.len(), settings.force), (0, false));
        assert_eq!(settings.package_url, None);
        assert_eq!(source.name.as_str(), "update.gz");
    }

    #[test]
    fn the_rest() {
        let line =
            format!("{BOTH}--extension a.gz --force --extension=b.gz --package-url http://m/x");
        let (source, settings) = (package(&line), settings(&line));
        assert_eq!(source.extensions, [PathBuf::from("a.gz"), PathBuf::from("b.gz")]);
        assert_eq!(settings.package_url.unwrap().as_str(), "http://m/x/");
        assert!(settings.force);
    }

    #[test]
    fn payloads() {
        let line = format!("{BOTH}--key k.pem --previous-version=1.2.2");
        let (source, checked) = (package(&line), settings(&line));
        assert_eq!(checked.key, Some(PathBuf::from("k.pem")));
        assert_eq!(source.previous_version.unwrap().as_str(), "1.2.2");
        assert!(!checked.skip_payload_check);
        assert!(settings(&format!("{BOTH}--skip-payload-check")).skip_payload_check);
    }

    #[test]
    fn scripted_runs() {
        let line = format!(
            "{BOTH}--until-updated 2 --deadline 1h30m --fail-fast --events json --ready-file r \
             --max-connections 5 --idle-timeout 10s --min-rate 0"
        );
        let settings = settings(&line);
        assert_eq!((settings.until_updated, settings.fail_fast), (Some(Until::Number(2)), true));
        assert_eq!(settings.deadline, Some(Duration::from_secs(5400)));
        assert_eq!((settings.events, settings.ready_file), (true, Some("r".into())));
        let idle_timeout = Duration::from_secs(10);
        let limits = Limits::default()
            .with_max_connections(5)
            .with_idle_timeout(idle_timeout)
            .with_min_rate(0);
        assert_eq!(settings.limits, limits);
    }

    #[test]
    fn wrong_values() {
        const NUMBER: &str = "must be a whole number, at least 1";
        const OR_ALL: &str = "must be a whole number, at least 1, or all";
        const UNIT: &str = "needs a unit, such as 5s, 30m or 2h";
        const TIME: &str = "must be a time, such as 5s, 30m or 2h";
        const BYTES: &str = "must be a whole number of bytes, such as 1000";
        const SCHEME: &str = "it must begin with http:// or https://";
        const URL: &str = "this is a URL; download the payload first, and name the file";
        for (flag, value, reason) in [
            ("--until-updated", "0", OR_ALL),
            ("--until-updated", "-1", OR_ALL),
            ("--until-updated", "all", "name the machines with --expect FILE"),
            ("--at-once", "0", NUMBER),
            ("--stop-after-failures", "none", NUMBER),
            ("--silent-after", "1", UNIT),
            ("--deadline", "5", UNIT),
            ("--deadline", "0s", "must be greater than zero"),
            ("--deadline", "soon", TIME),
            ("--events", "xml", "the only format is json"),
            ("--max-connections", "0", NUMBER),
            ("--idle-timeout", "1", UNIT),
            ("--min-rate", "1k", BYTES),
            ("--min-rate", "-1", BYTES),
            ("--extension", "https://a/b.gz", URL),
            ("--package-url", "ftp://x", SCHEME),
            ("--package-url", "/packages/", SCHEME),
            ("--listen-address", "http://localhost:8000", "write HOST:PORT, without http://"),
            (
                "--listen-address",
                "8000",
                "the port is missing; write HOST:PORT, such as localhost:8000",
            ),
        ] {
            let error = parse(&format!("{BOTH}{flag} {value}")).unwrap_err().to_string();
            assert_eq!(error, format!("{flag} {value:?}: {reason}"));
        }
        let error = parse("--package-file f --package-version latest").unwrap_err().to_string();
        assert_eq!(error, "--package-version \"latest\": not a version, such as 4152.2.0");
        let error = parse("--package-file HTTP://a/b --package-version 1").unwrap_err().to_string();
        assert_eq!(error, format!("--package-file \"HTTP://a/b\": {URL}"));
        let error = parse(&format!("{BOTH}--package-name a:b")).unwrap_err().to_string();
        assert!(
            error.starts_with("--package-name: \"a:b\" cannot be the name of a package: "),
            "{error}"
        );
    }

    #[test]
    fn help_goes_before_everything() {
        assert_eq!(parse("--help"), Ok(Command::Help(HELP)));
        assert_eq!(parse("--nonsense -h"), Ok(Command::Help(HELP)));
        assert_eq!(parse("--version"), Ok(Command::Version));
    }

    #[test]
    fn a_value_may_look_like_a_flag() {
        let line = "--package-file=--version --package-version 1 --extension=--help --force";
        let source = package(line);
        assert_eq!(source.file, PathBuf::from("--version"));
        assert_eq!(source.extensions, [PathBuf::from("--help")]);
    }

    #[test]
    fn a_folder_goes_without_what_is_about_one_update() {
        let settings = settings("--updates dir --force --board amd64-usr --key k");
        assert_eq!(settings.source, Source::Updates(PathBuf::from("dir")));
        for flag in [PACKAGE_FILE, PACKAGE_NAME, PACKAGE_VERSION, EXTENSION, PREVIOUS_VERSION] {
            let error = parse(&format!("--updates dir {flag} 1")).unwrap_err();
            assert_eq!(error.to_string(), format!("--updates and {flag} exclude each other"));
        }
    }

    #[test]
    fn messages() {
        for (more, message) in [
            ("--package-file", "--package-file needs a value"),
            ("--package-file --package-version 1", "--package-file needs a value"),
            ("--package-file -package-version 1", "--package-file needs a value"),
            ("--package-file= --package-version 1", "--package-file needs a value"),
            ("--extension= ", "--extension needs a value"),
            ("--package-file g", "--package-file is given more than once"),
            ("-package-file=g", "--package-file is given more than once"),
            ("--force --force", "--force is given more than once"),
            ("--force=yes", "--force takes no value"),
            ("--verbose", "there is no flag \"--verbose\""),
            ("-extension x", "there is no flag \"-extension\"; write --extension"),
            ("--extention x", "there is no flag \"--extention\"; did you mean --extension?"),
            ("--port=80", "there is no flag \"--port=80\"; did you mean --listen-address?"),
            (
                "--Package-File x",
                "there is no flag \"--Package-File\"; did you mean --package-file?",
            ),
            ("more", "unexpected argument \"more\""),
            ("help", "unexpected argument \"help\"; did you mean --help?"),
            (
                "--extension a.gz b.gz",
                "unexpected argument \"b.gz\"; repeat --extension for each file",
            ),
        ] {
            assert_eq!(parse(&format!("{BOTH}{more}")).unwrap_err().to_string(), message);
        }
        for (line, message) in [
            ("", "--package-file or --updates is required"),
            ("--package-file f", "--package-version is required"),
            ("help", "unexpected argument \"help\"; did you mean --help?"),
            (
                &format!("{BOTH}--key k --skip-payload-check"),
                "--key and --skip-payload-check exclude each other",
            ),
        ] {
            assert_eq!(parse(line).unwrap_err().to_string(), message, "{line}");
        }
    }

    #[test]
    fn help_fits_a_screen() {
        assert!((24..=50).contains(&HELP.lines().count()), "{} lines", HELP.lines().count());
        assert!(HELP.lines().all(|line| line.len() <= 80));
        for flag in FLAGS.valued.iter().chain(FLAGS.switches) {
            assert!(HELP.contains(flag), "{flag}");
        }
    }
}
