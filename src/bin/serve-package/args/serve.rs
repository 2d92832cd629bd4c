//! `serve-package`: the command line of serving.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use omaha::server::{Limits, ListenAddress};
use omaha::{Codebase, PackageName, Version};

use crate::goal::Until;
use crate::tracker::Rules;

use super::{Command, Count, Flags, Span, UsageError, parsed, path, paths, separate};

const HELP: &str = "\
Serves an operating-system update to update_engine (Container Linux, Flatcar).
Usage: serve-package --package-file FILE --package-version VERSION [OPTION]...
  --package-file FILE     the update payload
  --package-version VER   its version, such as 4152.2.0
  --package-name NAME     what it is called in its URL (default: update.gz)
  --extension FILE        an OEM or system extension beside it; repeatable
  --package-url URL       where machines fetch the packages instead of here
  --listen-address ADDR   HOST:PORT, [IPv6]:PORT or :PORT; port 0 is a free one
                          (default: localhost:8000)
Who gets it: --force, all that have another version; --board BOARD, only these
  --at-once N             at most N machines between offer and new version
  --stop-after-failures N, --silent-after TIME
                          when to stop, and who is given up (default: 1, 1h)
Who got it: --status, shows it to all at /status; --events json, tells programs
  --expect FILE           ids or aliases of the machines, one a line
  --state-dir DIR         keep what is known of machines across restarts
  --until-updated N|all   exit 0 when N, or all expected, are updated
  --deadline TIME, --fail-fast
                          exit 3 after 90s, 30m, 2h...; exit 4 when one fails
Others: --ready-file FILE, the address when it serves; --max-connections N,
  --idle-timeout TIME, --min-rate BYTES (default: 1000, 30s, 1000 a second);
  --help, --version; to try a server out: serve-package check --help
Example: serve-package --package-file flatcar_production_update.gz \\
                       --package-version 4152.2.0 --listen-address :8000
Then set SERVER=http://HOST:8000/v1/update/ in /etc/flatcar/update.conf.
";

