//! What is counted while a document is read.

use xml::attribute::OwnedAttribute;
use xml::namespace::Namespace;
use xml::reader::XmlEvent;

use super::error::ReadErrorKind;
use super::limits;

/// Counts a document's elements and all that belongs to them, and says when a
/// limit is exceeded. The bytes are counted by the source.
#[derive(Debug, Default)]
pub(super) struct Meter {
    depth: usize,
    elements: usize,
    attributes: usize,
}

impl Meter {
    /// How many elements the present place is within.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// How many elements have begun.
    pub(super) fn elements(&self) -> usize {
        self.elements
    }

    /// Takes an event into account.
    pub(super) fn count(&mut self, event: &XmlEvent) -> Result<(), ReadErrorKind> {
        match event {
            XmlEvent::StartElement { name, attributes, namespace } => {
                self.depth += 1;
                at_most(self.depth, limits::DEPTH, "nested elements")?;
                self.count_element(&name.local_name)?;
                self.count_attributes(attributes)?;
                check_namespaces(namespace)
            }
            XmlEvent::EndElement { .. } => {
                self.depth = self.depth.saturating_sub(1);
                Ok(())
            }
            XmlEvent::ProcessingInstruction { name, .. } => self.count_element(name),
            _ => Ok(()),
        }
    }

    fn count_element(&mut self, name: &str) -> Result<(), ReadErrorKind> {
        self.elements += 1;
        at_most(self.elements, limits::ELEMENTS, "elements in the document")?;
        check_name(name)
    }

    fn count_attributes(&mut self, attributes: &[OwnedAttribute]) -> Result<(), ReadErrorKind> {
        self.attributes += attributes.len();
        at_most(attributes.len(), limits::ATTRIBUTES, ATTRIBUTES)?;
        let all = limits::DOCUMENT_ATTRIBUTES;
        at_most(self.attributes, all, "attributes in the document")?;
        for OwnedAttribute { name, value } in attributes {
            check_name(&name.local_name)?;
            at_most(value.len(), limits::ATTRIBUTE, "bytes in an attribute")?;
        }
        Ok(())
    }
}

const ATTRIBUTES: &str = "attributes on an element";

/// The error for too many attributes, when the parser has noticed it first.
pub(super) fn too_many_attributes() -> ReadErrorKind {
    ReadErrorKind::Limit { limit: limits::ATTRIBUTES, what: ATTRIBUTES }
}

/// Refuses an element's text of this many bytes, if they are too many.
pub(super) fn check_text(length: usize) -> Result<(), ReadErrorKind> {
    at_most(length, limits::TEXT, "bytes of text in an element")
}

fn check_name(name: &str) -> Result<(), ReadErrorKind> {
    at_most(name.len(), limits::NAME, "bytes in a name")
}

fn check_namespaces(namespaces: &Namespace) -> Result<(), ReadErrorKind> {
    let lengths = namespaces.iter().map(|(prefix, name)| prefix.len() + name.len());
    at_most(lengths.sum(), limits::NAMESPACES, "bytes of namespaces")
}

fn at_most(count: usize, limit: usize, what: &'static str) -> Result<(), ReadErrorKind> {
    if count > limit {
        return Err(ReadErrorKind::Limit { limit, what });
    }
    Ok(())
}
