//! Texts that many machines have in common.

use std::collections::HashSet;
use std::sync::Arc;

/// Most texts that are shared, and the longest of them: what machines say is
/// their word.
const MAX_TEXTS: usize = 1000;

/// Longer than any board, OEM, channel, version, id or alias in use.
pub const MAX_LENGTH: usize = 100;

/// Texts that are kept once, however many machines have them.
#[derive(Debug, Default)]
pub struct Texts(HashSet<Arc<str>>);

impl Texts {
    /// Keeps the text, or the beginning of one that is too long, in place of
    /// what was there.
    pub fn keep(&mut self, text: &str, place: &mut Arc<str>) {
        let text = cut(text);
        if **place == *text {
            return;
        }
        if let Some(known) = self.0.get(text) {
            *place = Arc::clone(known);
            return;
        }
        *place = Arc::from(text);
        if self.0.len() < MAX_TEXTS {
            self.0.insert(Arc::clone(place));
        }
    }
}

/// The beginning of a text.
pub fn cut(text: &str) -> &str {
    let end = (0..=MAX_LENGTH.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or_default()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_shared_and_what_is_long_is_cut() {
        let mut texts = Texts::default();
        let (mut first, mut second) = (Arc::from(""), Arc::from(""));
        texts.keep("amd64-usr", &mut first);
        texts.keep("amd64-usr", &mut second);
        assert!(Arc::ptr_eq(&first, &second));
        texts.keep(&"é".repeat(1000), &mut first);
        assert_eq!(&*first, "é".repeat(50));
    }

    #[test]
    fn no_flood_of_texts_is_kept() {
        let mut texts = Texts::default();
        for number in 0..2 * MAX_TEXTS {
            texts.keep(&number.to_string(), &mut Arc::from(""));
        }
        assert_eq!(texts.0.len(), MAX_TEXTS);
    }
}
