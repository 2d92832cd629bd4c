//! Documents of text, of broken text, and of no end.

use super::{Document, METADATA, METADATA_END, REQUEST, REQUEST_END, fill, number, utf16};
use crate::DOCUMENT_SIZE;

pub fn texts() -> Vec<Document> {
    let references = |count| format!("&#x{:x};", 0x20 + count % 0xD000);
    vec![
        ("text", fill(REQUEST, "a", REQUEST_END)),
        ("text before the root", fill("", "a", REQUEST)),
        ("text of metadata", fill(METADATA, "a", METADATA_END)),
        (
            "text of metadata in parts",
            fill(METADATA, &format!("{}<?a?>", "a".repeat(9000)), METADATA_END),
        ),
        ("wide text", fill(METADATA, "\u{1F600}", METADATA_END)),
        ("a comment", fill(&format!("{REQUEST}<!--"), "a", "--></request>")),
        ("a comment before the root", fill("<!--", "a", "--><request/>")),
        ("a comment of dashes", fill(&format!("{REQUEST}<!--"), "- ", "--></request>")),
        ("comments", fill(REQUEST, "<!---->", REQUEST_END)),
        ("comments before the root", fill("", "<!---->", REQUEST)),
        ("an instruction", fill(&format!("{REQUEST}<?a "), "a", "?></request>")),
        ("an instruction's name", fill(&format!("{REQUEST}<?"), "a", "?></request>")),
        ("an instruction of question marks", fill(&format!("{REQUEST}<?a "), "?", "?></request>")),
        ("a CDATA section", fill(&format!("{METADATA}<![CDATA["), "a", "]]>")),
        ("a CDATA section of brackets", fill(&format!("{METADATA}<![CDATA["), "]", "]]>")),
        ("CDATA sections", fill(METADATA, "<![CDATA[]]>", METADATA_END)),
        ("CDATA sections of a letter", fill(METADATA, "<![CDATA[a]]>", METADATA_END)),
        ("references", number(METADATA, references, METADATA_END)),
        ("entities", fill(METADATA, "&amp;", METADATA_END)),
        ("unknown entities", fill(METADATA, "&a;", METADATA_END)),
        ("an entity's name", fill(&format!("{METADATA}&"), "a", ";")),
        ("a reference's digits", fill(&format!("{METADATA}&#x"), "0", "41;")),
        ("blanks", fill(REQUEST, " ", REQUEST_END)),
        ("blanks before the root", fill("", " ", REQUEST)),
        ("line feeds", fill(REQUEST, "\n", REQUEST_END)),
        ("carriage returns", fill(REQUEST, "\r", REQUEST_END)),
        ("ends of CDATA sections", fill(METADATA, "]]>", METADATA_END)),
        ("almost ends of CDATA sections", fill(METADATA, "]] ", METADATA_END)),
        ("brackets", fill(METADATA, "]", METADATA_END)),
        ("slashes", fill(METADATA, "/", METADATA_END)),
        ("greater-than signs", fill(METADATA, ">", METADATA_END)),
    ]
}

pub fn unclosed() -> Vec<Document> {
    let mut all = vec![("nothing", Vec::new()), ("less-than signs", fill("", "<", ""))];
    for (name, before) in [
        ("unclosed tag", "<request"),
        ("unclosed attribute", "<request protocol=\"3.0\" a=\""),
        ("unclosed comment", "<request protocol=\"3.0\"><!--"),
        ("unclosed instruction", "<request protocol=\"3.0\"><?a "),
        ("unclosed CDATA section", "<request protocol=\"3.0\"><![CDATA["),
        ("unclosed reference", "<request protocol=\"3.0\">&#"),
        ("unclosed end", "<request protocol=\"3.0\"></request"),
        ("unclosed root", "<request protocol=\"3.0\">"),
        ("unclosed declaration", "<!DOCTYPE"),
        ("unclosed XML declaration", "<?xml "),
    ] {
        all.push((name, before.as_bytes().to_vec()));
        all.push((name, fill(before, "1", "")));
    }
    all
}

pub fn encodings() -> Vec<Document> {
    let request = fill(REQUEST, "<a/>", REQUEST_END);
    let bytes = |byte: u8| [REQUEST.as_bytes(), &vec![byte; DOCUMENT_SIZE / 2]].concat();
    vec![
        ("UTF-16, little end first", utf16(&request, &[0xFF, 0xFE], u16::to_le_bytes)),
        ("UTF-16, big end first", utf16(&request, &[0xFE, 0xFF], u16::to_be_bytes)),
        ("UTF-16, little end first, no mark", utf16(&request, &[], u16::to_le_bytes)),
        ("UTF-16, big end first, no mark", utf16(&request, &[], u16::to_be_bytes)),
        ("UTF-16 declared", fill("<?xml version=\"1.0\" encoding=\"UTF-16\"?>", "<a/>", "")),
        ("Latin-1", bytes(0xE9)),
        ("continuation bytes", bytes(0x80)),
        ("no UTF-8 at all", bytes(0xFF)),
        ("NUL", bytes(0)),
        ("only NUL", vec![0; DOCUMENT_SIZE]),
        ("marks", "\u{FEFF}".repeat(DOCUMENT_SIZE / 3).into_bytes()),
    ]
}
