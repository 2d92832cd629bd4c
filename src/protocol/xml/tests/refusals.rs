//! Every reason to refuse a document as a whole, and how it reads.

use super::{refusal, response_refusal};
use crate::protocol::Request;

#[test]
fn the_place_is_that_of_the_element() {
    let document = "<?xml version=\"1.0\"?>\n<request protocol=\"3.0\">\n\t<app>\r\n    <!-- ü --> <event eventtype='x'/></app></request>";
    let error = Request::read(document.as_bytes()).unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"line 4, column 16: attribute eventtype="x" of <event> is not a number"#
    );
    assert_eq!((error.line(), error.column()), (4, 16));
}

#[test]
fn the_root() {
    assert_eq!(
        refusal("<response protocol=\"3.0\"/>"),
        "line 1, column 1: the root element is <response>, not <request>"
    );
    assert_eq!(
        refusal("\u{FEFF}<Request protocol=\"3.0\"/>"),
        "line 1, column 1: the root element is <Request>, not <request>"
    );
    assert_eq!(
        response_refusal("\n <!-- a -->\n<request protocol=\"3.0\"/>"),
        "line 3, column 1: the root element is <request>, not <response>"
    );
}

#[test]
fn the_protocol() {
    assert_eq!(
        refusal("<?xml version=\"1.0\"?><request protocol=\"2.0\"/>"),
        r#"line 1, column 22: the protocol is "2.0", but only "3.0" is supported"#
    );
    assert_eq!(
        refusal("<request protocol=\"3.0 \"/>"),
        r#"line 1, column 1: the protocol is "3.0 ", but only "3.0" is supported"#
    );
    assert_eq!(
        refusal("<request Protocol=\"3.0\"/>"),
        r#"line 1, column 1: attribute protocol="3.0" is missing"#
    );
    assert_eq!(
        response_refusal("<response/>"),
        r#"line 1, column 1: attribute protocol="3.0" is missing"#
    );
}

#[test]
fn a_premature_end() {
    for (document, column) in [
        ("", 1),
        (" ", 2),
        ("<", 2),
        ("<request", 9),
        ("<request protocol=\"3.0", 23),
        ("<request protocol=\"3.0\"", 24),
        ("<request protocol=\"3.0\">", 25),
        ("<request protocol=\"3.0\"><app", 29),
        ("<request protocol=\"3.0\"></request", 34),
        ("<request protocol=\"3.0\"><!-- ", 30),
        ("<request protocol=\"3.0\"><![CDATA[ ", 35),
        ("<request protocol=\"3.0\"><?a ", 29),
        ("<request protocol=\"3.0\">&amp", 29),
        ("<request protocol=\"3.0\"/", 25),
        ("<!--", 5),
        ("<?xml", 6),
    ] {
        assert_eq!(
            refusal(document),
            format!("line 1, column {column}: the document ends too early"),
            "{document}"
        );
    }
    let broken = &b"<request protocol=\"\xE2\x82"[..];
    assert!(refusal(broken).ends_with("the document ends too early"));
}

#[test]
fn what_is_not_well_formed() {
    for (document, message) in [
        (
            "hello",
            "line 1, column 1: not well-formed XML: unexpected characters outside the root element: h",
        ),
        (
            "<request protocol=\"3.0\"></other>",
            "line 1, column 32: not well-formed XML: unexpected closing tag: other != request",
        ),
        (
            "<request protocol=\"3.0\" protocol=\"3.0\"/>",
            "line 1, column 25: not well-formed XML: attribute 'protocol' is redefined",
        ),
        ("<request protocol=3.0/>", "line 1, column 19: not well-formed XML: unexpected token: 3"),
        (
            "<request protocol=\"3.0\">&nbsp;</request>",
            "line 1, column 30: not well-formed XML: unexpected entity: nbsp",
        ),
        (
            "<request protocol=\"3.0\">&#0;</request>",
            "line 1, column 28: not well-formed XML: invalid character U+0000",
        ),
        (
            "<request protocol=\"3.0\">\u{1}</request>",
            "line 1, column 25: not well-formed XML: invalid character U+0001",
        ),
        (
            "<request protocol=\"3.0\">]]></request>",
            "line 1, column 25: not well-formed XML: unexpected token: ]]>",
        ),
        (
            "<request protocol=\"3.0\"><!-- a -- b --></request>",
            "line 1, column 32: not well-formed XML: unexpected token '--' before ' '",
        ),
        (
            "<request protocol=\"3.0\" a=\"<\"/>",
            "line 1, column 28: not well-formed XML: unexpected token '<' before '\"'",
        ),
        (
            "<o:request protocol=\"3.0\"/>",
            "line 1, column 26: not well-formed XML: element o:request prefix is unbound",
        ),
        (
            " <?xml version=\"1.0\"?><request protocol=\"3.0\"/>",
            "line 1, column 7: not well-formed XML: invalid processing instruction: <?xml",
        ),
        (
            "<?xml version=\"1.1\"?><request protocol=\"3.0\"/>",
            "line 1, column 1: not well-formed XML: this is XML 1.1, not 1.0",
        ),
        (
            "<request protocol=\"3.0\"><!DOCTYPE a></request>",
            "line 1, column 25: not well-formed XML: unexpected token: <!DOCTYPE",
        ),
    ] {
        assert_eq!(refusal(document), message);
    }
}

#[test]
fn other_encodings() {
    for name in ["ISO-8859-1", "utf-16", "US-ASCII", "windows-1252", "U", "UTF-8000", ""] {
        let document =
            format!("<?xml version=\"1.0\" encoding=\"{name}\"?><request protocol=\"3.0\"/>");
        assert_eq!(
            refusal(&document),
            format!("line 1, column 1: the encoding is \"{name}\", but only UTF-8 is supported")
        );
    }
    let sixteen =
        "line 1, column 1: the encoding is \"UTF-16 or UTF-32\", but only UTF-8 is supported";
    for start in [
        &b"\xFF\xFE<\0r\0"[..],
        b"\xFE\xFF\0<\0r",
        b"<\0r\0",
        b"\0<\0r",
        b"\xFF\xFE\0\0<\0\0\0",
        b"\0\0\xFE\xFF\0\0\0<",
        b"\0\0\0<",
    ] {
        assert_eq!(refusal(start), sixteen, "{start:?}");
    }
    assert_eq!(
        refusal(b"<?xml version=\"1.0\"?><request a=\"f\xFCr\" protocol=\"3.0\"/>"),
        "line 1, column 22: the text is not UTF-8"
    );
    // A surrogate, an overlong form, beyond the last character.
    for bytes in [&b"\xED\xA0\x80 "[..], b"\xC0\xAF  ", b"\xF5\x80\x80\x80", b"\x80   "] {
        let document = [b"<request protocol=\"", bytes, b"\"/>"].concat();
        assert!(refusal(document).ends_with(": the text is not UTF-8"), "{bytes:?}");
    }
}

#[test]
fn document_type_declarations() {
    for (before, line, column) in [
        ("", 1, 1),
        ("\u{FEFF}", 1, 1),
        ("<?xml version=\"1.0\"?>\n", 2, 1),
        ("<?xml version=\"1.0\"?>\n<!-- a -->  ", 2, 13),
    ] {
        for declaration in ["<!DOCTYPE request>", "<!DOCTYPE r [<!ENTITY a 'b'>]>", "<!D"] {
            let document = format!("{before}{declaration}<request protocol=\"3.0\"/>");
            assert_eq!(
                refusal(&document),
                format!("line {line}, column {column}: a document type declaration is not allowed"),
                "{document}"
            );
        }
    }
}
