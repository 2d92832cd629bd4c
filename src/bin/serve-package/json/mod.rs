//! JSON: written, one object a line, and read, as much as `/status.json` of
//! another server needs.
//!
//! The reader is our own because it is small: in the static binary it and all
//! that reads `/status.json` with it cost what the module [`read`] says. It is
//! compared with `serde_json` in property tests.

mod read;
mod write;

pub use read::{Reader, Unreadable, read};
pub use write::{Object, list, text};
