//! `serve-package update` on a pretended machine.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod asking;
#[path = "../common/mod.rs"]
mod common;
mod findings;
mod machine;
mod manual;
mod outcomes;
mod output;
mod payloads;
mod programs;
mod restoring;
mod signals;
