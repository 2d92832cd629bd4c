//! What the integration tests share: the binary as a running process, HTTP
//! byte by byte, and files to serve.
//!
//! Nothing here sleeps to let something happen. Whatever is waited for has a
//! deadline of [`PATIENCE`], which is there to end a test that would hang, not
//! to measure anything.
#![allow(dead_code, reason = "each file of tests uses a part of this")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

pub mod dated;
pub mod http;
pub mod payload;
pub mod script;
pub mod server;
pub mod tool;

use std::time::{Duration, Instant};

/// How long anything may take on a slow and busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How long a start may take, which is when packages are hashed: there is one
/// of 5 GiB, and processors without SHA instructions.
pub const START_PATIENCE: Duration = Duration::from_secs(600);

/// The version that the tests serve.
pub const OFFERED: &str = "4152.2.0";

/// The application of the fixtures.
pub const APP: &str = "{7d3f1a52-0c64-4f0e-9a41-5b1f2c90e6d3}";

/// How the log calls the machine of the fixtures.
pub const MACHINE: &str = "machine rack-2-node-7 c0ffee5e1f3b4d2a9c7e80b1d2a3f405 at 127.0.0.1";

/// A request of `fixtures/requests`.
pub fn fixture(name: &str) -> Vec<u8> {
    let path = format!("{}/fixtures/requests/{name}.xml", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The payload that comes with the project.
pub const UPDATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/update.gz");

/// The extension that comes with the project.
pub const EXTENSION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/oem-fixture.gz");

/// Asks again and again until there is an answer. For conditions that nothing
/// announces.
///
/// # Panics
///
/// When there is none for too long.
pub fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited too long: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
