//! Reading protobuf messages, as much as a payload needs: the fields of a
//! message, one after another, borrowed from its bytes.
//!
//! The encoding is that of <https://protobuf.dev/programming-guides/encoding/>.
//! Groups, which no payload has, are refused; so nothing nests but what the
//! caller reads on purpose.

use std::fmt;

/// The value of a field, by its wire type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// Wire type 0: a number of any size, a truth or an enumeration.
    Varint(u64),
    /// Wire type 1.
    Fixed64,
    /// Wire type 2: bytes, text or a message.
    Bytes(&'a [u8]),
    /// Wire type 5.
    Fixed32,
}

/// A field's number and its value.
pub(super) type Field<'a> = (u32, Value<'a>);

/// The fields of a message. Ends after the first error.
#[derive(Clone, Debug)]
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) fn of(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    fn read(&mut self) -> Result<Field<'a>, DecodeError> {
        let key = self.varint()?;
        // A key has 32 bits: three of them are the wire type.
        let number = u32::try_from(key).map_err(|_| DecodeError::FieldNumber)? >> 3;
        if number == 0 {
            return Err(DecodeError::FieldNumber);
        }
        let value = match key & 7 {
            0 => Value::Varint(self.varint()?),
            1 => self.take(8).map(|_| Value::Fixed64)?,
            2 => {
                let length = self.varint()?;
                Value::Bytes(self.take(usize::try_from(length).unwrap_or(usize::MAX))?)
            }
            5 => self.take(4).map(|_| Value::Fixed32)?,
            _ => return Err(DecodeError::WireType),
        };
        Ok((number, value))
    }

    fn varint(&mut self) -> Result<u64, DecodeError> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.rest.split_first().ok_or(DecodeError::Cut)?;
            self.rest = rest;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(DecodeError::Varint)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(DecodeError::Cut)?;
        self.rest = rest;
        Ok(taken)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.read();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

/// Counts the fields that are read of a file, so that none costs much time: what
/// is read twice is counted once.
#[derive(Debug, Default)]
pub(super) struct Meter(u32);

impl Meter {
    /// A full payload of 2 GB has some twenty thousand, and a delta that moves half
    /// a million single blocks three million.
    const MAX_FIELDS: u32 = 4_000_000;

    /// Counts a field that was read.
    pub(super) fn count<'a>(
        &mut self,
        field: Result<Field<'a>, DecodeError>,
    ) -> Result<Field<'a>, DecodeError> {
        self.0 += 1;
        if self.0 > Self::MAX_FIELDS { Err(DecodeError::TooMany) } else { field }
    }
}

/// Why some bytes are not a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DecodeError {
    /// It ends within a field.
    Cut,
    /// A number has more than 64 bits.
    Varint,
    /// A field has the number 0, or one of more than 29 bits.
    FieldNumber,
    /// A field is a group, or of no kind that there is.
    WireType,
    /// There are more fields than anybody needs.
    TooMany,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Cut => "it ends within a field",
            Self::Varint => "a number has more than 64 bits",
            Self::FieldNumber => "a field has an impossible number",
            Self::WireType => "a field has an unknown wire type",
            Self::TooMany => "there are too many fields",
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::payload::testing::Message;

    fn fields(message: &[u8]) -> Result<Vec<Field<'_>>, DecodeError> {
        Fields::of(message).collect()
    }

    #[test]
    fn every_wire_type() {
        let message =
            b"\x08\x96\x01\x11\x01\x02\x03\x04\x05\x06\x07\x08\x1a\x02hi\x25\x01\x02\x03\x04";
        let expected = [
            (1, Value::Varint(150)),
            (2, Value::Fixed64),
            (3, Value::Bytes(b"hi")),
            (4, Value::Fixed32),
        ];
        assert_eq!(fields(message).unwrap(), expected);
        for length in [1, 2, 5, 13, 14, 15, 17, 20] {
            assert_eq!(fields(&message[..length]), Err(DecodeError::Cut), "{length}");
        }
    }

    #[test]
    fn what_is_no_message() {
        let longest = b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
        assert_eq!(fields(longest).unwrap(), [(1, Value::Varint(u64::MAX))]);
        for (message, error) in [
            (&b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"[..], DecodeError::Varint),
            (b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x00", DecodeError::Varint),
            (b"\x00\x01", DecodeError::FieldNumber),
            (b"\x80\x80\x80\x80\x10\x01", DecodeError::FieldNumber),
            (b"\x0b\x0c", DecodeError::WireType),
            (b"\x0e", DecodeError::WireType),
            (b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", DecodeError::Cut),
        ] {
            assert_eq!(fields(message), Err(error), "{message:?}");
        }
    }

    #[test]
    fn an_error_is_the_end() {
        let mut fields = Fields::of(b"\x0f\x08\x01");
        assert_eq!(fields.next(), Some(Err(DecodeError::WireType)));
        assert_eq!(fields.next(), None);
    }

    proptest! {
        #[test]
        fn what_was_written(numbers: Vec<(u8, u64)>, bytes: Vec<(u8, Vec<u8>)>) {
            let mut message = Message::default();
            for (number, value) in &numbers {
                message = message.number(u32::from(*number) + 1, *value);
            }
            for (number, value) in &bytes {
                message = message.bytes(u32::from(*number) + 1, value);
            }
            let numbers = numbers.iter().map(|(n, value)| (u32::from(*n) + 1, Value::Varint(*value)));
            let bytes = bytes.iter().map(|(n, value)| (u32::from(*n) + 1, Value::Bytes(value)));
            prop_assert_eq!(fields(&message.0).unwrap(), numbers.chain(bytes).collect::<Vec<_>>());
        }

        #[test]
        fn any_bytes(message: Vec<u8>) {
            let _ = fields(&message);
        }
    }
}
