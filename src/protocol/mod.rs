//! The vocabulary: requests, responses and codes, and their XML form.
//!
//! The types mirror Google's *Omaha Server Protocol V3* and the extensions of
//! `update_engine` as Container Linux and Flatcar use it. Names follow the
//! specification; where the name on the wire differs, the field's
//! documentation gives it in brackets. Nothing here depends on HTTP, except for
//! the content type, or of files, and nothing decides about updates.
//!
//! The structs may get further fields, so they are made by their constructors
//! and `add_…` methods, or from their defaults, and their fields are set after
//! that. Elements and attributes that the protocol does not have are dropped
//! when a document is read: documents are not passed on as they were read, and
//! what a stranger sends should not take memory or end up in another document.
//! To get them, read the document with an XML parser.
//!
//! With the feature `serde`, a [`Request`], a [`Response`] and everything in
//! them can be serialized in other forms than Omaha's XML, such as JSON. The
//! names are those of the fields here, statuses and versions are texts, codes
//! numbers, digests hex. What is absent when it is read has its default, and
//! what is not known is ignored.
//!
//! ```
//! use omaha::protocol::Request;
//!
//! let document = br#"<request protocol="3.0"><app appid="{x}" version="1.0.0"><updatecheck/></app></request>"#;
//! let request = Request::read(&document[..])?;
//! assert!(request.apps[0].update_check.is_some());
//! # Ok::<(), omaha::protocol::ReadError>(())
//! ```

mod codes;
mod error_code;
mod other_text;
mod parse;
pub mod request;
pub mod response;
#[cfg(feature = "serde")]
mod serde_form;
mod setters;
#[cfg(feature = "server")]
pub(crate) mod unreadable;
mod version_text;
pub(crate) mod xml;

pub use codes::{AckStatus, AppStatus, EventResult, EventType, UpdateStatus};
pub use error_code::{ErrorCode, ErrorFlag};
pub use other_text::OtherText;
pub use parse::ParseError;
pub use request::Request;
pub use response::Response;
pub use version_text::VersionText;
pub use xml::{ReadError, ReadErrorKind, limits};

pub use crate::media_type::ContentTypeError;

/// The version of the protocol. There is one; a document that names another
/// is refused when it is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Protocol {
    /// `3.0`
    #[default]
    V3,
}

impl Protocol {
    /// The text on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V3 => "3.0",
        }
    }
}
