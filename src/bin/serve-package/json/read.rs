//! Reading JSON (RFC 8259), strictly, without a tree of it: whoever reads says
//! what comes next, or skips it.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

/// How deep lists and objects may lie in each other. A status has three.
const MAX_DEPTH: u32 = 16;

/// A document on its way to be read.
#[derive(Debug)]
pub struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
}

/// Why a document cannot be read, and at which byte.
#[derive(Debug, PartialEq, Eq)]
pub struct Unreadable {
    at: usize,
    what: Cow<'static, str>,
}

/// Reads a whole document, which must have nothing behind it.
///
/// # Errors
///
/// When it is not JSON, or `value` does not take what is in it.
pub fn read<'a, T>(
    text: &'a str,
    value: impl FnOnce(&mut Reader<'a>) -> Result<T, Unreadable>,
) -> Result<T, Unreadable> {
    let mut reader = Reader { text, at: 0, depth: 0 };
    let value = value(&mut reader)?;
    match reader.next() {
        None => Ok(value),
        Some(_) => reader.refuse("something follows the document"),
    }
}

impl<'a> Reader<'a> {
    /// Reads an object. `member` gets the name of each member, and must read
    /// or skip its value.
    pub fn object(
        &mut self,
        member: &mut dyn FnMut(&mut Self, &str) -> Result<(), Unreadable>,
    ) -> Result<(), Unreadable> {
        self.items(b'{', b'}', "an object", &mut |reader| {
            let name = reader.text()?;
            reader.expect(b':', "a colon")?;
            member(reader, &name)
        })
    }

    /// Reads a list. `item` must read or skip each of its values.
    pub fn list(
        &mut self,
        item: &mut dyn FnMut(&mut Self) -> Result<(), Unreadable>,
    ) -> Result<(), Unreadable> {
        self.items(b'[', b']', "a list", item)
    }

    fn items(
        &mut self,
        open: u8,
        close: u8,
        what: &'static str,
        item: &mut dyn FnMut(&mut Self) -> Result<(), Unreadable>,
    ) -> Result<(), Unreadable> {
        self.expect(open, what)?;
        if self.depth == MAX_DEPTH {
            return self.refuse("it is nested too deeply");
        }
        self.depth += 1;
        if self.next() == Some(close) {
            self.at += 1;
        } else {
            loop {
                item(self)?;
                match self.next() {
                    Some(b',') => self.at += 1,
                    _ => break,
                }
            }
            self.expect(close, "a comma, or the end of the list or object")?;
        }
        self.depth -= 1;
        Ok(())
    }

