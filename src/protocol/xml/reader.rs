//! The elements of a document, one after another.

use std::io::Read;

use xml::Encoding;
use xml::common::{Position, XmlVersion};
use xml::reader::{ErrorKind, EventReader, ParserConfig, XmlEvent};

use super::attributes::Element;
use super::error::{ReadError, ReadErrorKind};
use super::excerpt::Excerpt;
use super::limits;
use super::source::{BUFFER, Source};
use crate::protocol::Protocol;

/// Walks through a document. After an element was returned, its content
/// is next: [`child`](Self::child) until it returns `None`, or
/// [`text`](Self::text), or [`skip`](Self::skip); each consumes the element's end.
pub(super) struct Reader<'a> {
    events: EventReader<Source<'a>>,
    depth: usize,
    elements: usize,
    attributes: usize,
}

impl<'a> Reader<'a> {
    /// A reader at the beginning of a document. It asks the source for no
    /// more than what is needed to see the root element's end, up to a
    /// buffer's worth.
    pub(super) fn new(source: &'a mut dyn Read, buffer: &'a mut [u8; BUFFER]) -> Self {
        Self {
            events: EventReader::new_with_config(Source::new(source, buffer), config()),
            depth: 0,
            elements: 0,
            attributes: 0,
        }
    }

    /// The root element, which must be the one expected and of the right protocol.
    pub(super) fn root(&mut self, expected: &'static str) -> Result<Element, ReadError> {
        let root = loop {
            match self.next()? {
                XmlEvent::StartElement {
                    name, attributes, ..
                } => {
                    break Element::new(name.local_name, attributes, self.events.position());
                }
                XmlEvent::StartDocument {
                    version, encoding, ..
                } => {
                    self.check_declaration(version, encoding)?;
                }
                _ => {}
            }
        };
        if root.name() != expected {
            let found = root.name().to_owned();
            return Err(root.error(ReadErrorKind::Root { expected, found }));
        }
        match root.get("protocol") {
            Some(protocol) if protocol == Protocol::V3.as_str() => Ok(root),
            other => {
                let found = other.map(str::to_owned);
                Err(root.error(ReadErrorKind::Protocol { found }))
            }
        }
    }

