//! What the tests of all commands begin with.

use std::ffi::OsString;

/// The words of a command line, without quotes.
pub fn words(line: &str) -> impl Iterator<Item = OsString> {
    line.split_whitespace().map(OsString::from)
}
