//! Text in the form that survives being read.

/// Appends text as the value of an attribute between double quotes.
///
/// White space other than blanks becomes references, because a reader turns
/// it into blanks otherwise.
pub(super) fn attribute(out: &mut String, text: &str) {
    append(out, text, |character| match character {
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '&' => Some("&amp;"),
        '"' => Some("&quot;"),
        '\t' => Some("&#9;"),
        '\n' => Some("&#10;"),
        '\r' => Some("&#13;"),
        _ => illegal(character),
    });
}

/// Appends text as the content of an element.
///
/// A carriage return becomes a reference, because a reader turns it into a
/// line feed otherwise; `>`, because `]]>` is not allowed.
pub(super) fn content(out: &mut String, text: &str) {
    append(out, text, |character| match character {
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '&' => Some("&amp;"),
        '\r' => Some("&#13;"),
        _ => illegal(character),
    });
}

/// The replacement of a character that XML 1.0 cannot hold in any form.
fn illegal(character: char) -> Option<&'static str> {
    match character {
        '\t' | '\n' | '\r' => None,
        '\0'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}' => Some("\u{FFFD}"),
        _ => None,
    }
}

fn append(out: &mut String, text: &str, escape: impl Fn(char) -> Option<&'static str>) {
    // Nearly all text is plain, and need not be looked at character by character.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~') && !b"<>&\"".contains(&byte)) {
        return out.push_str(text);
    }
    let mut rest = text;
    while let Some((index, character, escaped)) = rest
        .char_indices()
        .find_map(|(index, character)| Some((index, character, escape(character)?)))
    {
        let (plain, special) = rest.split_at(index);
        out.push_str(plain);
        out.push_str(escaped);
        rest = special.strip_prefix(character).unwrap_or_default();
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    fn attribute(text: &str) -> String {
        let mut out = String::new();
        super::attribute(&mut out, text);
        out
    }

    fn content(text: &str) -> String {
        let mut out = String::new();
        super::content(&mut out, text);
        out
    }

    #[test]
    fn markup_and_white_space() {
        let text = "a<b>&\"'\t\r\n c]]>ü\u{1F600}";
        assert_eq!(attribute(text), "a&lt;b&gt;&amp;&quot;'&#9;&#13;&#10; c]]&gt;ü\u{1F600}",);
        assert_eq!(content(text), "a&lt;b&gt;&amp;\"'\t&#13;\n c]]&gt;ü\u{1F600}",);
    }

    #[test]
    fn what_xml_cannot_hold_is_replaced() {
        let text = "\0\u{1}\u{8}\u{B}\u{1F}\u{7F}\u{85}\u{FFFD}\u{FFFE}\u{FFFF}\u{1FFFF}";
        let expected =
            "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{7F}\u{85}\u{FFFD}\u{FFFD}\u{FFFD}\u{1FFFF}";
        assert_eq!(attribute(text), expected);
        assert_eq!(content(text), expected);
    }
}
