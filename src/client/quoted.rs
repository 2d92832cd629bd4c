//! Text from a stranger in a message for people.

use std::fmt::{self, Write};

/// Shows a text between double quotes: cut when it is long, and without
/// anything that could break or forge a line of a log.
pub struct Quoted<'a>(pub &'a str);

/// Characters that are shown: more than an application's id or any status has.
const SHOWN: usize = 160;

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut characters = self.0.chars();
        formatter.write_char('"')?;
        for character in characters.by_ref().take(SHOWN) {
            match character {
                '\'' => formatter.write_char(character)?,
                _ => write!(formatter, "{}", character.escape_debug())?,
            }
        }
        formatter.write_str(if characters.next().is_some() { "…\"" } else { "\"" })
    }
}

#[cfg(test)]
mod tests {
    use super::Quoted;

    #[test]
    fn nothing_breaks_the_line() {
        assert_eq!(Quoted("a\r\n\u{1b}[1m\"'ü").to_string(), r#""a\r\n\u{1b}[1m\"'ü""#);
        let long = Quoted(&"é".repeat(161)).to_string();
        assert_eq!(long, format!("\"{}…\"", "é".repeat(160)));
    }
}
