//! JSON: written, one object a line, and read, as much as `/status.json` of
//! another server needs.
//!
//! The reader is our own because it is small, allocates nothing that is not
//! kept, and takes a document of 64 MB without a tree of it. Measured with
//! `opt-level = "z"` and LTO, in a program that reads `/status.json` into
//! structs: ours adds 13 KB, `miniserde` 21 KB, `serde_json` 50 KB, `nanoserde`
//! 58 KB, `tinyjson` 67 KB (and has numbers as `f64` only). Property tests
//! compare it with `serde_json`.

mod read;
mod write;

pub use read::{Reader, Unreadable, read};
pub use write::{Object, list, text};
