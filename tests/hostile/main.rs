//! Attacks on the running binary, and faults of the system under it.
//!
//! During each attack, four things must hold: a well-behaved client's
//! update check is answered within a second, a slow download that is under way
//! continues and arrives whole, the process lives, and afterwards memory
//! and descriptors return to within 20 % of what they were. The server never has
//! another thread than at its start ([`stage`]).
//!
//! By default everything is of a size that suits a small machine that also does
//! something else. `make hostile` plays everything at full size, one after
//! another, against the release binary, and prints a table. See [`scale`] for
//! what can be set.
//!
//! Everything stays on the loopback interface, and every attack is bounded in
//! number and time.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
mod common;

#[path = "../xml_limits/hostile/mod.rs"]
mod documents;

/// The largest document that the server takes.
const DOCUMENT_SIZE: usize = 64 * 1024;

mod crowd;
mod honest;
mod preload;
mod scale;
mod stage;
mod usage;

mod bodies;
mod bombs;
mod clock;
mod disk;
mod heads;
mod idle;
mod limits;
mod network;
mod nonsense;
mod output;
mod panics;
mod resets;
mod signals;
mod unread;
