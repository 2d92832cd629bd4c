//! A document as it is written: elements and attributes, not yet understood.

use xml::attribute::OwnedAttribute;
use xml::reader::XmlEvent;

use super::error::{ReadError, ReadErrorKind};
use super::reader::Reader;
use super::source::BUFFER;

/// An element.
#[derive(Debug)]
pub(crate) struct Node {
    /// The name, without a namespace's prefix.
    pub(crate) name: String,
    /// Whether the name belongs to a namespace.
    pub(crate) has_namespace: bool,
    /// Where it begins, counted from 1.
    pub(crate) line: u64,
    /// The text, without that of elements within it.
    pub(crate) text: String,
    pub(crate) children: Vec<Node>,
    attributes: Vec<OwnedAttribute>,
}

impl Node {
    /// Reads a whole document within the same [limits](super::limits) as
    /// everything else that is read. Neither the protocol's version nor any
    /// value is looked at.
    ///
    /// # Errors
    ///
    /// When it is not well-formed, beyond a limit, or its root element is
    /// another one.
    pub(crate) fn read(mut document: &[u8], root: &'static str) -> Result<Self, ReadError> {
        let mut buffer = [0; BUFFER];
        let mut reader = Reader::new(&mut document, &mut buffer);
        // The elements that have begun, from the root on.
        let mut open: Vec<Self> = Vec::new();
        loop {
            match reader.next()? {
                XmlEvent::StartElement { name, attributes, .. } => {
                    if open.is_empty() && name.local_name != root {
                        let found = name.local_name;
                        return Err(reader.error(ReadErrorKind::Root { expected: root, found }));
                    }
                    open.push(Self {
                        has_namespace: name.namespace.is_some() || name.prefix.is_some(),
                        name: name.local_name,
                        line: reader.position().row() + 1,
                        text: String::new(),
                        children: Vec::new(),
                        attributes,
                    });
                }
                XmlEvent::Characters(text) => {
                    if let Some(element) = open.last_mut() {
                        element.text.push_str(&text);
                    }
                }
                XmlEvent::EndElement { .. } => {
                    let Some(ended) = open.pop() else { continue };
                    match open.last_mut() {
                        Some(parent) => parent.children.push(ended),
                        None => return reader.end().map(|()| ended),
                    }
                }
                XmlEvent::EndDocument => {
                    return Err(reader.error(ReadErrorKind::UnexpectedEnd));
                }
                _ => {}
            }
        }
    }

    /// The value of an attribute.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let mut attributes = self.attributes.iter();
        let found = attributes.find(|attribute| attribute.name.local_name == name)?;
        Some(&found.value)
    }

    /// The names of the attributes.
    pub(crate) fn attribute_names(&self) -> impl Iterator<Item = &str> {
        self.attributes.iter().map(|attribute| attribute.name.local_name.as_str())
    }

    /// The elements of this name within this one.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The elements of a name within those of another name within this one.
    pub(crate) fn all_in<'a>(
        &'a self,
        list: &'a str,
        name: &'a str,
    ) -> impl Iterator<Item = &'a Self> {
        self.all(list).flat_map(move |list| list.all(name))
    }

    /// This element and all within it.
    pub(crate) fn walk(&self, visit: &mut impl FnMut(&Self)) {
        visit(self);
        self.children.iter().for_each(|child| child.walk(visit));
    }
}
