//! What is said of a request that cannot be read: enough to find the machine,
//! and the setting on it.

use super::{ReadError, ReadErrorKind};

/// Bytes of a line that are shown before and after the place of an error.
const SHOWN: usize = 40;

/// Why a body is no Omaha request: the error, the attribute and the text around
/// its place, and the machine if its id stands before it.
pub(crate) fn explain(body: &[u8], error: &ReadError) -> String {
    if body.is_empty() {
        return "not an Omaha request: the body is empty; with curl: --data-binary @FILE"
            .to_owned();
    }
    let mut text = format!("not an Omaha request: {error}");
    let is_markup = matches!(error.kind(), ReadErrorKind::NotWellFormed(_));
    let place = is_markup.then(|| place(body, error)).flatten();
    if let Some(at) = place {
        let attribute = attribute(&body[..at]);
        if let Some((attribute, _)) = attribute {
            text.push_str(&format!("; in attribute {attribute}"));
        }
        text.push_str(&format!("; near '{}'", around(body, at)));
        if let Some((attribute, true)) = attribute {
            let setting = match attribute {
                "track" => "GROUP=",
                "machinealias" => "MACHINE_ALIAS=",
                _ => "its setting",
            };
            text.push_str(&format!(
                "; its value has quotes of its own: write {setting} without quotes in the \
                 machine's update.conf"
            ));
        }
    }
    if let Some(id) = machine(&body[..place.unwrap_or(body.len())]) {
        text.push_str(&format!("; machine {id}"));
    }
    text
}

/// Where in the body the error is.
fn place(body: &[u8], error: &ReadError) -> Option<usize> {
    let line = usize::try_from(error.line()).ok()?.checked_sub(1)?;
    let column = usize::try_from(error.column()).ok()?.checked_sub(1)?;
    let mut breaks = body.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let start = match line.checked_sub(1) {
        Some(before) => breaks.nth(before)?.0 + 1,
        None => 0,
    };
    // The bytes that begin a character; the others go on with it.
    let is_first = |byte: &u8| *byte & 0xc0 != 0x80;
    let rest = &body[start..];
    let mut firsts = rest.iter().enumerate().filter(|(_, byte)| is_first(byte));
    Some(start + firsts.nth(column).map_or(rest.len(), |(offset, _)| offset))
}

/// The attribute in which this ends, and whether its value has just been closed:
/// what goes on there begins with the value's own quote.
fn attribute(read: &[u8]) -> Option<(&str, bool)> {
    let tag = &read[read.iter().rposition(|byte| *byte == b'<')?..];
    if tag.starts_with(b"<?") {
        return None;
    }
    let mut from = 0;
    loop {
        let equals = from + tag[from..].iter().position(|byte| *byte == b'=')?;
        let value = &tag[equals + 1..];
        let quote = value.first().filter(|byte| matches!(byte, b'"' | b'\''));
        let end = quote.and_then(|quote| value[1..].iter().position(|byte| byte == quote));
        from = equals + end.map_or(0, |length| length + 3);
        if end.is_none() || from == tag.len() {
            return Some((name_before(tag, equals)?, end.is_some()));
        }
    }
}

fn name_before(tag: &[u8], at: usize) -> Option<&str> {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b':');
    let start = tag[..at].iter().rposition(|byte| !is_name(byte)).map_or(0, |before| before + 1);
    // Longer than the name of any attribute is not worth a line.
    str::from_utf8(&tag[start..at]).ok().filter(|name| !name.is_empty() && name.len() <= SHOWN)
}