    /// Reads text.
    pub fn text(&mut self) -> Result<Cow<'a, str>, Unreadable> {
        self.expect(b'"', "text in quotes")?;
        let mut whole = Cow::Borrowed("");
        loop {
            let rest = &self.text[self.at..];
            // Neither of these is a part of a longer character.
            let end = rest.bytes().position(|byte| byte < b' ' || matches!(byte, b'"' | b'\\'));
            let plain = &rest[..end.unwrap_or(rest.len())];
            self.at += plain.len();
            if whole.is_empty() {
                whole = Cow::Borrowed(plain);
            } else {
                whole.to_mut().push_str(plain);
            }
            match self.byte() {
                Some(b'"') => break,
                Some(b'\\') => whole.to_mut().push(self.escaped()?),
                _ => return self.refuse_before("text does not end on its line"),
            }
        }
        Ok(whole)
    }

    /// What stands behind a backslash.
    fn escaped(&mut self) -> Result<char, Unreadable> {
        Ok(match self.byte() {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let mut code = self.four_digits()?;
                // Above U+FFFF there are two halves.
                if (0xd800..0xdc00).contains(&code) && self.text[self.at..].starts_with("\\u") {
                    self.at += 2;
                    let low = self.four_digits()?.wrapping_sub(0xdc00);
                    let is_low = low < 0x400;
                    code = if is_low { 0x1_0000 + ((code - 0xd800) << 10) + low } else { 0xd800 };
                }
                match char::from_u32(code) {
                    Some(character) => character,
                    None => return self.refuse_before("half a character is escaped"),
                }
            }
            _ => return self.refuse_before("nothing is escaped in this way"),
        })
    }

    fn four_digits(&mut self) -> Result<u32, Unreadable> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.byte().and_then(|byte| char::from(byte).to_digit(16));
            match digit {
                Some(digit) => code = code << 4 | digit,
                None => return self.refuse_before("an escape needs four hexadecimal digits"),
            }
        }
        Ok(code)
    }

    /// Reads a number that counts something.
    pub fn count(&mut self) -> Result<u64, Unreadable> {
        let start = self.at;
        match self.number()?.parse() {
            Ok(count) => Ok(count),
            Err(_) => Err(Unreadable { at: start, what: "expected a whole number".into() }),
        }
    }

    /// Reads a whole number.
    pub fn integer(&mut self) -> Result<i64, Unreadable> {
        let start = self.at;
        match self.number()?.parse() {
            Ok(number) => Ok(number),
            Err(_) => Err(Unreadable { at: start, what: "expected a whole number".into() }),
        }
    }

    /// Reads a number, as it is written.
    fn number(&mut self) -> Result<&'a str, Unreadable> {
        self.next();
        let start = self.at;
        self.take(b"-");
        // No zero stands before another digit.
        let is_whole = self.take(b"0") || self.digits();
        let is_right = is_whole
            && (!self.take(b".") || self.digits())
            && (!self.take(b"eE") || {
                self.take(b"+-");
                self.digits()
            });
        if is_right { Ok(&self.text[start..self.at]) } else { self.refuse("expected a number") }
    }

    fn digits(&mut self) -> bool {
        let mut is_any = false;
        while self.take(b"0123456789") {
            is_any = true;
        }
        is_any
    }

    /// Reads a truth.
    pub fn boolean(&mut self) -> Result<bool, Unreadable> {
        let truth = self.next() == Some(b't');
        self.word(if truth { "true" } else { "false" })?;
        Ok(truth)
    }

    fn word(&mut self, word: &'static str) -> Result<(), Unreadable> {
        if !self.text[self.at..].starts_with(word) {
            return self.refuse(format!("expected {word}"));
        }
        self.at += word.len();
        Ok(())
    }

    /// Reads past whatever comes.
    pub fn skip(&mut self) -> Result<(), Unreadable> {
        match self.next() {
            Some(b'{') => self.object(&mut |reader, _| reader.skip()),
            Some(b'[') => self.list(&mut Self::skip),
            Some(b'"') => self.text().map(drop),
            Some(b't' | b'f') => self.boolean().map(drop),
            Some(b'n') => self.word("null"),
            Some(b'-' | b'0'..=b'9') => self.number().map(drop),
            _ => self.refuse("expected a value"),
        }
    }

    /// Skips white space, and looks at what comes then.
    fn next(&mut self) -> Option<u8> {
        while self.take(b" \t\n\r") {}
        self.text.as_bytes().get(self.at).copied()
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = self.text.as_bytes().get(self.at).copied();
        // Within a longer character nothing is read but in whole characters.
        self.at += usize::from(byte.is_some_and(|byte| byte.is_ascii()));
        byte
    }

    /// Reads past a byte if it is one of these.
    fn take(&mut self, bytes: &[u8]) -> bool {
        let is_there = self.text.as_bytes().get(self.at).is_some_and(|byte| bytes.contains(byte));
        self.at += usize::from(is_there);
        is_there
    }

    fn expect(&mut self, byte: u8, what: &'static str) -> Result<(), Unreadable> {
        if self.next() != Some(byte) {
            return self.refuse(format!("expected {what}"));
        }
        self.at += 1;
        Ok(())
    }

    /// Says why what comes next cannot be taken.
    pub fn refuse<T>(&self, what: impl Into<Cow<'static, str>>) -> Result<T, Unreadable> {
        Err(Unreadable { at: self.at, what: what.into() })
    }

    fn refuse_before<T>(&self, what: &'static str) -> Result<T, Unreadable> {
        Err(Unreadable { at: self.at.saturating_sub(1), what: what.into() })
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "byte {}: {}", self.at, self.what)
    }
}

impl Error for Unreadable {}

#[cfg(test)]
mod tests;
