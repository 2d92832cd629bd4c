//! The elements of a document, one after another.

use std::io::Read;

use xml::Encoding;
use xml::common::{Position, TextPosition, XmlVersion};
use xml::reader::{ErrorKind, EventReader, ParserConfig, XmlEvent};

use super::attributes::Element;
use super::error::{ReadError, ReadErrorKind};
use super::excerpt;
use super::limits;
use super::meter::{Meter, check_text, too_many_attributes};
use super::source::{BUFFER, Source};
use crate::protocol::Protocol;

/// Walks through a document. After an element was returned, its content is
/// next: [`child`](Self::child) until it returns `None`, or
/// [`text`](Self::text), or [`skip`](Self::skip). Each consumes the element's
/// end.
pub(super) struct Reader<'a> {
    events: EventReader<Source<'a>>,
    meter: Meter,
    /// Whether the root element had not begun before the present event.
    at_root: bool,
}

impl<'a> Reader<'a> {
    /// A reader at the beginning of a document.
    pub(super) fn new(source: &'a mut dyn Read, buffer: &'a mut [u8; BUFFER]) -> Self {
        Self {
            events: EventReader::new_with_config(Source::new(source, buffer), config()),
            meter: Meter::default(),
            at_root: true,
        }
    }

    /// The root element, which must be the one expected and of the right protocol.
    pub(super) fn root(&mut self, expected: &'static str) -> Result<Element, ReadError> {
        let root = self.root_of_any_protocol(expected)?;
        match root.get("protocol") {
            Some(protocol) if protocol == Protocol::V3.as_str() => Ok(root),
            other => {
                let found = other.map(str::to_owned);
                Err(root.error(ReadErrorKind::Protocol { found }))
            }
        }
    }

    /// The root element, which must be the one expected.
    pub(super) fn root_of_any_protocol(
        &mut self,
        expected: &'static str,
    ) -> Result<Element, ReadError> {
        let root = loop {
            if let XmlEvent::StartElement { name, attributes, .. } = self.next()? {
                break Element::new(name.local_name, attributes, self.position());
            }
        };
        if root.name() != expected {
            let found = root.name().to_owned();
            return Err(root.error(ReadErrorKind::Root { expected, found }));
        }
        Ok(root)
    }

    /// The next element within the present one, or `None` at its end.
    pub(super) fn child(&mut self) -> Result<Option<Element>, ReadError> {
        loop {
            match self.next()? {
                XmlEvent::StartElement { name, attributes, .. } => {
                    let position = self.position();
                    return Ok(Some(Element::new(name.local_name, attributes, position)));
                }
                XmlEvent::EndElement { .. } => return Ok(None),
                _ => {}
            }
        }
    }

    /// The text of the present element, without that of elements within it.
    pub(super) fn text(&mut self) -> Result<String, ReadError> {
        let mut text = String::new();
        loop {
            match self.next()? {
                // Usually there is one, unless something is in between.
                XmlEvent::Characters(more) => {
                    check_text(text.len() + more.len()).map_err(|kind| self.error(kind))?;
                    text.push_str(&more);
                }
                XmlEvent::StartElement { .. } => self.skip()?,
                XmlEvent::EndElement { .. } => return Ok(text),
                _ => {}
            }
        }
    }

    /// Ignores the rest of the present element.
    pub(super) fn skip(&mut self) -> Result<(), ReadError> {
        let outside = self.meter.depth().saturating_sub(1);
        while self.meter.depth() > outside {
            self.next()?;
        }
        Ok(())
    }

    /// Reads on behind the root element: nothing but white space, comments and
    /// processing instructions are allowed there.
    pub(super) fn end(&mut self) -> Result<(), ReadError> {
        while self.next()? != XmlEvent::EndDocument {}
        Ok(())
    }

