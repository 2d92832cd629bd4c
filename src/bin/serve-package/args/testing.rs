//! What the tests of all commands begin with.

use std::ffi::OsString;

/// The arguments of a command line, in which nothing is quoted.
pub fn arguments(line: &str) -> impl Iterator<Item = OsString> {
    line.split_whitespace().map(OsString::from)
}