    /// The next element within the present one, or `None` at its end.
    pub(super) fn child(&mut self) -> Result<Option<Element>, ReadError> {
        loop {
            match self.next()? {
                XmlEvent::StartElement {
                    name, attributes, ..
                } => {
                    let position = self.events.position();
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
                XmlEvent::Characters(more) => {
                    if text.len() + more.len() > limits::TEXT {
                        return Err(self.beyond(limits::TEXT, "bytes of text in an element"));
                    }
                    if text.is_empty() {
                        text = more;
                    } else {
                        text.push_str(&more);
                    }
                }
                XmlEvent::StartElement { .. } => self.skip()?,
                XmlEvent::EndElement { .. } => return Ok(text),
                _ => {}
            }
        }
    }

    /// Ignores the rest of the present element.
    pub(super) fn skip(&mut self) -> Result<(), ReadError> {
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside {
            self.next()?;
        }
        Ok(())
    }

    /// The next event, if the document stays within the limits.
    fn next(&mut self) -> Result<XmlEvent, ReadError> {
        self.events.source_mut().begin_piece();
        let event = match self.events.next() {
            Ok(event) => event,
            Err(error) => return Err(self.explain(&error)),
        };
        match &event {
            XmlEvent::StartElement {
                name,
                attributes,
                namespace,
            } => {
                self.depth += 1;
                self.elements += 1;
                self.attributes += attributes.len();
                if self.depth > limits::DEPTH {
                    return Err(self.beyond(limits::DEPTH, "elements within each other"));
                }
                self.check_elements()?;
                if attributes.len() > limits::ATTRIBUTES {
                    return Err(self.beyond(limits::ATTRIBUTES, "attributes on an element"));
                }
                if self.attributes > limits::DOCUMENT_ATTRIBUTES {
                    let limit = limits::DOCUMENT_ATTRIBUTES;
                    return Err(self.beyond(limit, "attributes in the document"));
                }
                self.check_name(&name.local_name)?;
                for attribute in attributes {
                    self.check_name(&attribute.name.local_name)?;
                    if attribute.value.len() > limits::ATTRIBUTE {
                        return Err(self.beyond(limits::ATTRIBUTE, "bytes in an attribute"));
                    }
                }
                let names = namespace
                    .iter()
                    .map(|(prefix, uri)| prefix.len() + uri.len());
                if names.sum::<usize>() > limits::NAMESPACES {
                    return Err(self.beyond(limits::NAMESPACES, "bytes of namespaces"));
                }
            }
            XmlEvent::EndElement { .. } => self.depth = self.depth.saturating_sub(1),
            XmlEvent::ProcessingInstruction { name, .. } => {
                self.elements += 1;
                self.check_elements()?;
                self.check_name(name)?;
            }
            _ => {}
        }
        Ok(event)
    }

    fn check_elements(&self) -> Result<(), ReadError> {
        if self.elements > limits::ELEMENTS {
            return Err(self.beyond(limits::ELEMENTS, "elements in the document"));
        }
        Ok(())
    }

    fn check_name(&self, name: &str) -> Result<(), ReadError> {
        if name.len() > limits::NAME {
            return Err(self.beyond(limits::NAME, "bytes in a name"));
        }
        Ok(())
    }

    fn check_declaration(&self, version: XmlVersion, encoding: String) -> Result<(), ReadError> {
        if version != XmlVersion::Version10 {
            let reason = format!("XML {version} is not read, only 1.0");
            return Err(self.error(ReadErrorKind::NotWellFormed(reason)));
        }
        // The parser reads UTF-8 whatever is declared, as it is configured.
        if !encoding.eq_ignore_ascii_case("UTF-8") && !encoding.eq_ignore_ascii_case("UTF8") {
            return Err(self.error(ReadErrorKind::Encoding(Some(encoding))));
        }
        Ok(())
    }

    fn beyond(&self, limit: usize, what: &'static str) -> ReadError {
        self.error(ReadErrorKind::Limit { limit, what })
    }

    fn error(&self, kind: ReadErrorKind) -> ReadError {
        ReadError::new(kind, self.events.position())
    }

    /// What is behind an error of the parser's.
    #[cold]
    fn explain(&mut self, error: &xml::reader::Error) -> ReadError {
        let source = self.events.source_mut();
        if let Some(kind) = source.take_refusal() {
            return self.error(kind);
        }
        if source.has_ended() {
            return self.error(ReadErrorKind::UnexpectedEnd);
        }
        match error.kind() {
            ErrorKind::Syntax(message) if message.starts_with(ATTRIBUTES_EXCEEDED) => {
                let what = "attributes on an element";
                self.beyond(limits::ATTRIBUTES, what)
            }
            ErrorKind::Syntax(message) => ReadError::new(
                ReadErrorKind::NotWellFormed(reason(message)),
                error.position(),
            ),
            _ => self.error(ReadErrorKind::Encoding(None)),
        }
    }
}

/// How the parser says that one of its own limits was exceeded. It does not
/// say which; but only one of them is below ours.
const ATTRIBUTES_EXCEEDED: &str = "This document is larger/more complex than allowed";

/// The parser's settings.
fn config() -> ParserConfig {
    let mut config = ParserConfig::new()
        // All text, however it is written, is one kind of event.
        .whitespace_to_characters(true)
        .cdata_to_characters(true)
        // Without this an encoding that contradicts the source's is an error
        // without a kind; with it, the declared one is handed to us and ignored.
        .override_encoding(Some(Encoding::Utf8))
        .ignore_invalid_encoding_declarations(true)
        .allow_multiple_root_elements(false)
        // Never reached: a document type declaration is refused before.
        .max_entity_expansion_depth(1)
        .max_entity_expansion_length(0)
        .max_attributes(limits::ATTRIBUTES)
        // These only repeat the limit of a piece: the finer limits are checked
        // here, where it is known what to say.
        .max_name_length(limits::PIECE)
        .max_attribute_length(limits::PIECE)
        .max_data_length(limits::PIECE);
    config.coalesce_characters = true;
    config
}

/// The parser's message as the end of a sentence.
fn reason(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    let mut reason = Excerpt::sentence(line).to_string();
    if let Some(first) = reason.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    reason
}
