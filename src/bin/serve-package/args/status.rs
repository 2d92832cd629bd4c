//! `serve-package status`: the command line of looking at several servers.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use omaha::client::HttpUrl;

use super::{Command, Flags, Span, UsageError, parsed, server};

/// What `status --help` prints.
pub const HELP: &str = "\
Shows the machines of several servers in one table: each machine once, as
reported by the server that heard from it last.

Usage: serve-package status URL... [OPTION]...

  URL             a server that shows its status, such as http://rack-1:8000;
                  without a path, /status.json is added
  --expect FILE   the ids or aliases of the machines that must be updated, one a
                  line; repeatable (default: every machine that a server knows,
                  and those that the servers expect)
  --timeout TIME  how long each server may take, such as 5s or 2m (default: 10s)
  --json          print one object, as /status.json has it, instead of a table
  --help

Exit status: 0 the machines are updated, wait for their reboot, or are up to
date; 1 not all of them, or none is known, or a server cannot be read; 2 wrong
usage.
";

/// Whom to ask, and for whom.
#[derive(Debug, PartialEq, Eq)]
pub struct StatusSettings {
    pub servers: Vec<HttpUrl>,
    /// Where the machines are named that must be updated; if nowhere, all must.
    pub expect: Vec<PathBuf>,
    pub timeout: Duration,
    pub json: bool,
}

const EXPECT: &str = "--expect";
const TIMEOUT: &str = "--timeout";
const JSON: &str = "--json";

pub static FLAGS: Flags = Flags {
    valued: &[EXPECT, TIMEOUT],
    single_dash: &[],
    repeatable: &[EXPECT],
    switches: &[JSON, "--help"],
};

/// A server that is up answers within milliseconds, and the others are waited
/// for.
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(10);

/// Reads the arguments that follow `status`.
///
/// # Errors
///
/// The first thing that is wrong.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, UsageError> {
    let mut arguments = FLAGS.read(arguments)?;
    if arguments.contains("--help") {
        return Ok(Command::Help(HELP));
    }
    let expect = arguments.values(EXPECT).map(PathBuf::from).collect();
    let timeout: Option<Span> = parsed(&arguments, TIMEOUT)?;
    let json = arguments.contains(JSON);
    let servers: Vec<_> = arguments.take_operands().collect();
    arguments.finish()?;
    let servers: Vec<_> = servers.iter().map(|url| server(url)).collect::<Result<_, _>>()?;
    if servers.is_empty() {
        return Err(UsageError::Required("URL"));
    }
    let timeout = timeout.map_or(TIMEOUT_DEFAULT, |span| span.0);
    Ok(Command::Status(StatusSettings { servers, expect, timeout, json }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::testing::arguments;

    #[test]
    fn everything() {
        let line = "http://a:1 --expect x --json http://b/p/status.json --expect=y --timeout 2m";
        let expected = StatusSettings {
            servers: vec!["http://a:1".parse().unwrap(), "http://b/p/status.json".parse().unwrap()],
            expect: vec!["x".into(), "y".into()],
            timeout: Duration::from_secs(120),
            json: true,
        };
        assert_eq!(parse(arguments(line)), Ok(Command::Status(expected)));
        let expected = StatusSettings {
            servers: vec!["http://a".parse().unwrap()],
            expect: Vec::new(),
            timeout: TIMEOUT_DEFAULT,
            json: false,
        };
        assert_eq!(parse(arguments("http://a")), Ok(Command::Status(expected)));
    }

    #[test]
    fn messages() {
        for (line, message) in [
            ("", "URL is required"),
            ("--json", "URL is required"),
            ("host:80", "URL \"host:80\": it must begin with http:// or https://"),
            ("http://a rack-2", "URL \"rack-2\": it must begin with http:// or https://"),
            ("http://a --expect", "--expect needs a value"),
            ("http://a --timeout 30", "--timeout \"30\": needs a unit, such as 5s, 30m or 2h"),
            ("http://a --json --json", "--json is given more than once"),
            ("http://a --strict", "there is no flag \"--strict\""),
        ] {
            assert_eq!(parse(arguments(line)).unwrap_err().to_string(), message, "{line}");
        }
    }
}