/// How to serve.
#[derive(Debug, PartialEq, Eq)]
pub struct Settings {
    pub package_file: PathBuf,
    /// What the operating system's package is called, whatever its file is.
    pub package_name: PackageName,
    pub package_version: Version,
    pub listen_address: ListenAddress,
    pub extensions: Vec<PathBuf>,
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

const PACKAGE_FILE: &str = "--package-file";
const PACKAGE_NAME: &str = "--package-name";
const PACKAGE_VERSION: &str = "--package-version";
const LISTEN_ADDRESS: &str = "--listen-address";
const EXTENSION: &str = "--extension";
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

const FLAGS: Flags = Flags {
    valued: &[
        PACKAGE_FILE,
        PACKAGE_NAME,
        PACKAGE_VERSION,
        LISTEN_ADDRESS,
        EXTENSION,
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
    switches: &[FORCE, FAIL_FAST, STATUS],
};

/// Reads the arguments that follow the program's name.
///
/// # Errors
///
/// The first thing that is wrong.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, UsageError> {
    let mut arguments = pico_args::Arguments::from_vec(separate(arguments, &FLAGS)?);
    if arguments.contains(["-h", "--help"]) {
        return Ok(Command::Help(HELP));
    }
    if arguments.contains(["-V", "--version"]) {
        return Ok(Command::Version);
    }

    let package_file = path(&mut arguments, PACKAGE_FILE)?;
    let package_name: Option<PackageName> = parsed(&mut arguments, PACKAGE_NAME)?;
    let package_version = parsed(&mut arguments, PACKAGE_VERSION)?;
    let listen_address = parsed(&mut arguments, LISTEN_ADDRESS)?;
    let extensions = paths(&mut arguments, EXTENSION)?;
    let package_url: Option<Codebase> = parsed(&mut arguments, PACKAGE_URL)?;
    let force = arguments.contains(FORCE);
    let fail_fast = arguments.contains(FAIL_FAST);
    let status = arguments.contains(STATUS);
    let until_updated: Option<Until> = parsed(&mut arguments, UNTIL_UPDATED)?;
    let expect = path(&mut arguments, EXPECT)?;
    let boards = paths(&mut arguments, BOARD)?;
    let boards = boards.iter().map(|board| board.to_string_lossy().into_owned()).collect();
    let at_once: Option<Count> = parsed(&mut arguments, AT_ONCE)?;
    let stop_after_failures: Option<Count> = parsed(&mut arguments, STOP_AFTER_FAILURES)?;
    let silent_after: Option<Span> = parsed(&mut arguments, SILENT_AFTER)?;
    let state_dir = path(&mut arguments, STATE_DIR)?;
    let deadline: Option<Span> = parsed(&mut arguments, DEADLINE)?;
    let events: Option<EventFormat> = parsed(&mut arguments, EVENTS)?;
    let ready_file = path(&mut arguments, READY_FILE)?;
    let max_connections: Option<Count> = parsed(&mut arguments, MAX_CONNECTIONS)?;
    let idle_timeout: Option<Span> = parsed(&mut arguments, IDLE_TIMEOUT)?;
    let min_rate: Option<u64> = parsed(&mut arguments, MIN_RATE)?;
    let defaults = Limits::default();
    let limits = defaults
        .with_max_connections(max_connections.map_or(defaults.max_connections, |count| count.0))
        .with_idle_timeout(idle_timeout.map_or(defaults.idle_timeout, |span| span.0))
        .with_min_rate(min_rate.unwrap_or(defaults.min_rate));
    if let Some(left_over) = arguments.finish().into_iter().next() {
        return Err(FLAGS.refuse(left_over));
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
        package_file: package_file.ok_or(UsageError::Required(PACKAGE_FILE))?,
        package_name: match package_name {
            Some(name) => name,
            None => DEFAULT_NAME.parse().map_err(|_| UsageError::Required(PACKAGE_NAME))?,
        },
        package_version: package_version.ok_or(UsageError::Required(PACKAGE_VERSION))?,
        listen_address: listen_address.unwrap_or_default(),
        extensions,
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

impl FromStr for Until {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "all" {
            return Ok(Self::Expected);
        }
        let count: Count =
            text.parse().map_err(|_| "it must be a whole number, at least 1, or all")?;
        Ok(Self::Number(count.0))
    }
}

/// How events are written.
struct EventFormat;

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

    const BOTH: &str = "--package-file f --package-version 1.2.3 ";

    #[test]
    fn all_forms_of_go_omaha() {
        let expected = settings("--package-file f --package-version 1.2.3 --listen-address :80");
        assert_eq!(expected.package_file, PathBuf::from("f"));
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
        let settings = settings(BOTH);
        assert_eq!(settings.listen_address, ListenAddress::default());
        assert_eq!((settings.extensions.len(), settings.force), (0, false));
        assert_eq!(settings.package_url, None);
        assert_eq!(settings.package_name.as_str(), "update.gz");
    }

    #[test]
    fn the_rest() {
        let line =
            format!("{BOTH}--extension a.gz --force --extension=b.gz --package-url http://m/x");
        let settings = settings(&line);
        assert_eq!(settings.extensions, [PathBuf::from("a.gz"), PathBuf::from("b.gz")]);
        assert_eq!(settings.package_url.unwrap().as_str(), "http://m/x/");
        assert!(settings.force);
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
        for (flag, value) in [
            ("--until-updated", "0"),
            ("--until-updated", "-1"),
            ("--until-updated", "all"),
            ("--at-once", "0"),
            ("--stop-after-failures", "none"),
            ("--silent-after", "1"),
            ("--deadline", "90"),
            ("--deadline", "0s"),
            ("--deadline", "soon"),
            ("--events", "xml"),
            ("--max-connections", "0"),
            ("--idle-timeout", "1"),
            ("--min-rate", "1k"),
        ] {
            let error = parse(&format!("{BOTH}{flag} {value}")).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{flag} {value:?} is wrong: ")), "{error}");
        }
    }

    #[test]
    fn help_goes_before_everything() {
        assert_eq!(parse("--help"), Ok(Command::Help(HELP)));
        assert_eq!(parse("--nonsense -h"), Ok(Command::Help(HELP)));
        assert_eq!(parse("--version"), Ok(Command::Version));
    }

    #[test]
    fn messages() {
        for (line, message) in [
            ("", "--package-file is required"),
            ("--package-file f", "--package-version is required"),
            ("--package-file", "--package-file needs a value"),
            ("--package-file --package-version 1", "--package-file needs a value"),
            ("--package-file= --package-version 1", "--package-file needs a value"),
            ("--extension= ", "--extension needs a value"),
            (&format!("{BOTH}--package-file g"), "--package-file is given more than once"),
            (&format!("{BOTH}-package-file=g"), "--package-file is given more than once"),
            (&format!("{BOTH}--force --force"), "--force is given more than once"),
            (&format!("{BOTH}--verbose"), "there is no flag \"--verbose\""),
            (&format!("{BOTH}-extension x"), "there is no flag \"-extension\""),
            (&format!("{BOTH}more"), "\"more\" is left over; every value needs its flag"),
            (
                &format!("{BOTH}--package-url ftp://x"),
                "--package-url \"ftp://x\" is wrong: it must begin with http:// or https://",
            ),
            (
                &format!("{BOTH}--package-url /packages/"),
                "--package-url \"/packages/\" is wrong: it must begin with http:// or https://",
            ),
            (
                &format!("{BOTH}--listen-address 8000"),
                "--listen-address \"8000\" is wrong: the port is missing; \
                 write HOST:PORT, such as localhost:8000",
            ),
        ] {
            assert_eq!(parse(line).unwrap_err().to_string(), message, "{line}");
        }
        let error = parse("--package-file f --package-version latest").unwrap_err().to_string();
        assert!(error.starts_with("--package-version \"latest\" is wrong: "), "{error}");
    }

    #[test]
    fn help_fits_a_screen() {
        assert!(HELP.lines().count() <= 25, "{} lines", HELP.lines().count());
        assert!(HELP.lines().all(|line| line.len() <= 80));
        for flag in FLAGS.valued.iter().chain(FLAGS.switches) {
            assert!(HELP.contains(flag), "{flag}");
        }
    }
}