    /// The next event, if the document stays within the limits.
    pub(super) fn next(&mut self) -> Result<XmlEvent, ReadError> {
        self.at_root = self.meter.elements() == 0;
        self.events.source_mut().begin_piece();
        match self.events.next() {
            Ok(event) => match self.check(&event) {
                Ok(()) => Ok(event),
                Err(kind) => Err(self.error(kind)),
            },
            Err(error) => Err(self.explain(&error)),
        }
    }

    fn check(&mut self, event: &XmlEvent) -> Result<(), ReadErrorKind> {
        if let XmlEvent::StartDocument { version, encoding, .. } = event {
            check_declaration(*version, encoding)?;
        }
        self.meter.count(event)
    }

    pub(super) fn error(&self, kind: ReadErrorKind) -> ReadError {
        ReadError::new(kind, self.position())
    }

    /// Where the present event begins.
    pub(super) fn position(&self) -> TextPosition {
        if self.at_root && self.events.source().begins_with_root() {
            // In this one case the parser gives the end of the tag.
            TextPosition::new()
        } else {
            self.events.position()
        }
    }

    /// What is behind an error of the parser's.
    #[cold]
    fn explain(&mut self, error: &xml::reader::Error) -> ReadError {
        let source = self.events.source_mut();
        if let Some(kind) = source.take_refusal() {
            return self.error(kind);
        }
        let ended = source.has_ended();
        match error.kind() {
            // The parser looks at every byte at once, so if it has seen the
            // end, that is what it complains about.
            ErrorKind::Syntax(_) if ended => {
                ReadError::new(ReadErrorKind::UnexpectedEnd, error.position())
            }
            _ if ended => self.error(ReadErrorKind::UnexpectedEnd),
            ErrorKind::Syntax(message) if message.starts_with(LIMIT_EXCEEDED) => {
                self.error(too_many_attributes())
            }
            ErrorKind::Syntax(message) => {
                let kind = ReadErrorKind::NotWellFormed(reason(message));
                ReadError::new(kind, error.position())
            }
            // The source has kept its own errors, so this is the decoder's.
            _ => self.error(ReadErrorKind::Encoding(None)),
        }
    }
}

/// How the parser says that one of its own limits was exceeded. It does not
/// say which, but only one of them is below ours.
const LIMIT_EXCEEDED: &str = "This document is larger/more complex than allowed";

/// The parser's settings.
fn config() -> ParserConfig {
    let mut config = ParserConfig::new()
        // All text, however it is written, is one kind of event.
        .whitespace_to_characters(true)
        .cdata_to_characters(true)
        // Decode UTF-8 whatever is declared, and let us see what is declared.
        .override_encoding(Some(Encoding::Utf8))
        .ignore_invalid_encoding_declarations(true)
        .allow_multiple_root_elements(false)
        // Never used: a document type declaration is refused before.
        .max_entity_expansion_depth(1)
        .max_entity_expansion_length(0)
        .max_attributes(limits::ATTRIBUTES)
        // Never reached: a piece ends before. The finer limits are checked by
        // the meter, which knows what to say.
        .max_name_length(limits::PIECE)
        .max_attribute_length(limits::PIECE)
        .max_data_length(limits::PIECE);
    config.coalesce_characters = true;
    config
}

/// Refuses a document that is declared to be something that cannot be read.
fn check_declaration(version: XmlVersion, encoding: &str) -> Result<(), ReadErrorKind> {
    if version != XmlVersion::Version10 {
        let reason = format!("this is XML {version}, not 1.0");
        return Err(ReadErrorKind::NotWellFormed(reason));
    }
    if !["UTF-8", "UTF8"].iter().any(|name| encoding.eq_ignore_ascii_case(name)) {
        return Err(ReadErrorKind::Encoding(Some(encoding.to_owned())));
    }
    Ok(())
}

/// The parser's message as the end of a sentence.
fn reason(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    let mut reason = excerpt::sentence(line).to_string();
    if let Some(first) = reason.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    reason
}
