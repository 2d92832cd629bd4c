//! Texts that many machines have in common.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

/// Most texts that are shared, and the longest of them: what machines say is
/// their word.
const MAX_TEXTS: usize = 1000;

/// Longer than any board, OEM, channel, version, id or alias in use.
pub const MAX_LENGTH: usize = 100;

/// A text that many may have. It takes the room of a pointer, as a machine has
/// eight of them, and of nothing more where it is empty.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SharedText(Option<Arc<String>>);

impl Deref for SharedText {
    type Target = str;

    fn deref(&self) -> &str {
        self.0.as_ref().map_or("", |text| text.as_str())
    }
}

impl From<&str> for SharedText {
    fn from(text: &str) -> Self {
        Self((!text.is_empty()).then(|| Arc::new(text.to_owned())))
    }
}

// As that of a str, by which it is found in a set.
impl Hash for SharedText {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl Borrow<str> for SharedText {
    fn borrow(&self) -> &str {
        self
    }
}

impl fmt::Debug for SharedText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(formatter)
    }
}

/// Texts that are kept once, however many machines have them.
#[derive(Debug, Default)]
pub struct Texts(HashSet<SharedText>);

impl Texts {
    /// Keeps the text, or the beginning of one that is too long, in place of
    /// what was there.
    pub fn keep(&mut self, text: &str, place: &mut SharedText) {
        let text = cut(text);
        if **place == *text {
            return;
        }
        match self.0.get(text) {
            Some(known) => *place = known.clone(),
            None => {
                *place = text.into();
                if self.0.len() < MAX_TEXTS {
                    self.0.insert(place.clone());
                }
            }
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
        let (mut first, mut second) = (SharedText::default(), SharedText::default());
        texts.keep("amd64-usr", &mut first);
        texts.keep("amd64-usr", &mut second);
        assert!(std::ptr::eq(&*first, &*second));
        texts.keep(&"é".repeat(1000), &mut first);
        assert_eq!(&*first, "é".repeat(50));
    }

    #[test]
    fn no_flood_of_texts_is_kept() {
        let mut texts = Texts::default();
        for number in 0..2 * MAX_TEXTS {
            texts.keep(&number.to_string(), &mut SharedText::default());
        }
        assert_eq!(texts.0.len(), MAX_TEXTS);
    }
}
