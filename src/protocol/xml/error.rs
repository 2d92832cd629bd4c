//! Why a document was refused.

use std::{fmt, io};

use super::excerpt;

/// Why a document could not be read, and where.
///
/// The message is meant for the log and for the client's operator. What it
/// quotes from the document is cut when it is long, and free of control
/// characters and line breaks:
///
/// ```
/// use omaha::protocol::Request;
///
/// let document = r#"<request protocol="3.0">
///     <app><event eventtype="update&#10;complete"/></app>
/// </request>"#;
/// let error = Request::read(document.as_bytes()).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     r#"line 2, column 10: attribute eventtype="update\ncomplete" of <event> is not a number"#,
/// );
/// ```
#[derive(Debug)]
pub struct ReadError {
    kind: ReadErrorKind,
    line: u64,
    column: u64,
}

/// What was wrong with a document.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadErrorKind {
    /// The source of the document failed.
    Io(io::Error),
    /// The document is not well-formed XML 1.0. The text says why; it is
    /// short and free of control characters.
    NotWellFormed(String),
    /// The document ends before its root element does.
    UnexpectedEnd,
    /// The document is not in UTF-8, but in the encoding named, if one is.
    Encoding(Option<String>),
    /// The document has a document type declaration, and with it perhaps
    /// entities. The protocol has no use for either.
    Doctype,
    /// The document is of another kind.
    #[non_exhaustive]
    Root {
        /// The root element that was wanted.
        expected: &'static str,
        /// The root element that is there.
        found: String,
    },
    /// The document is of another version of the protocol, or of none.
    #[non_exhaustive]
    Protocol {
        /// The value of the attribute `protocol`.
        found: Option<String>,
    },
    /// The value of an attribute is not of the right kind.
    #[non_exhaustive]
    Value {
        /// The name of the element.
        element: String,
        /// The name of the attribute.
        attribute: String,
        /// The value that is there.
        value: String,
        /// What is wrong with it, such as `is not a number`.
        problem: &'static str,
    },
    /// The document is beyond one of the [limits](super::limits).
    #[non_exhaustive]
    Limit {
        /// The limit.
        limit: usize,
        /// What it is a limit of, such as `bytes in the document`.
        what: &'static str,
    },
}

impl ReadError {
    /// An error at a place of the document, counted from 0.
    pub(super) fn new(kind: ReadErrorKind, at: xml::common::TextPosition) -> Self {
        Self { kind, line: at.row() + 1, column: at.column() + 1 }
    }

    /// What was wrong.
    pub fn kind(&self) -> &ReadErrorKind {
        &self.kind
    }

    /// The line, from 1, where the element or whatever else is wrong begins.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The column in that line, in characters from 1.
    pub fn column(&self) -> u64 {
        self.column
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}, column {}: {}", self.line, self.column, self.kind)
    }
}

impl fmt::Display for ReadErrorKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(_) => formatter.write_str("cannot read further"),
            Self::NotWellFormed(reason) => write!(formatter, "not well-formed XML: {reason}"),
            Self::UnexpectedEnd => formatter.write_str("the document ends too early"),
            Self::Encoding(None) => formatter.write_str("the text is not UTF-8"),
            Self::Encoding(Some(found)) => write!(
                formatter,
                "the encoding is \"{}\", but only UTF-8 is supported",
                excerpt::value(found)
            ),
            Self::Doctype => formatter.write_str("a document type declaration is not allowed"),
            Self::Root { expected, found } => write!(
                formatter,
                "the root element is <{}>, not <{expected}>",
                excerpt::name(found)
            ),
            Self::Protocol { found: None } => {
                formatter.write_str("attribute protocol=\"3.0\" is missing")
            }
            Self::Protocol { found: Some(found) } => write!(
                formatter,
                "the protocol is \"{}\", but only \"3.0\" is supported",
                excerpt::value(found)
            ),
            Self::Value { element, attribute, value, problem } => write!(
                formatter,
                "attribute {}=\"{}\" of <{}> {problem}",
                excerpt::name(attribute),
                excerpt::value(value),
                excerpt::name(element)
            ),
            Self::Limit { limit, what } => write!(formatter, "more than {limit} {what}"),
        }
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            ReadErrorKind::Io(error) => Some(error),
            _ => None,
        }
    }
}
