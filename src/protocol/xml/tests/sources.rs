//! How the source of a document is treated.

use std::error::Error;
use std::io::{self, Read};

use super::super::source::BUFFER;
use super::with;
use crate::chain::Chain;
use crate::protocol::{ReadErrorKind, Request, Response, limits};

/// A source that hands out a few bytes at a time, and is interrupted before.
struct Slow<'a> {
    bytes: &'a [u8],
    step: usize,
    interrupted: bool,
}

impl Read for Slow<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.interrupted = !self.interrupted;
        if self.interrupted {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let step = self.step.min(into.len());
        self.bytes.by_ref().take(step as u64).read(into)
    }
}

/// A source that fails.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the cable is out"))
    }
}

#[test]
fn it_does_not_matter_how_the_bytes_arrive() {
    let content = "<!-- é --><app appid=\"ü\u{1F600}&amp;\"/>".repeat(300);
    let document = format!("\u{FEFF}<?xml version=\"1.0\"?><!-- <!DOCTYPE -->{}", with(&content));
    let expected = Request::read(document.as_bytes()).unwrap();
    assert_eq!(expected.apps.len(), 300);
    for step in [1, 2, 3, 5, 64, BUFFER - 1, BUFFER, BUFFER + 1] {
        let source = Slow { bytes: document.as_bytes(), step, interrupted: false };
        assert_eq!(Request::read(source).unwrap(), expected, "{step} at a time");
    }
}

#[test]
fn a_declaration_is_found_at_the_edge_of_a_buffer() {
    for before in BUFFER - 16..BUFFER + 4 {
        let document = format!("{}<!DOCTYPE a><request protocol=\"3.0\"/>", " ".repeat(before));
        let error = Request::read(document.as_bytes()).unwrap_err();
        assert!(matches!(error.kind(), ReadErrorKind::Doctype), "{before}: {error}");
        assert_eq!(error.column(), before as u64 + 1);
    }
}

#[test]
fn nothing_is_asked_for_after_the_root() {
    for document in [with("<app/>"), "<request protocol=\"3.0\"/>".to_owned()] {
        let source = Slow { bytes: document.as_bytes(), step: BUFFER, interrupted: false };
        Request::read(source.chain(Broken)).unwrap();
        let source = Slow { bytes: document.as_bytes(), step: 1, interrupted: false };
        Request::read(source.chain(Broken)).unwrap();
    }
}

#[test]
fn what_follows_the_root_is_ignored() {
    for after in ["x", "<", "<request protocol=\"2.0\"/>", "\0\u{1}", "<!DOCTYPE a>"] {
        let document = with("<app/>") + after;
        assert_eq!(Request::read(document.as_bytes()).unwrap().apps.len(), 1);
    }
}

#[test]
fn a_failure_is_passed_on() {
    let start = "<request protocol=\"3.0\">\n<app>";
    let error = Request::read(start.as_bytes().chain(Broken)).unwrap_err();
    assert_eq!(
        Chain(&error).to_string(),
        "line 2, column 6: cannot read further: the cable is out"
    );
    assert!(matches!(error.kind(), ReadErrorKind::Io(_)));
    assert_eq!(error.source().unwrap().to_string(), "the cable is out");

    let error = Request::read(Broken).unwrap_err();
    assert!(matches!(error.kind(), ReadErrorKind::Io(_)));
}

#[test]
fn a_source_that_lies_about_its_length_is_harmless() {
    struct Liar;
    impl Read for Liar {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Ok(usize::MAX)
        }
    }
    Request::read(Liar).unwrap_err();
}

#[test]
fn nothing_may_follow_a_response() {
    let response = "<response protocol=\"3.0\"><app appid=\"a\"/></response>";
    for after in
        ["OK\n", "<script src=\"/x.js\"></script>", response, "\n<", "&amp;", "<![CDATA[]]>"]
    {
        let error = Response::read(format!("{response}{after}").as_bytes()).unwrap_err();
        assert_eq!(error.line(), 1 + u64::from(after.starts_with('\n')), "{after}: {error}");
    }
    for after in ["", "\n \t\r\n", "<!-- 3 ms -->\n", "<?a b?>"] {
        Response::read(format!("{response}{after}").as_bytes()).expect(after);
    }
    let long = format!("{response}{}", " ".repeat(limits::DOCUMENT));
    assert!(matches!(
        Response::read(long.as_bytes()).unwrap_err().kind(),
        ReadErrorKind::Limit { .. }
    ));
}
