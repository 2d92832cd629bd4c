//! HTTP/1.1 as bytes: what a request says, and how a response is written. No
//! sockets, no files, no policy.

pub(crate) mod body;
pub(crate) mod conditions;
pub(crate) mod date;
#[cfg(fuzzing)]
pub mod fuzzing;
pub(crate) mod head;
pub(crate) mod range;
pub(crate) mod response;
pub(crate) mod target;
