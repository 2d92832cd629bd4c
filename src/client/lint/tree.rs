//! A document as it is written: elements and attributes, not yet understood.

use xml::Encoding;
use xml::attribute::OwnedAttribute;
use xml::common::Position;
use xml::reader::{EventReader, ParserConfig, XmlEvent};

/// An element.
#[derive(Debug)]
pub struct Node {
    /// The name, without a namespace's prefix.
    pub name: String,
    /// Whether the name belongs to a namespace.
    pub has_namespace: bool,
    /// Where it begins, counted from 1.
    pub line: u64,
    pub children: Vec<Node>,
    attributes: Vec<OwnedAttribute>,
}

impl Node {
    /// Reads a document that was read by
    /// [`Response::read`](crate::protocol::Response::read) already: there the
    /// limits are checked which keep the parser within bounds.
    ///
    /// Returns `None` where it was not.
    pub fn read(document: &[u8]) -> Option<Self> {
        let document = document.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(document);
        let config = ParserConfig::new()
            .override_encoding(Some(Encoding::Utf8))
            .ignore_invalid_encoding_declarations(true);
        let mut events = EventReader::new_with_config(document, config);
        // The elements that have begun, from the root on.
        let mut open: Vec<Self> = Vec::new();
        loop {
            match events.next().ok()? {
                XmlEvent::StartElement { name, attributes, .. } => open.push(Self {
                    has_namespace: name.namespace.is_some() || name.prefix.is_some(),
                    name: name.local_name,
                    line: events.position().row() + 1,
                    children: Vec::new(),
                    attributes,
                }),
                XmlEvent::EndElement { .. } => {
                    let ended = open.pop()?;
                    match open.last_mut() {
                        Some(parent) => parent.children.push(ended),
                        None => return Some(ended),
                    }
                }
                XmlEvent::EndDocument => return None,
                _ => {}
            }
        }
    }

    /// The value of an attribute.
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut attributes = self.attributes.iter();
        let found = attributes.find(|attribute| attribute.name.local_name == name)?;
        Some(&found.value)
    }

    /// The names of the attributes.
    pub fn attribute_names(&self) -> impl Iterator<Item = &str> {
        self.attributes.iter().map(|attribute| attribute.name.local_name.as_str())
    }

    /// The elements of this name within this one.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The elements of a name within those of another name within this one.
    pub fn all_in<'a>(&'a self, list: &'a str, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.all(list).flat_map(move |list| list.all(name))
    }

    /// This element and all within it.
    pub fn walk(&self, visit: &mut impl FnMut(&Self)) {
        visit(self);
        self.children.iter().for_each(|child| child.walk(visit));
    }
}
