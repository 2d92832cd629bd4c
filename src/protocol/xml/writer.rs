//! A document as it is written.

use std::fmt::{Display, Write};

use super::escape;

/// Writes a document of indented elements.
///
/// It is gathered in memory, where nothing can fail: the documents of this
/// protocol are small, and whoever sends one needs its length first.
pub(super) struct Writer {
    out: String,
    depth: usize,
}

impl Writer {
    /// A document that has its XML declaration.
    pub(super) fn new() -> Self {
        // Enough for the answer to an update check.
        let mut out = String::with_capacity(1024);
        out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
        Self { out, depth: 0 }
    }

    /// Begins an element. To be ended by one of the last three methods of [`Tag`].
    pub(super) fn element(&mut self, name: &'static str) -> Tag<'_> {
        self.line();
        self.out.push('<');
        self.out.push_str(name);
        Tag { writer: self, name }
    }

    /// The document.
    pub(super) fn finish(self) -> String {
        self.out
    }

    fn line(&mut self) {
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n('\t', self.depth));
    }
}

/// The start tag of an element that is being written.
#[must_use = "an element needs an end"]
pub(super) struct Tag<'a> {
    writer: &'a mut Writer,
    name: &'static str,
}

impl Tag<'_> {
    /// An attribute that is there even if it is empty.
    pub(super) fn always(mut self, name: &str, value: &str) -> Self {
        self.begin(name);
        escape::attribute(&mut self.writer.out, value);
        self.end()
    }

    /// An attribute that is left out when it is empty.
    pub(super) fn text(self, name: &str, value: &str) -> Self {
        if value.is_empty() { self } else { self.always(name, value) }
    }

    /// A number, or a digest, that is left out when there is none.
    pub(super) fn value(mut self, name: &str, value: Option<impl Display>) -> Self {
        let Some(value) = value else { return self };
        self.begin(name);
        // Writing to a string does not fail. Neither numbers nor digests hold
        // anything that would have to be escaped.
        let _ = write!(self.writer.out, "{value}");
        self.end()
    }

    /// A truth, `true` or left out.
    pub(super) fn boolean(self, name: &str, value: bool) -> Self {
        self.value(name, value.then_some(true))
    }

    /// A truth, `1` or left out: some servers take these for numbers.
    pub(super) fn flag(self, name: &str, value: bool) -> Self {
        self.value(name, value.then_some(1))
    }

    /// Ends an element that holds other elements.
    pub(super) fn children(self, write: impl FnOnce(&mut Writer)) {
        self.writer.out.push('>');
        let empty = self.writer.out.len();
        self.writer.depth += 1;
        write(self.writer);
        self.writer.depth -= 1;
        if self.writer.out.len() != empty {
            self.writer.line();
        }
        self.close();
    }

    /// Ends an element that holds text.
    pub(super) fn content(self, text: &str) {
        self.writer.out.push('>');
        escape::content(&mut self.writer.out, text);
        self.close();
    }

    /// Ends an element that holds nothing.
    pub(super) fn empty(self) {
        self.writer.out.push('>');
        self.close();
    }

    fn begin(&mut self, name: &str) {
        self.writer.out.push(' ');
        self.writer.out.push_str(name);
        self.writer.out.push_str("=\"");
    }

    fn end(self) -> Self {
        self.writer.out.push('"');
        self
    }

    fn close(self) {
        self.writer.out.push_str("</");
        self.writer.out.push_str(self.name);
        self.writer.out.push('>');
    }
}
