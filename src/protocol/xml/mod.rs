//! Documents: requests and responses as XML, read within bounds and written.
//!
//! This is the only place that knows the `xml` crate. A document passes
//! through three layers, each of which can refuse it:
//!
//! * `source` hands single bytes to the parser. It knows the encoding, the
//!   size of the document and of its pieces, and stops at a document type
//!   declaration before the parser sees it.
//! * `reader` turns the parser's events into elements, and `meter` counts them.
//! * `read_request` and `read_response` fill the types of this crate and
//!   check that values are what they should be.
//!
//! The client's validator looks at a document as it is written: `tree`.
//!
//! Writing needs no such care: `writer` produces one form of element, and
//! `write_request` and `write_response` say what goes into it.

mod attributes;
mod error;
mod escape;
mod excerpt;
pub mod limits;
mod meter;
mod prolog;
mod read_request;
mod read_response;
mod reader;
mod source;
#[cfg(test)]
mod tests;
#[cfg(feature = "client")]
mod tree;
mod update_file;
mod write_request;
mod write_response;
mod writer;

pub use error::{ReadError, ReadErrorKind};
#[cfg(feature = "client")]
pub(crate) use tree::Node;
pub(crate) use update_file::UpdateFile;
