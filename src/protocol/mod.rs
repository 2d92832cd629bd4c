//! The vocabulary: requests, responses and codes, and their XML form.
//!
//! The types mirror Google's *Omaha Server Protocol V3* and the extensions of
//! `update_engine` as Container Linux and Flatcar use it. Names follow the
//! specification; where the name on the wire differs, the field's
//! documentation gives it in brackets. Nothing here knows of HTTP or files,
//! and nothing decides about updates.
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
pub mod request;
pub mod response;
mod version_text;
pub(crate) mod xml;

pub use codes::{AckStatus, AppStatus, EventResult, EventType, UpdateStatus};
pub use error_code::{ErrorCode, ErrorFlag};
pub use request::Request;
pub use response::Response;
pub use version_text::VersionText;
pub use xml::{ReadError, ReadErrorKind, limits};

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
