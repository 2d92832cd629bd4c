//! Text from a document in a message for people.

use crate::quoted::Escaped;

/// Characters of a value, enough to recognize it.
const VALUE: usize = 64;

/// Characters of a sentence that may hold a value.
const SENTENCE: usize = 160;

/// A value, to be put between double quotes.
pub(super) fn value(text: &str) -> Escaped<'_> {
    Escaped::between_quotes(text, VALUE)
}

/// A name, that stands without quotes.
pub(super) fn name(text: &str) -> Escaped<'_> {
    Escaped::new(text, VALUE)
}

/// A sentence of the parser's, that may hold values.
pub(super) fn sentence(text: &str) -> Escaped<'_> {
    Escaped::new(text, SENTENCE)
}
