//! `serve-package update` on a pretended machine.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod asking;
#[path = "../common/mod.rs"]
mod common;
mod findings;
mod given_up;
mod killed;
mod locksmithd;
mod machine;
mod manual;
mod masked;
mod outcomes;
mod output;
mod payloads;
mod programs;
mod restoring;
mod signals;
