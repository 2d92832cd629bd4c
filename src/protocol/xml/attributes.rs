//! An element's attributes as values of their types.

use std::num::{IntErrorKind, ParseIntError};
use std::str::FromStr;

use xml::attribute::OwnedAttribute;
use xml::common::TextPosition;

use super::error::{ReadError, ReadErrorKind};
use crate::digest::{Sha1, Sha256};

/// The beginning of an element: its name, its place, its attributes.
pub(super) struct Element {
    name: String,
    attributes: Vec<OwnedAttribute>,
    position: TextPosition,
}

impl Element {
    /// An element as the parser found it.
    pub(super) fn new(
        name: String,
        attributes: Vec<OwnedAttribute>,
        position: TextPosition,
    ) -> Self {
        Self { name, attributes, position }
    }

    /// The name, without a namespace's prefix.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The value of an attribute.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut attributes = self.attributes.iter();
        let found = attributes.rfind(|attribute| attribute.name.local_name == name)?;
        Some(&found.value)
    }

    /// An error in this element.
    pub(super) fn error(&self, kind: ReadErrorKind) -> ReadError {
        ReadError::new(kind, self.position)
    }

    /// Hands over each attribute, by its name without a namespace's prefix.
    pub(super) fn attributes(
        self,
        mut take: impl FnMut(&str, Value) -> Result<(), WrongValue>,
    ) -> Result<(), ReadError> {
        for OwnedAttribute { name, value } in self.attributes {
            if let Err(WrongValue { value, problem }) = take(&name.local_name, Value(value)) {
                let kind = ReadErrorKind::Value {
                    element: self.name,
                    attribute: name.local_name,
                    value,
                    problem,
                };
                return Err(ReadError::new(kind, self.position));
            }
        }
        Ok(())
    }
}

/// The value of an attribute.
///
/// White space around numbers and words is ignored, and a number, a truth or
/// a digest that is empty counts as absent, as for Go's `encoding/xml`.
pub(super) struct Value(String);

/// A value that is not of the right kind.
pub(super) struct WrongValue {
    value: String,
    problem: &'static str,
}

impl Value {
    /// The value as it is.
    pub(super) fn text(self) -> String {
        self.0
    }

    /// A value with a type of its own that takes any text.
    pub(super) fn word<T: for<'a> From<&'a str>>(&self) -> T {
        T::from(&self.0)
    }

    /// A decimal number, with or without a sign.
    pub(super) fn number<T>(self) -> Result<Option<T>, WrongValue>
    where
        T: FromStr<Err = ParseIntError>,
    {
        let text = self.0.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let problem = match text.parse() {
            Ok(number) => return Ok(Some(number)),
            Err(error) => match error.kind() {
                IntErrorKind::PosOverflow => "is too large a number",
                IntErrorKind::NegOverflow => "is too small a number",
                // What an unsigned type says to a minus sign.
                _ if text.parse::<i64>().is_ok() => "is a negative number",
                _ => "is not a number",
            },
        };
        Err(self.wrong(problem))
    }

    /// A boolean, as Go's `strconv.ParseBool` accepts it.
    pub(super) fn boolean(self) -> Result<bool, WrongValue> {
        let text = self.0.trim();
        if text.is_empty() {
            return Ok(false);
        }
        boolean(text).ok_or_else(|| self.wrong("is neither true nor false"))
    }

    /// A truth as a number that is not 0; the words are taken as well.
    pub(super) fn flag(self) -> Result<bool, WrongValue> {
        let text = self.0.trim();
        if text.is_empty() {
            return Ok(false);
        }
        text.parse::<i64>()
            .map(|number| number != 0)
            .ok()
            .or_else(|| boolean(text))
            .ok_or_else(|| self.wrong("is neither a number nor true nor false"))
    }

    /// A SHA-1 in base64 or hex.
    pub(super) fn sha1(self) -> Result<Option<Sha1>, WrongValue> {
        self.digest("is not a SHA-1 in base64 or hex")
    }

    /// A SHA-256 in base64 or hex: both are in use.
    pub(super) fn sha256(self) -> Result<Option<Sha256>, WrongValue> {
        self.digest("is not a SHA-256 in base64 or hex")
    }

    fn digest<T: FromStr>(self, problem: &'static str) -> Result<Option<T>, WrongValue> {
        let text = self.0.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let digest = text.parse().ok();
        digest.map(Some).ok_or_else(|| self.wrong(problem))
    }

    fn wrong(self, problem: &'static str) -> WrongValue {
        WrongValue { value: self.0, problem }
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}
