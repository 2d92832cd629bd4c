//! Documents made to hurt.

/// The size of each document: the largest that a server takes.
pub const SIZE: usize = 1024 * 1024;

/// A document of [`SIZE`] bytes at most, with a name.
pub type Document = (&'static str, Vec<u8>);

/// `before`, as many `unit`s as fit, and `after`.
fn fill(before: &str, unit: &str, after: &str) -> Vec<u8> {
    let count = (SIZE - before.len() - after.len()) / unit.len();
    [before, &unit.repeat(count), after].concat().into_bytes()
}

/// `before`, as many numbered units as fit, and `after`.
fn number(before: &str, unit: impl Fn(usize) -> String, after: &str) -> Vec<u8> {
    let mut document = before.to_owned();
    for count in 0.. {
        let unit = unit(count);
        if document.len() + unit.len() + after.len() > SIZE {
            break;
        }
        document.push_str(&unit);
    }
    document.push_str(after);
    document.into_bytes()
}

/// The document in UTF-16.
fn utf16(document: &[u8], mark: &[u8], unit: impl Fn(u16) -> [u8; 2]) -> Vec<u8> {
    let half = document.get(..SIZE / 2 - 2).unwrap_or(document);
    let units = half.iter().flat_map(|byte| unit(u16::from(*byte)));
    mark.iter().copied().chain(units).collect()
}

const REQUEST: &str = r#"<request protocol="3.0">"#;
const REQUEST_END: &str = "</request>";
const METADATA: &str = r#"<response protocol="3.0"><app><updatecheck><manifest><packages><package><metadata>"#;
const METADATA_END: &str =
    "</metadata></package></packages></manifest></updatecheck></app></response>";
const CHECK: &str = r#"<response protocol="3.0"><app><updatecheck>"#;
const CHECK_END: &str = "</updatecheck></app></response>";

/// Every kind of hostility known.
pub fn documents() -> Vec<Document> {
    let mut all = declarations();
    all.extend(elements());
    all.extend(attributes());
    all.extend(namespaces());
    all.extend(texts());
    all.extend(unclosed());
    all.extend(encodings());
    all.extend(within_limits());
    all
}

fn declarations() -> Vec<Document> {
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
                &format!("<!DOCTYPE r [<!ENTITY a \"{}\">]>{REQUEST}", "x".repeat(SIZE / 2)),
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

fn elements() -> Vec<Document> {
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

fn attributes() -> Vec<Document> {
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

fn namespaces() -> Vec<Document> {
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

fn texts() -> Vec<Document> {
    let references = |count| format!("&#x{:x};", 0x20 + count % 0xD000);
    vec![
        ("text", fill(REQUEST, "a", REQUEST_END)),
        ("text before the root", fill("", "a", REQUEST)),
        ("text of metadata", fill(METADATA, "a", METADATA_END)),
        ("text of metadata in parts", fill(METADATA, &format!("{}<?a?>", "a".repeat(9000)), METADATA_END)),
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

fn unclosed() -> Vec<Document> {
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

fn encodings() -> Vec<Document> {
    let request = fill(REQUEST, "<a/>", REQUEST_END);
    let bytes = |byte: u8| [REQUEST.as_bytes(), &vec![byte; SIZE / 2]].concat();
    vec![
        ("UTF-16, little end first", utf16(&request, &[0xFF, 0xFE], u16::to_le_bytes)),
        ("UTF-16, big end first", utf16(&request, &[0xFE, 0xFF], u16::to_be_bytes)),
        ("UTF-16, little end first, no mark", utf16(&request, &[], u16::to_le_bytes)),
        ("UTF-16, big end first, no mark", utf16(&request, &[], u16::to_be_bytes)),
        (
            "UTF-16 declared",
            fill("<?xml version=\"1.0\" encoding=\"UTF-16\"?>", "<a/>", ""),
        ),
        ("Latin-1", bytes(0xE9)),
        ("continuation bytes", bytes(0x80)),
        ("no UTF-8 at all", bytes(0xFF)),
        ("NUL", bytes(0)),
        ("only NUL", vec![0; SIZE]),
        ("marks", "\u{FEFF}".repeat(SIZE / 3).into_bytes()),
    ]
}

/// Documents that come as close to all limits as they can.
fn within_limits() -> Vec<Document> {
    // One more than where the parser's buffer doubles, so half of it is wasted.
    let waste = "x".repeat(20 * 32 + 1);
    let escaped = "&lt;".repeat(2 * 1024 - 1);
    let comment = format!("<!--{}--><a/>", "c".repeat(63 * 1024));
    let apps = format!("<app appid=\"{waste}\" track=\"{}\"/>", "x".repeat(321));
    let attributes: String = (0..8).map(|count| format!(" a{count}=\"\"")).collect();
    vec![
        ("1,000 apps with text", fill_times(REQUEST, &apps, 1000, REQUEST_END)),
        (
            "1,000 apps with attributes",
            fill_times(REQUEST, &format!("<app{attributes}/>"), 1000, REQUEST_END),
        ),
        ("1,000 manifests", fill_times(CHECK, "<manifest/>", 1000, CHECK_END)),
        ("1,000 packages", {
            let before = format!("{CHECK}<manifest><packages>");
            let after = format!("</packages></manifest>{CHECK_END}");
            let package = format!("<package name=\"{waste}\" size=\"1\"/>");
            fill_times(&before, &package, 1000, &after)
        }),
        ("entities in attributes", fill(REQUEST, &format!("<a b=\"{escaped}\"/>"), REQUEST_END)),
        ("comments between elements", fill(REQUEST, &comment, REQUEST_END)),
        (
            "blanks between elements",
            fill(REQUEST, &format!("{}<a/>", " ".repeat(65_000)), REQUEST_END),
        ),
        ("metadata", {
            let before = format!("{CHECK}<manifest><packages>");
            let after = format!("</packages></manifest>{CHECK_END}");
            let text = "x".repeat(20 * 1024 + 1);
            let package = format!("<package><metadata>{text}</metadata></package>");
            fill(&before, &package, &after)
        }),
    ]
}

/// `before`, so many `unit`s, and `after`.
fn fill_times(before: &str, unit: &str, count: usize, after: &str) -> Vec<u8> {
    let document = [before, &unit.repeat(count), after].concat().into_bytes();
    assert!(document.len() <= SIZE);
    document
}
