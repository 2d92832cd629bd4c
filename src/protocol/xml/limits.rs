//! How much a document may hold.
//!
//! Requests come from anybody who can reach the port, and left to itself the
//! XML parser would spend minutes and gigabytes on a hostile megabyte. Within
//! these limits the worst document that is known takes 20 ms of a present-day
//! processor and 2.5 MiB of memory. A real one has 2 KiB, 12 elements, and 13
//! attributes on one of them.

/// Bytes of a document, from its beginning to the end of its root element.
/// The limit of every Omaha server known; what else there is takes less.
pub const DOCUMENT: usize = 1024 * 1024;

/// Bytes of a tag, or of everything between two tags: text, comments, white
/// space. The parser returns to us only at the end of such a piece, so this bounds
/// everything that it gathers on its own: declarations of namespaces, names of
/// entities, CDATA sections.
pub const PIECE: usize = 64 * 1024;

/// Elements within each other. The deepest that the protocol has is
/// `response/app/updatecheck/manifest/packages/package/metadata`, 7.
pub const DEPTH: usize = 16;

/// Elements and processing instructions of a document. Reading one takes about
/// a microsecond, and an `<app>` nearly a kilobyte. Enough for a hundred
/// applications, or for several hundred packages.
pub const ELEMENTS: usize = 1024;

/// Attributes of an element. The `<app>` of `update_engine` has 13.
pub const ATTRIBUTES: usize = 64;

/// Attributes of a document.
pub const DOCUMENT_ATTRIBUTES: usize = 8 * 1024;

/// Bytes of an attribute's value, after references were replaced. The longest
/// that the protocol has is the signature of a payload's metadata, 684 for a
/// key of 4096 bits.
pub const ATTRIBUTE: usize = 8 * 1024;

/// Bytes of the name of an element or attribute, or of a processing
/// instruction. The longest that the protocol has is `DisablePayloadBackoff`.
pub const NAME: usize = 256;

/// Bytes of an element's text.
pub const TEXT: usize = 32 * 1024;

/// Bytes of the names and prefixes of all namespaces in force. The parser
/// copies them for every element. Omaha uses none.
pub const NAMESPACES: usize = 1024;
