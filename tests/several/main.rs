//! Several servers that offer the same file: a machine that is answered by
//! another one each time, and the picture that they give together.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod answers;
#[path = "../common/mod.rs"]
mod common;
mod folder;
#[allow(dead_code, reason = "other tests use the rest")]
#[path = "../rack/machine.rs"]
mod machine;
mod status;
mod unreadable;

use common::OFFERED;
use common::payload::Directory;
use common::server::Server;

/// Servers, each with a copy of its own of the file, which is as old as the
/// copy is.
pub fn servers(
    directory: &Directory,
    content: &[u8],
    number: usize,
    flags: &[&str],
) -> Vec<Server> {
    let serve = |number: usize| {
        let path = directory.write(&format!("copy-{number}.gz"), content);
        // No two copies have the same time, as if each server had fetched it.
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_730_786_828);
        let time = time + std::time::Duration::from_secs(60 * number as u64);
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
        let path = path.to_str().unwrap();
        let own = ["--skip-payload-check", "--package-version", OFFERED, "--package-file", path];
        Server::start(own.iter().chain(flags))
    };
    (0..number).map(serve).collect()
}
