//! What holds for every request, every response, and every input.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::arbitrary::{any_text, legal_text, request, response, survivor};
use crate::protocol::{Request, Response};

/// Reads a document as both. If it can be read, so can what is written of
/// that, with equal values.
fn read(document: &[u8]) {
    match Request::read(document) {
        Ok(request) => assert_eq!(Request::read(request.to_xml().as_bytes()).unwrap(), request),
        Err(error) => check_message(&error.to_string()),
    }
    match Response::read(document) {
        Ok(response) => {
            assert_eq!(Response::read(response.to_xml().as_bytes()).unwrap(), response);
        }
        Err(error) => check_message(&error.to_string()),
    }
}

/// A message is one line that is safe to print, and not long.
fn check_message(message: &str) {
    assert!(message.chars().count() < 1000, "{message}");
    assert!(!message.contains(|character: char| character.is_control()), "{message:?}");
}

/// What documents are made of, put together at random.
fn soup() -> impl Strategy<Value = Vec<u8>> {
    let token = select(vec![
        "<",
        ">",
        "/",
        "</",
        "/>",
        "<?",
        "?>",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<!",
        "<!DOCTYPE ",
        "<?xml version=\"1.0\"?>",
        "<request protocol=\"3.0\">",
        "<request protocol=\"3.0\" ",
        "</request>",
        "<response protocol=\"3.0\">",
        "</response>",
        "<app",
        "<app>",
        "</app>",
        "<app/>",
        "<ping/>",
        "<event",
        "<updatecheck>",
        "<manifest>",
        "<packages>",
        "<package>",
        "<metadata>",
        "</metadata>",
        " appid=\"",
        " version='",
        "=",
        "\"",
        "'",
        "&",
        ";",
        "&amp;",
        "&#",
        "&#x41;",
        "&#10;",
        "]",
        "-",
        "?",
        " ",
        "\n",
        "\r",
        "\t",
        "a",
        "1",
        ":",
        "xmlns",
        " xmlns:a=\"b\"",
        "a:",
        "xml:lang=\"\"",
        "ü",
        "\u{FEFF}",
        "\u{1}",
    ]);
    let bytes = prop_oneof![
        20 => token.prop_map(|token| token.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 1..4),
    ];
    vec(bytes, 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn a_request_survives(request in request(&legal_text())) {
        let document = request.to_xml();
        prop_assert_eq!(Request::read(document.as_bytes()).expect(&document), request);
    }

    #[test]
    fn a_response_survives(response in response(&legal_text())) {
        let document = response.to_xml();
        prop_assert_eq!(Response::read(document.as_bytes()).expect(&document), response);
    }

    #[test]
    fn any_text_can_be_written(request in request(&any_text()), response in response(&any_text())) {
        let document = request.to_xml();
        prop_assert!(document.chars().all(|character| survivor(&character.to_string()) == character.to_string()));
        let again = Request::read(document.as_bytes()).expect(&document);
        prop_assert_eq!(again.version, survivor(&request.version));
        let document = response.to_xml();
        let again = Response::read(document.as_bytes()).expect(&document);
        prop_assert_eq!(again.server, survivor(&response.server));
    }

    #[test]
    fn no_bytes_cause_a_panic(bytes in vec(any::<u8>(), 0..200)) {
        read(&bytes);
    }

    #[test]
    fn no_soup_causes_a_panic(start in select(vec!["", "<request protocol=\"3.0\">", "<response protocol=\"3.0\"><app><updatecheck><manifest><packages><package><metadata>"]), soup in soup()) {
        read(&[start.as_bytes(), &soup].concat());
    }

    #[test]
    fn no_change_of_a_document_causes_a_panic(
        request in request(&any_text()),
        response in response(&any_text()),
        changes in vec((any::<Index>(), any::<Index>(), soup()), 1..4),
    ) {
        for document in [request.to_xml(), response.to_xml()] {
            let mut document = document.into_bytes();
            for (from, length, replacement) in &changes {
                let from = from.index(document.len() + 1);
                let to = from + length.index((document.len() - from).min(20) + 1);
                document.splice(from..to, replacement.iter().copied().take(10));
            }
            read(&document);
        }
    }
}