/// The text around a place, within its line.
fn around(body: &[u8], at: usize) -> String {
    let is_end = |byte: &u8| *byte == b'\n' || *byte == b'\r';
    let first = body[..at].iter().rposition(is_end).map_or(0, |end| end + 1);
    let last = body[at..].iter().position(is_end).map_or(body.len(), |end| at + end);
    let (start, end) = (first.max(at.saturating_sub(SHOWN)), last.min(at + SHOWN));
    let text = String::from_utf8_lossy(&body[start..end]);
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

/// The id of a machine, if one is whole.
fn machine(read: &[u8]) -> Option<&str> {
    const ATTRIBUTE: &[u8] = b" machineid=\"";
    let at = read.windows(ATTRIBUTE.len()).rposition(|window| window == ATTRIBUTE)?;
    let value = &read[at + ATTRIBUTE.len()..];
    let id = &value[..value.iter().position(|byte| *byte == b'"')?];
    // Anything else is no id, and would have to be escaped.
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"{}-_.".contains(byte);
    let is_id = !id.is_empty() && id.len() <= 64 && id.iter().all(is_plain);
    str::from_utf8(id).ok().filter(|_| is_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Request;

    fn explained(body: &str) -> String {
        explain(body.as_bytes(), &Request::read(body.as_bytes()).unwrap_err())
    }

    fn with(attributes: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?>\n<request protocol=\"3.0\">\n\
             <app appid=\"{{a}}\" {attributes}></app></request>"
        )
    }

    #[test]
    fn quotes_in_a_value() {
        for (attribute, setting) in
            [("track", "GROUP="), ("machinealias", "MACHINE_ALIAS="), ("oem", "its setting")]
        {
            for value in ["stable", "web 1"] {
                let attributes =
                    format!("machineid=\"c0ffee\" {attribute}=\"\"{value}\"\" bootid=\"x\"");
                let text = explained(&with(&attributes));
                assert!(text.contains(&format!("; in attribute {attribute}; near ")), "{text}");
                let hint = format!("has quotes of its own: write {setting} without quotes");
                assert!(text.contains(&hint), "{text}");
                assert!(text.ends_with("; machine c0ffee"), "{text}");
            }
        }
        // Wherever in the value they are, and whatever comes after it.
        for value in ["\"rack \"a\" 1\"", "\"rack \"a\"\"", "\"\"a\" 1\"", "'it's'"] {
            let text = explained(&with(&format!("machinealias={value} lang=\"en-US\" oem=\"\"")));
            assert!(text.contains("; in attribute machinealias; near "), "{text}");
            assert!(text.contains(": write MACHINE_ALIAS= without quotes"), "{text}");
        }
        // Empty values are not quoted ones.
        let text = explained(&with("track=\"\" oem=\"\" version=<"));
        assert!(text.contains("; in attribute version; near "), "{text}");
        assert!(!text.contains("quotes of its own"), "{text}");
    }

    #[test]
    fn other_markup() {
        let text = explained(&with("machineid=\"m\" version=\"1.0&nbsp;\""));
        assert!(text.contains("; in attribute version; near "), "{text}");
        assert!(text.contains("&nbsp;") && text.ends_with("; machine m"), "{text}");
        for value in ["a & b", "a &", "a < b", "a \u{1b}", "a=b &c"] {
            let text = explained(&with(&format!("oem=\"\" track=\"{value}\" lang=\"en-US\"")));
            assert!(text.contains("; in attribute track; near "), "{text}");
            assert!(!text.contains("quotes of its own"), "{text}");
        }
        let text = explained("<request protocol=\"3.0\"><app></os></request>");
        assert!(text.ends_with("<app></os></request>'"), "{text}");
        // Outside of attributes.
        for body in [
            "<?xml version=\"1.1\"?><request protocol=\"3.0\"></request>",
            "<?x y=\"\u{1}\"?><request protocol=\"3.0\"></request>",
            "<request protocol=\"3.0\"><app appid=\"x\">a & b</app></request>",
            "<request protocol=\"3.0\" protocol=\"3.0\" version=\"1\"></request>",
            "protocol=\"3.0\"",
        ] {
            let text = explained(body);
            assert!(!text.contains("; in attribute "), "{text}");
        }
        assert!(explained("").contains(": the body is empty; with curl: "));
    }

    /// The id may stand behind the place, or be cut, or be something else.
    #[test]
    fn machines() {
        for (read, id) in [
            (&b"<app machineid=\"a1\" track=\"\"s"[..], Some("a1")),
            (b"<app machineid=\"{A-1}\"><app machineid=\"b\">", Some("b")),
            (b"<app machineid=\"a1", None),
            (b"<app machineid=\"\"", None),
            (b"<app machineid=\"a\x1b[31m\"", None),
            (b"", None),
        ] {
            assert_eq!(machine(read), id, "{read:?}");
        }
    }

    /// Nothing in a body leads out of it, and nothing breaks a line of the log.
    #[test]
    fn any_bytes() {
        let whole = with("machineid=\"m\" track=\"\"\u{e9}\u{1f600}\n\u{1b}\"\"");
        for end in 0..whole.len() {
            for change in [b'<', b'"', 0xff, b'\n', 0] {
                let mut body = whole.as_bytes().to_vec();
                body[end] = change;
                for body in [&body[..], &body[..=end]] {
                    if let Err(error) = Request::read(body) {
                        let text = explain(body, &error);
                        assert!(!text.contains(char::is_control), "{text}");
                    }
                }
            }
        }
    }
}
