//! `serve-package check`: the command line of checking.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use omaha::client::HttpUrl;

use super::{Command, Count, Flags, Span, UsageError, parsed, path, server};

/// What its `--help` prints.
pub const HELP: &str = "\
Asks an update server what it offers, as a machine would, and reports what
would make real machines fail. Works with any Omaha server for Flatcar and
Container Linux.

Usage: serve-package check URL [OPTION]...

  URL                what a machine has as SERVER=; if it has no path, check
                     asks /v1/update/, which a machine does not do
  --app-version VER  the version that is installed (default: 0.0.0)
  --app-id ID        the application
                     (default: {e96281a6-d1af-4bde-9a0a-97b76e56dc57})
  --track NAME       the channel (default: stable)
  --board NAME       the board (default: amd64-usr; the other is arm64-usr)
  --oem NAME         the OEM, such as azure (default: none)
  --machine-id ID    the machine's id (default: 32 zeros, which serve-package
                     does not count)
  --download DIR     fetch every package into DIR and verify it: its digests,
                     and that it is a complete payload of the expected kind
  --key PEM          the public key that every package must be signed with
                     (only with --download)
  --skip-payload-check
                     verify the digests only (only with --download)
  --no-events        report nothing to the server; the check itself may still
                     count in a roll-out, as it does in Nebraska's
  --strict           warnings are failures
  --tries N          how many times to try each request (default: 1); a
                     download that was cut is always resumed
  --timeout TIME     how long to wait, such as 5s or 2m (default: 30s)
  --json             print one JSON object instead of text
  --help

With --download, a completed update is reported to the server, unless
--no-events is given.

Exit status: 0 an update is offered (and verified), 3 no update, 1 failure,
2 wrong usage, 130 SIGINT, 143 SIGTERM.
";

/// What to check, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckSettings {
    /// The value of `SERVER=`, perhaps without a path.
    pub server: HttpUrl,
    pub app_id: String,
    pub app_version: String,
    pub track: String,
    pub board: String,
    pub oem: String,
    pub machine_id: String,
    pub download: Option<PathBuf>,
    /// What the packages must be signed with.
    pub key: Option<PathBuf>,
    pub skip_payload_check: bool,
    pub events: bool,
    pub strict: bool,
    pub tries: u32,
    pub timeout: Duration,
    pub json: bool,
}

const APP_ID: &str = "--app-id";
const APP_VERSION: &str = "--app-version";
const TRACK: &str = "--track";
const BOARD: &str = "--board";
const OEM: &str = "--oem";
const MACHINE_ID: &str = "--machine-id";
const DOWNLOAD: &str = "--download";
const KEY: &str = "--key";
const SKIP_PAYLOAD_CHECK: &str = "--skip-payload-check";
const NO_EVENTS: &str = "--no-events";
const STRICT: &str = "--strict";
const TRIES: &str = "--tries";
const TIMEOUT: &str = "--timeout";
const JSON: &str = "--json";

pub static FLAGS: Flags = Flags {
    valued: &[APP_ID, APP_VERSION, TRACK, BOARD, OEM, MACHINE_ID, DOWNLOAD, KEY, TRIES, TIMEOUT],
    single_dash: &[],
    repeatable: &[],
    switches: &[SKIP_PAYLOAD_CHECK, NO_EVENTS, STRICT, JSON, "--help"],
};

/// How long a person waits, not a machine.
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(30);

/// Container Linux's, and Flatcar's.
const CONTAINER_LINUX: &str = "{e96281a6-d1af-4bde-9a0a-97b76e56dc57}";

/// In the form of a machine's id, and no machine's.
const NO_MACHINE: &str = "00000000000000000000000000000000";

