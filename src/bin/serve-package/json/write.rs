//! Writing JSON, as much as one line of output needs.

use std::fmt::{Display, Write};

/// An object under construction. Names are literals of this program; values
/// may be anything.
#[derive(Debug)]
pub struct Object(String);

impl Object {
    pub fn new() -> Self {
        Self("{".to_owned())
    }

    /// Adds text.
    #[must_use]
    pub fn text(self, name: &str, value: &str) -> Self {
        self.plain(name, text(value))
    }

    /// Adds text unless it is empty.
    #[must_use]
    pub fn text_if(self, name: &str, value: &str) -> Self {
        if value.is_empty() { self } else { self.text(name, value) }
    }

    /// Adds a number or a truth, whose `Display` is JSON already.
    #[must_use]
    pub fn plain(mut self, name: &str, value: impl Display) -> Self {
        self.name(name);
        let _ = write!(self.0, "{value}");
        self
    }

    /// The object, without a line break.
    pub fn finish(mut self) -> String {
        self.0.push('}');
        self.0
    }

    fn name(&mut self, name: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        let _ = write!(self.0, "\"{name}\":");
    }
}

/// Text between quotes.
pub fn text(value: &str) -> String {
    let mut text = "\"".to_owned();
    for character in value.chars() {
        match character {
            '"' | '\\' => text.extend(['\\', character]),
            // Line separators are legal in JSON and end a line elsewhere.
            '\0'..='\u{1f}' | '\u{7f}' | '\u{2028}' | '\u{2029}' => {
                // Writing to a string does not fail.
                let _ = write!(text, "\\u{:04x}", u32::from(character));
            }
            _ => text.push(character),
        }
    }
    text.push('"');
    text
}

/// A list of what is JSON already.
pub fn list<T>(items: &[T], write: impl Fn(&T) -> String) -> String {
    format!("[{}]", items.iter().map(write).collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects() {
        assert_eq!(Object::new().finish(), "{}");
        let object = Object::new().text("a", "b").plain("n", 7).plain("t", true).text_if("e", "");
        assert_eq!(object.finish(), r#"{"a":"b","n":7,"t":true}"#);
    }

    #[test]
    fn lists() {
        assert_eq!(list(&["a", "b"], |item| text(item)), r#"["a","b"]"#);
        assert_eq!(list(&[0; 0], i32::to_string), "[]");
    }

    #[test]
    fn text_is_escaped() {
        let object = Object::new().text("a", "\"\\\n\u{1}é\u{2028}");
        assert_eq!(object.finish(), "{\"a\":\"\\\"\\\\\\u000a\\u0001é\\u2028\"}");
    }
}
