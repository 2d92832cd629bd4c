//! Values as people read them.

use std::fmt;
use std::time::Duration;

/// Text from a client, fit for one line of a log: what is not visible ASCII is
/// escaped, and what is too long is cut.
pub struct Quoted<'a>(pub &'a str);

/// Longer than a machine id in braces or any version in use.
const MAX_QUOTED: usize = 100;

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, character) in self.0.chars().enumerate() {
            if position == MAX_QUOTED {
                return formatter.write_str("[…]");
            }
            if character == ' ' || character.is_ascii_graphic() && character != '\\' {
                write!(formatter, "{character}")?;
            } else {
                write!(formatter, "{}", character.escape_default())?;
            }
        }
        Ok(())
    }
}

/// Bytes per second, in megabytes: "36.4 MB/s".
pub struct Rate(pub u64, pub Duration);

impl fmt::Display for Rate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The clock may not have moved at all for a small package.
        let seconds = self.1.as_secs_f64().max(1e-6);
        #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
        let megabytes = self.0 as f64 / 1e6;
        write!(formatter, "{:.1} MB/s", megabytes / seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_client_forges_a_line() {
        let text = "id\n<3>forged\r\u{1b}[31m\u{202e}\\é\0";
        let shown = Quoted(text).to_string();
        assert_eq!(shown, "id\\n<3>forged\\r\\u{1b}[31m\\u{202e}\\\\\\u{e9}\\u{0}");
    }

    #[test]
    fn long_text_is_cut() {
        let shown = Quoted(&"a".repeat(1000)).to_string();
        assert_eq!(shown, format!("{}[…]", "a".repeat(MAX_QUOTED)));
    }

    #[test]
    fn rates() {
        assert_eq!(Rate(364_000_000, Duration::from_secs(10)).to_string(), "36.4 MB/s");
        assert!(Rate(100, Duration::ZERO).to_string().ends_with(" MB/s"));
    }
}
