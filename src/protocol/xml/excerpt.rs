//! Text from a document in a message for people.

use std::fmt::{self, Write};

/// Shows a text from a stranger: cut when it is long, and without anything
/// that could break or forge a line of a log.
pub(super) struct Excerpt<'a> {
    text: &'a str,
    characters: usize,
    quoted: bool,
}

impl<'a> Excerpt<'a> {
    /// Characters of a value, enough to recognize it.
    const VALUE: usize = 64;

    /// Characters of a sentence that may hold a value.
    const SENTENCE: usize = 160;

    /// A value, to be put between double quotes.
    pub(super) fn value(text: &'a str) -> Self {
        Self { text, characters: Self::VALUE, quoted: true }
    }

    /// A name, that stands without quotes.
    pub(super) fn name(text: &'a str) -> Self {
        Self { text, characters: Self::VALUE, quoted: false }
    }

    /// A sentence of the parser's, that may hold values.
    pub(super) fn sentence(text: &'a str) -> Self {
        Self { text, characters: Self::SENTENCE, quoted: false }
    }
}

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut characters = self.text.chars();
        for character in characters.by_ref().take(self.characters) {
            match character {
                '\'' => formatter.write_char(character)?,
                '"' | '\\' if !self.quoted => formatter.write_char(character)?,
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
    use super::Excerpt;

    #[test]
    fn nothing_breaks_the_line() {
        let text = "a\r\nb\u{1b}[1m\u{2028}\u{202e}\"\\'ü";
        assert_eq!(Excerpt::value(text).to_string(), r#"a\r\nb\u{1b}[1m\u{2028}\u{202e}\"\\'ü"#,);
        assert_eq!(Excerpt::name(text).to_string(), r#"a\r\nb\u{1b}[1m\u{2028}\u{202e}"\'ü"#,);
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!(Excerpt::value(&"é".repeat(64)).to_string(), "é".repeat(64));
        assert_eq!(Excerpt::value(&"é".repeat(65)).to_string(), format!("{}…", "é".repeat(64)),);
    }
}
