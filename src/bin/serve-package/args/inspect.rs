//! `serve-package inspect`: the command line of inspecting.

use std::ffi::OsString;
use std::path::PathBuf;

use super::{Command, Flags, UsageError, path, payload_file};

/// What its `--help` prints.
pub const HELP: &str = "\
Tells what each file is, whether it is a complete and undamaged update payload,
and who signed it.

Usage: serve-package inspect FILE... [OPTION]...

  --key PEM   the public key that must have signed it (default: on a Flatcar
              machine, /usr/share/update_engine/update-payload-key.pub.pem)
  --json      print a JSON object for each file instead of text
  --help

A FILE.sha256 beside a file, as the release server has it, must agree.

Exit status: 0 every file is right, 1 one is not, 2 wrong usage.
";

/// What to inspect, and how.
#[derive(Debug, PartialEq, Eq)]
pub struct InspectSettings {
    pub files: Vec<PathBuf>,
    pub key: Option<PathBuf>,
    pub json: bool,
}

const KEY: &str = "--key";
const JSON: &str = "--json";

pub static FLAGS: Flags =
    Flags { valued: &[KEY], single_dash: &[], repeatable: &[], switches: &[JSON, "--help"] };

/// Reads the arguments that follow `inspect`.
///
/// # Errors
///
/// The first thing that is wrong.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, UsageError> {
    let mut arguments = FLAGS.read(arguments)?;
    if arguments.contains("--help") {
        return Ok(Command::Help(HELP));
    }
    let key = path(&arguments, KEY)?;
    let json = arguments.contains(JSON);
    let files = arguments.take_operands().map(|file| payload_file("FILE", &file));
    let files = files.collect::<Result<Vec<_>, _>>()?;
    arguments.finish()?;
    if files.is_empty() {
        return Err(UsageError::Required("FILE"));
    }
    Ok(Command::Inspect(InspectSettings { files, key, json }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::testing::arguments;

    #[test]
    fn everything() {
        let expected = |key: Option<&str>, json| {
            let files = vec!["a.gz".into(), "b.gz".into()];
            Ok(Command::Inspect(InspectSettings { files, key: key.map(PathBuf::from), json }))
        };
        assert_eq!(parse(arguments("a.gz b.gz")), expected(None, false));
        assert_eq!(parse(arguments("a.gz --key k b.gz --json")), expected(Some("k"), true));
        assert_eq!(parse(arguments("--key=k a.gz b.gz")), expected(Some("k"), false));
    }

    #[test]
    fn messages() {
        for (line, message) in [
            ("", "FILE is required"),
            ("--json", "FILE is required"),
            ("a --key", "--key needs a value"),
            ("a --key k --key l", "--key is given more than once"),
            ("a --json --json", "--json is given more than once"),
            (
                "a HTTP://b/c.gz",
                "FILE \"HTTP://b/c.gz\": this is a URL; download the payload first, and name the file",
            ),
            ("a --all", "there is no flag \"--all\""),
        ] {
            assert_eq!(parse(arguments(line)).unwrap_err().to_string(), message, "{line}");
        }
    }
}
