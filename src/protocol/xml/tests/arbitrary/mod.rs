//! Requests and responses of every kind.

mod requests;
mod responses;

use proptest::collection::vec;
use proptest::prelude::*;

pub use requests::request;
pub use responses::response;

use crate::protocol::VersionText;

/// A way to make texts.
pub type Text = BoxedStrategy<String>;

/// Text of any characters, above all of those that matter in XML.
pub fn any_text() -> Text {
    let special = prop::sample::select(
        "<>&\"'\t\r\n ]]>;-?/=#x\0\u{1}\u{B}\u{1F}\u{7F}\u{85}\u{2028}\u{D7FF}\u{E000}\u{FEFF}\u{FFFD}\u{FFFE}\u{FFFF}\u{10000}\u{10FFFF}"
            .chars()
            .collect::<Vec<_>>(),
    );
    let character = prop_oneof![special, any::<char>(), proptest::char::range('a', 'z')];
    vec(character, 0..8).prop_map(String::from_iter).boxed()
}

/// What comes back of a text: characters that XML cannot hold are replaced.
pub fn survivor(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\t' | '\n' | '\r' => character,
            '\0'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}' => '\u{FFFD}',
            _ => character,
        })
        .collect()
}

/// Text of any characters that XML can hold.
pub fn legal_text() -> Text {
    any_text().prop_map(|text| survivor(&text)).boxed()
}

fn version(text: &Text) -> impl Strategy<Value = VersionText> + use<> {
    let numbers = vec(any::<u16>(), 1..5).prop_map(|parts| {
        let parts: Vec<_> = parts.iter().map(u16::to_string).collect();
        parts.join(".")
    });
    prop_oneof![
        Just(String::new()),
        Just("ForcedUpdate".to_owned()),
        Just("4048.0.0+nightly-20240809-2100".to_owned()),
        numbers,
        text.clone(),
    ]
    .prop_map(VersionText::from)
}

fn status<T: for<'a> From<&'a str> + std::fmt::Debug>(
    known: &'static str,
    text: &Text,
) -> impl Strategy<Value = T> + use<T> {
    prop_oneof![Just(known.to_owned()), text.clone()].prop_map(|text| T::from(&text))
}