/// Reads the arguments that follow `check`.
///
/// # Errors
///
/// The first thing that is wrong.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, UsageError> {
    let mut arguments = FLAGS.read(arguments)?;
    if arguments.contains("--help") {
        return Ok(Command::Help(HELP));
    }
    let text =
        |flag, default: &str| Ok(parsed(&arguments, flag)?.unwrap_or_else(|| default.to_owned()));
    let app_id = text(APP_ID, CONTAINER_LINUX)?;
    let app_version = text(APP_VERSION, "0.0.0")?;
    let track = text(TRACK, "stable")?;
    let board = text(BOARD, "amd64-usr")?;
    let oem = text(OEM, "")?;
    let machine_id = text(MACHINE_ID, NO_MACHINE)?;
    let download = path(&arguments, DOWNLOAD)?;
    let key = path(&arguments, KEY)?;
    let skip_payload_check = arguments.contains(SKIP_PAYLOAD_CHECK);
    let tries: Option<Count> = parsed(&arguments, TRIES)?;
    let timeout: Option<Span> = parsed(&arguments, TIMEOUT)?;
    let events = !arguments.contains(NO_EVENTS);
    let strict = arguments.contains(STRICT);
    let json = arguments.contains(JSON);

    let url = arguments.take_operand();
    arguments.finish()?;
    if skip_payload_check && key.is_some() {
        return Err(UsageError::Together(KEY, SKIP_PAYLOAD_CHECK));
    }
    if download.is_none() && (skip_payload_check || key.is_some()) {
        let flag = if skip_payload_check { SKIP_PAYLOAD_CHECK } else { KEY };
        return Err(UsageError::Needs(flag, DOWNLOAD));
    }
    Ok(Command::Check(Box::new(CheckSettings {
        server: server(&url.ok_or(UsageError::Required("URL"))?)?,
        app_id,
        app_version,
        track,
        board,
        oem,
        machine_id,
        download,
        key,
        skip_payload_check,
        events,
        strict,
        tries: tries.map_or(1, |count| u32::try_from(count.0).unwrap_or(u32::MAX)),
        timeout: timeout.map_or(TIMEOUT_DEFAULT, |span| span.0),
        json,
    })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::testing::arguments;

    fn settings(line: &str) -> CheckSettings {
        match parse(arguments(line)) {
            Ok(Command::Check(settings)) => *settings,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn defaults() {
        let settings = settings("http://localhost:8000");
        assert_eq!(settings.server.to_string(), "http://localhost:8000/");
        assert_eq!((&*settings.app_id, &*settings.app_version), (CONTAINER_LINUX, "0.0.0"));
        assert_eq!(
            (&*settings.track, &*settings.board, &*settings.oem),
            ("stable", "amd64-usr", "")
        );
        assert_eq!(settings.machine_id.len(), 32);
        assert!(settings.events && !settings.strict && !settings.json);
        assert_eq!((settings.tries, settings.timeout.as_secs()), (1, 30));
        assert_eq!(settings.download, None);
    }

    #[test]
    fn everything() {
        let line = "--app-id a --app-version=ForcedUpdate --track t --board b --oem o \
                    http://h/x --machine-id m --download d --no-events --strict --json \
                    --tries 7 --timeout 2m";
        let settings = settings(line);
        assert_eq!(settings.server.to_string(), "http://h/x");
        let CheckSettings { app_id, app_version, track, board, oem, machine_id, .. } = &settings;
        let texts = [app_id, app_version, track, board, oem, machine_id];
        assert_eq!(texts, ["a", "ForcedUpdate", "t", "b", "o", "m"]);
        assert_eq!(settings.download, Some("d".into()));
        assert!(!settings.events && settings.strict && settings.json);
        assert_eq!((settings.tries, settings.timeout.as_secs()), (7, 120));
    }

    #[test]
    fn messages() {
        for (line, message) in [
            ("", "URL is required"),
            ("--json", "URL is required"),
            ("host:80", "URL \"host:80\": it must begin with http:// or https://"),
            ("http://a http://b", "unexpected argument \"http://b\""),
            ("http://a --nonsense", "there is no flag \"--nonsense\""),
            ("http://a -json", "there is no flag \"-json\"; write --json"),
            ("http://a --json --json", "--json is given more than once"),
            ("http://a --track", "--track needs a value"),
            ("http://a --track a --track b", "--track is given more than once"),
            ("http://a --tries 0", "--tries \"0\": must be a whole number, at least 1"),
            ("http://a --timeout 0s", "--timeout \"0s\": must be greater than zero"),
            ("http://a --timeout 30", "--timeout \"30\": needs a unit, such as 5s, 30m or 2h"),
            ("http://a --track=--json --track b", "--track is given more than once"),
            ("http://a --key k", "--key needs --download"),
            ("http://a --skip-payload-check", "--skip-payload-check needs --download"),
            ("help", "unexpected argument \"help\"; did you mean --help?"),
        ] {
            assert_eq!(parse(arguments(line)).unwrap_err().to_string(), message, "{line}");
        }
    }

    #[cfg(not(feature = "tls"))]
    #[test]
    fn https_is_refused_with_a_reason() {
        let error = parse(arguments("https://a")).unwrap_err().to_string();
        assert!(error.contains("built without TLS"), "{error}");
    }
}
