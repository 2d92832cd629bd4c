//! Text from a stranger in a message for people.

use std::fmt::{self, Write};

/// Shows a text between double quotes, on one line: what is not visible is
/// escaped, so that it can neither break nor forge a line of a log, and what is
/// longer than 160 characters is cut.
///
/// ```
/// use omaha::Quoted;
///
/// assert_eq!(Quoted("a\n\"b\"").to_string(), r#""a\n\"b\"""#);
/// assert_eq!(Quoted::unless_plain("rack-2.node:7").to_string(), "rack-2.node:7");
/// assert_eq!(Quoted::unless_plain("a: stopped").to_string(), r#""a: stopped""#);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Quoted<'a>(pub &'a str);

/// Characters that are shown: more than an application's id or any status has.
const SHOWN: usize = 160;

impl<'a> Quoted<'a> {
    /// Shows a name without quotes if it holds only letters and digits of
    /// ASCII and `.`, `_`, `:`, `-`, and otherwise in quotes: no name looks like
    /// more than a name.
    pub fn unless_plain(text: &'a str) -> impl fmt::Display + use<'a> {
        UnlessPlain(text)
    }
}

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = Escaped { text: self.0, most: SHOWN, between_quotes: true };
        write!(formatter, "\"{inner}\"")
    }
}

struct UnlessPlain<'a>(&'a str);

impl fmt::Display for UnlessPlain<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_plain =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'-');
        if !self.0.is_empty() && self.0.len() <= SHOWN && self.0.bytes().all(is_plain) {
            formatter.write_str(self.0)
        } else {
            Quoted(self.0).fmt(formatter)
        }
    }
}

/// Shows a text without quotes, on one line: what is not visible is escaped,
/// and what is too long is cut. For sentences that quote a stranger's text.
#[derive(Clone, Copy, Debug)]
pub struct Escaped<'a> {
    text: &'a str,
    most: usize,
    between_quotes: bool,
}

impl<'a> Escaped<'a> {
    /// Shows at most this many characters of a text.
    pub fn new(text: &'a str, most: usize) -> Self {
        Self { text, most, between_quotes: false }
    }

    /// The same, to be put between double quotes.
    pub(crate) fn between_quotes(text: &'a str, most: usize) -> Self {
        Self { text, most, between_quotes: true }
    }
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut characters = self.text.chars();
        for character in characters.by_ref().take(self.most) {
            match character {
                '\'' => formatter.write_char(character)?,
                '"' | '\\' if !self.between_quotes => formatter.write_char(character)?,
                _ => write!(formatter, "{}", character.escape_debug())?,
            }
        }
        if characters.next().is_some() {
            formatter.write_char('…')?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Escaped, Quoted};

    #[test]
    fn nothing_breaks_the_line() {
        assert_eq!(Quoted("a\r\n\u{1b}[1m\"'ü").to_string(), r#""a\r\n\u{1b}[1m\"'ü""#);
        let text = "a\r\nb\u{1b}[1m\u{2028}\u{202e}\"\\'ü";
        let escaped = r#"a\r\nb\u{1b}[1m\u{2028}\u{202e}"\'ü"#;
        assert_eq!(Escaped::new(text, 99).to_string(), escaped);
        let escaped = r#"a\r\nb\u{1b}[1m\u{2028}\u{202e}\"\\'ü"#;
        assert_eq!(Escaped::between_quotes(text, 99).to_string(), escaped);
    }

    #[test]
    fn long_text_is_cut() {
        let long = Quoted(&"é".repeat(161)).to_string();
        assert_eq!(long, format!("\"{}…\"", "é".repeat(160)));
        assert_eq!(Escaped::new(&"é".repeat(64), 64).to_string(), "é".repeat(64));
        assert_eq!(Escaped::new(&"é".repeat(65), 64).to_string(), format!("{}…", "é".repeat(64)));
    }

    #[test]
    fn names_that_need_no_quotes() {
        let shown = |text| Quoted::unless_plain(text).to_string();
        for plain in ["6b8c1e0d5f8a4c0fb2c4a1c8f6a0d3e2", "rack-2_a.b:c"] {
            assert_eq!(shown(plain), plain);
        }
        let long = "a".repeat(161);
        for text in ["", "a b", "{a}", "a/b", "é", "a\n", "x at 10.0.0.1, version 1.0.0", &long] {
            assert_eq!(shown(text), Quoted(text).to_string());
        }
    }
}
