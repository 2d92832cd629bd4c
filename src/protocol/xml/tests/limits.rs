//! Each limit is where it is said to be.

use super::{refusal, request, with};
use crate::protocol::{Request, Response, limits};

/// A document that reaches a limit is read, and one that is beyond is not.
fn check(make: impl Fn(usize) -> String, limit: usize, what: &str) {
    request(&make(limit));
    let refusal = refusal(make(limit + 1));
    assert!(refusal.ends_with(&format!(": more than {limit} {what}")), "{refusal}");
}

#[test]
fn document() {
    let tail = "</request>";
    check(
        |size| {
            let mut document = String::from("<request protocol=\"3.0\">");
            let unit = format!("{}<a/>", " ".repeat(1020));
            while document.len() + unit.len() + tail.len() <= size {
                document.push_str(&unit);
            }
            document.extend(std::iter::repeat_n(' ', size - document.len() - tail.len()));
            document + tail
        },
        limits::DOCUMENT,
        "bytes in the document",
    );
}

#[test]
fn what_follows_the_root_is_not_counted() {
    let document = with("<app/>") + &"x".repeat(2 * limits::DOCUMENT);
    assert_eq!(request(&document).apps.len(), 1);
}

#[test]
fn piece() {
    // A text ends where the parser sees that a tag follows.
    check(
        |size| with(&" ".repeat(size - "</".len())),
        limits::PIECE,
        "bytes in a tag or between two",
    );
    check(
        |size| with(&format!("<!--{}-->", "a".repeat(size - "<!----></request>".len()))),
        limits::PIECE,
        "bytes in a tag or between two",
    );
    check(
        |size| with(&format!("<a{}/>", " ".repeat(size - "<a/>".len()))),
        limits::PIECE,
        "bytes in a tag or between two",
    );
}

#[test]
fn depth() {
    check(
        |depth| with(&format!("{}{}", "<a>".repeat(depth - 1), "</a>".repeat(depth - 1))),
        limits::DEPTH,
        "nested elements",
    );
}

#[test]
fn elements() {
    check(|count| with(&"<a/>".repeat(count - 1)), limits::ELEMENTS, "elements in the document");
    check(|count| with(&"<?a?>".repeat(count - 1)), limits::ELEMENTS, "elements in the document");
}

fn attributes(count: usize) -> String {
    (0..count).map(|number| format!(" a{number}=\"\"")).collect()
}

#[test]
fn attributes_on_an_element() {
    check(
        |count| with(&format!("<a{}/>", attributes(count))),
        limits::ATTRIBUTES,
        "attributes on an element",
    );
}

#[test]
fn attributes_in_the_document() {
    check(
        |count| {
            // The root has one as well.
            let (full, rest) = ((count - 1) / 64, (count - 1) % 64);
            let all = format!("<a{}/>", attributes(64)).repeat(full);
            with(&format!("{all}<a{}/>", attributes(rest)))
        },
        limits::DOCUMENT_ATTRIBUTES,
        "attributes in the document",
    );
}

#[test]
fn attribute() {
    check(
        |length| with(&format!("<a b=\"{}\"/>", "x".repeat(length))),
        limits::ATTRIBUTE,
        "bytes in an attribute",
    );
}

#[test]
fn name() {
    check(|length| with(&format!("<{}/>", "x".repeat(length))), limits::NAME, "bytes in a name");
    check(
        |length| with(&format!("<a {}=\"\"/>", "x".repeat(length))),
        limits::NAME,
        "bytes in a name",
    );
    check(|length| with(&format!("<?{}?>", "x".repeat(length))), limits::NAME, "bytes in a name");
}

#[test]
fn namespaces() {
    // Three are always in force.
    let always = "xml".len()
        + "http://www.w3.org/XML/1998/namespace".len()
        + "xmlns".len()
        + "http://www.w3.org/2000/xmlns/".len();
    check(
        |length| {
            let name = "x".repeat(length - always - "a".len());
            with(&format!("<a:a xmlns:a=\"{name}\"/>"))
        },
        limits::NAMESPACES,
        "bytes of namespaces",
    );
}

#[test]
fn text() {
    let document = |length| {
        let text = "x".repeat(length / 2);
        let rest = "x".repeat(length - text.len());
        format!(
            "<response protocol=\"3.0\"><app><updatecheck><manifest><packages><package><metadata>{text}<?a?>{rest}</metadata></package></packages></manifest></updatecheck></app></response>"
        )
    };
    Response::read(document(limits::TEXT).as_bytes()).unwrap();
    let error = Response::read(document(limits::TEXT + 1).as_bytes()).unwrap_err();
    assert!(error.to_string().ends_with(": more than 32768 bytes of text in an element"));
}

#[test]
fn of_many_elements() {
    let mut request = Request::default();
    for _ in 0..limits::ELEMENTS - 1 {
        request.add_app("{x}", "1.0.0");
    }
    assert_eq!(Request::read(request.to_xml().as_bytes()).unwrap(), request);
}
