//! Values that are not what they should be, and how the messages show them.

use super::{refusal, response_refusal, with};
use crate::protocol::{ReadErrorKind, Request};

#[test]
fn values() {
    for (content, message) in [
        ("<app installage=\"yes\"/>", r#"attribute installage="yes" of <app> is not a number"#),
        ("<app installage=\"0x10\"/>", r#"attribute installage="0x10" of <app> is not a number"#),
        ("<app installage=\"1.5\"/>", r#"attribute installage="1.5" of <app> is not a number"#),
        (
            "<app installage=\"9223372036854775808\"/>",
            r#"attribute installage="9223372036854775808" of <app> is too large a number"#,
        ),
        (
            "<app installage=\"-9223372036854775809\"/>",
            r#"attribute installage="-9223372036854775809" of <app> is too small a number"#,
        ),
        (
            "<app delta_okay=\"yes\"/>",
            r#"attribute delta_okay="yes" of <app> is neither true nor false"#,
        ),
        (
            "<app multi_manifest_ok=\"2\"/>",
            r#"attribute multi_manifest_ok="2" of <app> is neither true nor false"#,
        ),
        (
            "<app><ping active=\"yes\"/></app>",
            r#"attribute active="yes" of <ping> is neither a number nor true nor false"#,
        ),
        ("<app><ping a=\"-\"/></app>", r#"attribute a="-" of <ping> is not a number"#),
        (
            "<app><event errorcode=\"a&quot;&#10;b\"/></app>",
            r#"attribute errorcode="a\"\nb" of <event> is not a number"#,
        ),
    ] {
        let message = message.to_owned();
        assert!(refusal(with(content)).ends_with(&format!(": {message}")), "{content}");
    }
}

#[test]
fn values_of_a_response() {
    let check = |content: &str| {
        format!(
            "<response protocol=\"3.0\"><app><updatecheck><manifest>{content}</manifest></updatecheck></app></response>"
        )
    };
    for (content, message) in [
        (
            "<packages><package size=\"-1\"/></packages>",
            r#"attribute size="-1" of <package> is a negative number"#,
        ),
        (
            "<packages><package size=\"99999999999999999999\"/></packages>",
            r#"attribute size="99999999999999999999" of <package> is too large a number"#,
        ),
        (
            "<packages><package hash=\"abc\"/></packages>",
            r#"attribute hash="abc" of <package> is not a SHA-1 in base64 or hex"#,
        ),
        (
            "<packages><package hash_sha256=\"abc\"/></packages>",
            r#"attribute hash_sha256="abc" of <package> is not a SHA-256 in base64 or hex"#,
        ),
        (
            "<actions><action sha256=\"HmY0v668A0gpgQWSPQ8m5HqjP/U=\"/></actions>",
            r#"attribute sha256="HmY0v668A0gpgQWSPQ8m5HqjP/U=" of <action> is not a SHA-256 in base64 or hex"#,
        ),
    ] {
        let refusal = response_refusal(&check(content));
        assert!(refusal.ends_with(&format!(": {message}")), "{refusal}");
    }
    assert_eq!(
        response_refusal(
            "<response protocol=\"3.0\"><daystart elapsed_seconds=\"4294967296\"/></response>"
        ),
        r#"line 1, column 26: attribute elapsed_seconds="4294967296" of <daystart> is too large a number"#
    );
}

#[test]
fn long_values_are_cut_in_the_message() {
    let value = "ü".repeat(1000);
    assert_eq!(
        refusal(with(&format!("<app installage=\"{value}\"/>"))),
        format!(
            "line 1, column 25: attribute installage=\"{}…\" of <app> is not a number",
            "ü".repeat(64)
        )
    );
    let name = "a".repeat(250);
    assert_eq!(
        refusal(format!("<{name}/>")),
        format!("line 1, column 1: the root element is <{}…>, not <request>", "a".repeat(64))
    );
    let entity = "a".repeat(1000);
    let message = refusal(with(&format!("&{entity};")));
    assert!(message.chars().count() < 250, "{message}");
}

#[test]
fn a_message_is_one_line() {
    let document = with("<app installage=\"&#10;&#13;&#x85;&#x2028;&#x202E;\u{FEFF}\"/>");
    assert_eq!(
        refusal(document),
        r#"line 1, column 25: attribute installage="\n\r\u{85}\u{2028}\u{202e}\u{feff}" of <app> is not a number"#
    );
}

#[test]
fn the_kind_says_the_same_to_a_program() {
    let error = Request::read(with("<app installage=\"x\"/>").as_bytes()).unwrap_err();
    match error.kind() {
        ReadErrorKind::Value { element, attribute, value, problem } => assert_eq!(
            (element.as_str(), attribute.as_str(), value.as_str(), *problem),
            ("app", "installage", "x", "is not a number")
        ),
        other => panic!("{other:?}"),
    }
}
