//! Documents of tags, declarations and attributes.

use super::{CHECK, CHECK_END, Document, REQUEST, REQUEST_END, fill, number};
use crate::DOCUMENT_SIZE;

pub fn declarations() -> Vec<Document> {
    let bomb = |count| match count {
        0 => "<!ENTITY e0 \"lollollollol\">".to_owned(),
        _ => format!("<!ENTITY e{count} \"{}\">", format!("&e{};", count - 1).repeat(10)),
    };
    let parameter = |count| match count {
        0 => "<!ENTITY % p0 \"<!ENTITY a 'lollollollol'>\">".to_owned(),
        _ => format!("<!ENTITY % p{count} \"{}\">", format!("%p{};", count - 1).repeat(10)),
    };
    let laughs: String = (0..10).map(bomb).collect();
    vec![
        (
            "billion laughs",
            format!("<!DOCTYPE request [{laughs}]>{REQUEST}&e9;{REQUEST_END}").into_bytes(),
        ),
        (
            "billion laughs, many times",
            fill(&format!("<!DOCTYPE request [{laughs}]>{REQUEST}"), "&e9;", REQUEST_END),
        ),
        (
            "a long entity, many times",
            fill(
                &format!(
                    "<!DOCTYPE r [<!ENTITY a \"{}\">]>{REQUEST}",
                    "x".repeat(DOCUMENT_SIZE / 2)
                ),
                "&a;",
                REQUEST_END,
            ),
        ),
        ("entities of entities", number("<!DOCTYPE request [", bomb, "]><request/>")),
        ("parameter entities", number("<!DOCTYPE request [", parameter, "]><request/>")),
        ("declaration without end", fill("<!DOCTYPE request [", "<!ELEMENT a ANY>", "")),
        ("declaration of white space", fill("<!DOCTYPE", " ", "request>")),
        ("declaration after comments", fill("", "<!---->", "<!DOCTYPE request>")),
        ("many declarations", fill("", "<!DOCTYPE a>", REQUEST)),
        ("declaration in the root", fill(REQUEST, "<!DOCTYPE a>", REQUEST_END)),
        ("XML declarations", fill("", "<?xml version=\"1.0\"?>", "")),
        ("XML declaration of white space", fill("<?xml", " ", "version=\"1.0\"?>")),
        ("long version", fill("<?xml version=\"1.", "0", "\"?>")),
        ("long encoding", fill("<?xml version=\"1.0\" encoding=\"", "U", "\"?>")),
    ]
}

pub fn elements() -> Vec<Document> {
    vec![
        ("deep nesting", fill("", "<a>", "")),
        ("deep nesting in the root", fill(REQUEST, "<a>", "")),
        ("deep nesting of apps", fill(REQUEST, "<app>", "")),
        ("deep nesting with attributes", fill(REQUEST, "<a b=\"c\" d=\"e\">", "")),
        ("nesting just allowed", {
            let unit = format!("{}{}", "<a>".repeat(15), "</a>".repeat(15));
            fill(REQUEST, &unit, REQUEST_END)
        }),
        ("empty elements", fill(REQUEST, "<a/>", REQUEST_END)),
        ("empty apps", fill(REQUEST, "<app/>", REQUEST_END)),
        ("empty events", fill(&format!("{REQUEST}<app>"), "<event/>", "</app></request>")),
        ("empty manifests", fill(CHECK, "<manifest/>", CHECK_END)),
        ("open and closed elements", fill(REQUEST, "<a></a>", REQUEST_END)),
        ("elements between blanks", fill(REQUEST, " <a/>", REQUEST_END)),
        ("roots", fill("", "<request protocol=\"3.0\"/>", "")),
        ("other roots", fill("", "<a/>", "")),
        ("a long name", fill("<", "a", ">")),
        ("a long name in the root", fill(&format!("{REQUEST}<"), "a", "/></request>")),
        ("long names", {
            let name = "a".repeat(60 * 1024);
            fill(REQUEST, &format!("<{name}/>"), REQUEST_END)
        }),
        ("a long name at the end", fill("<request protocol=\"3.0\"></request", "a", ">")),
        ("blanks at the end of a tag", fill("<request protocol=\"3.0\"></request", " ", ">")),
        ("mismatched ends", fill(REQUEST, "</a>", REQUEST_END)),
        ("instructions", fill(REQUEST, "<?a?>", REQUEST_END)),
        ("instructions before the root", fill("", "<?a?>", REQUEST)),
    ]
}

pub fn attributes() -> Vec<Document> {
    let empty = |count| format!(" a{count}=\"\"");
    let app = "<app ";
    let element = {
        let attributes: String = (0..64).map(empty).collect();
        format!("<a{attributes}/>")
    };
    vec![
        ("attributes", number("<request protocol=\"3.0\"", empty, "/>")),
        ("attributes in the root", number(&format!("{REQUEST}{app}"), empty, "/></request>")),
        ("the same attribute", fill(&format!("{REQUEST}<a"), " a=\"\"", "/></request>")),
        ("64 attributes on each element", fill(REQUEST, &element, REQUEST_END)),
        ("a long attribute", fill("<request protocol=\"", "3", "\"/>")),
        ("a long attribute's name", fill("<request ", "a", "=\"\"/>")),
        ("references in an attribute", fill("<request protocol=\"", "&#65;", "\"/>")),
        ("entities in an attribute", fill("<request protocol=\"", "&lt;", "\"/>")),
        ("blanks between attributes", fill("<request", " ", "protocol=\"3.0\"/>")),
        ("blanks before an equals sign", fill("<request protocol", " ", "=\"3.0\"/>")),
        ("blanks after an equals sign", fill("<request protocol=", " ", "\"3.0\"/>")),
        ("blanks in a number", fill(&format!("{REQUEST}<app installage=\""), " ", "1\"/>")),
        ("quotes in an attribute", fill("<request protocol='", "\"", "'/>")),
    ]
}

pub fn namespaces() -> Vec<Document> {
    let declare = |count| format!(" xmlns:a{count}=\"b\"");
    let scope = |count| format!("<a xmlns:a{count}=\"b\">");
    let uri = "u".repeat(60 * 1024);
    let small = "u".repeat(900);
    vec![
        ("namespaces", number("<request", declare, " protocol=\"3.0\"/>")),
        ("namespaces in the root", number(&format!("{REQUEST}<a"), declare, "/></request>")),
        ("nested namespaces", number(REQUEST, scope, "")),
        (
            "namespaces of many elements",
            number(REQUEST, |count| format!("<a xmlns:a{count}=\"b\"/>"), REQUEST_END),
        ),
        (
            "a long namespace",
            fill(&format!("<request protocol=\"3.0\" xmlns:a=\"{uri}\">"), "<a:a/>", REQUEST_END),
        ),
        (
            "a namespace just allowed",
            fill(
                &format!("<request protocol=\"3.0\" xmlns:a=\"{small}\">"),
                "<a:a a:b=\"\" a:c=\"\" a:d=\"\"/>",
                REQUEST_END,
            ),
        ),
        ("default namespaces", fill(REQUEST, "<a xmlns=\"b\">", "")),
        ("colons", fill("<", ":", "/>")),
        ("prefixes", fill("<", "a:", "/>")),
    ]
}
