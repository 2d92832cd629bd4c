//! Programs that a test needs and that a machine may not have.

use std::env;
use std::io::{self, Write};

/// Whether a program is there. Where it is not, a test ends without having
/// shown anything; see [`not_shown`].
#[must_use]
pub fn has(program: &str, package: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    if env::split_paths(&path).any(|folder| folder.join(program).is_file()) {
        return true;
    }
    not_shown(&format!("{program} (on Debian: apt-get install {package})"));
    false
}

/// Reports that a test shows nothing, because something is missing.
///
/// # Panics
///
/// Where `CI` is `true`: there nothing is left out.
pub fn not_shown(needed: &str) {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    assert!(env::var_os("CI").is_none_or(|ci| ci != "true"), "{test} needs {needed}");
    // Past the harness, which shows only what failing tests print. In one
    // piece, because other tests write too.
    let line = format!("NOT SHOWN: {test} needs {needed}\n");
    let _ = io::stderr().write_all(line.as_bytes());
}
