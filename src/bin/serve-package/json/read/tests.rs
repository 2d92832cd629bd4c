use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::json;

fn is_read(text: &str) -> bool {
    read(text, Reader::skip).is_ok()
}

fn why(text: &str) -> String {
    read(text, Reader::skip).unwrap_err().to_string()
}

#[test]
fn values() {
    assert_eq!(read(" 7 ", Reader::count), Ok(7));
    assert_eq!(read("18446744073709551615", Reader::count), Ok(u64::MAX));
    assert_eq!(read("-7", Reader::integer), Ok(-7));
    assert_eq!(read("true", Reader::boolean), Ok(true));
    assert_eq!(read("false", Reader::boolean), Ok(false));
    for number in ["-1", "1.0", "1e3", "18446744073709551616"] {
        let error = read(number, Reader::count).unwrap_err().to_string();
        assert_eq!(error, "byte 0: expected a whole number", "{number}");
    }
    let text = |text: &str| read(text, |reader| reader.text().map(Cow::into_owned));
    assert_eq!(text(r#""""#).as_deref(), Ok(""));
    assert_eq!(text(r#""a\"\\\/\b\f\n\r\té😀""#).as_deref(), Ok("a\"\\/\u{8}\u{c}\n\r\té😀"));
    assert_eq!(text(r#""\u00e9\uD83D\ude00x\u0000""#).as_deref(), Ok("é😀x\0"));
}

#[test]
fn members_and_items() {
    let text = r#" { "a" : [ 1 , 2 ] , "skipped" : { "x" : [ null , -1.5e+3 ] } , "b" : "c" } "#;
    let mut found = Vec::new();
    let result = read(text, |reader| {
        reader.object(&mut |reader, name| match name {
            "a" => reader.list(&mut |reader| {
                found.push(reader.count()?.to_string());
                Ok(())
            }),
            "b" => {
                found.push(reader.text()?.into_owned());
                Ok(())
            }
            _ => reader.skip(),
        })
    });
    assert_eq!((result, found), (Ok(()), vec!["1".into(), "2".into(), "c".into()]));
}

#[test]
fn refusals_say_where_and_why() {
    for (text, error) in [
        ("", "byte 0: expected a value"),
        ("<html>", "byte 0: expected a value"),
        ("{} {}", "byte 3: something follows the document"),
        ("[1,]", "byte 3: expected a value"),
        ("[1 2]", "byte 3: expected a comma, or the end of the list or object"),
        ("{\"a\"}", "byte 4: expected a colon"),
        ("{a:1}", "byte 1: expected text in quotes"),
        ("\"a\nb\"", "byte 2: text does not end on its line"),
        ("\"a", "byte 1: text does not end on its line"),
        (r#""\x""#, "byte 2: nothing is escaped in this way"),
        (r#""\u12g4""#, "byte 5: an escape needs four hexadecimal digits"),
        (r#""\ud800""#, "byte 6: half a character is escaped"),
        (r#""\ud800A""#, "byte 6: half a character is escaped"),
        (r#""\udc00""#, "byte 6: half a character is escaped"),
        ("nul", "byte 0: expected null"),
        ("01", "byte 1: something follows the document"),
        ("-", "byte 1: expected a number"),
        ("1.", "byte 2: expected a number"),
    ] {
        assert_eq!(why(text), error, "{text}");
    }
}

#[test]
fn depth_is_limited() {
    let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
    assert!(is_read(&nested(16)));
    assert_eq!(why(&nested(17)), "byte 17: it is nested too deeply");
    assert_eq!(why(&"{\"a\":".repeat(1_000_000)), "byte 81: it is nested too deeply");
}

/// Documents that both readers can hold.
fn documents() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    /// What is JSON is read, and nothing else: `serde_json` agrees, also where
    /// one byte is another or gone.
    #[test]
    fn it_takes_what_serde_json_takes(
        value in documents(),
        is_pretty: bool,
        place: prop::sample::Index,
        other in prop::sample::select(&b"\"\\{}[]:,-+.0179eEtfnux \n\t\x01"[..]),
        is_removed: bool,
    ) {
        let text = if is_pretty { format!("{value:#}") } else { value.to_string() };
        prop_assert!(is_read(&text), "{text}");
        let mut bytes = text.into_bytes();
        let place = place.index(bytes.len());
        if is_removed { bytes.remove(place); } else { bytes[place] = other; }
        if let Ok(text) = String::from_utf8(bytes) {
            match serde_json::from_str::<Value>(&text) {
                // It does not fit into its numbers, and is not looked at further.
                Err(error) if error.to_string().starts_with("number out of range") => {}
                expected => prop_assert_eq!(is_read(&text), expected.is_ok(), "{}", text),
            }
        }
    }

    #[test]
    fn text_comes_back_as_it_was_written(text: String) {
        for written in [json::text(&text), Value::from(text.as_str()).to_string()] {
            let read = read(&written, |reader| reader.text().map(Cow::into_owned));
            prop_assert_eq!(read.as_deref(), Ok(&*text));
        }
    }

    #[test]
    fn nothing_makes_it_panic(text: String) {
        let _ = read(&text, Reader::skip);
        let _ = read(&text, Reader::count);
    }
}
