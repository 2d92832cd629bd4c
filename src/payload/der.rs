//! Reading DER (X.690), as much as a public key needs.

/// The tags that a public key has.
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const NULL: u8 = 0x05;

/// Some bytes of DER, value after value. Everything is `None` that is not as it
/// should be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Der<'a>(pub &'a [u8]);

impl<'a> Der<'a> {
    /// The content of the next value, which must have this tag.
    pub(super) fn next(&mut self, tag: u8) -> Option<&'a [u8]> {
        let rest = self.0.strip_prefix(&[tag])?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = if first < 0x80 {
            (usize::from(first), rest)
        } else {
            // No key is longer than what two bytes say.
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let length = match *digits {
                [length] if length >= 0x80 => usize::from(length),
                [high, low] if high > 0 => usize::from(high) << 8 | usize::from(low),
                _ => return None,
            };
            (length, rest)
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(content)
    }

    /// The next value, a sequence.
    pub(super) fn sequence(&mut self) -> Option<Self> {
        self.next(SEQUENCE).map(Self)
    }

    /// The next value, an integer that is not negative, without leading zeros.
    pub(super) fn unsigned(&mut self) -> Option<&'a [u8]> {
        let number = self.next(INTEGER)?;
        match number {
            [0, rest @ ..] if rest.first().is_some_and(|first| *first >= 0x80) => Some(rest),
            [0] | [1..0x80, ..] => Some(number),
            _ => None,
        }
    }

    /// Nothing if this is the end.
    pub(super) fn end(self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths() {
        let long = [&[4, 0x81, 0x80][..], &[7; 128]].concat();
        assert_eq!(Der(&long).next(4), Some(&[7; 128][..]));
        let longer = [&[4, 0x82, 0x01, 0x00][..], &[7; 256], &[9]].concat();
        let mut der = Der(&longer);
        assert_eq!((der.next(4), der.0), (Some(&[7; 256][..]), &[9][..]));
        for wrong in [
            &b""[..],
            b"\x04",
            b"\x05\x00",
            b"\x04\x01",
            b"\x04\x80\x00\x00",
            b"\x04\x81\x01a",
            b"\x04\x82\x00\x01a",
            b"\x04\x83\x00\x00\x01a",
            b"\x04\xff",
        ] {
            assert_eq!(Der(wrong).next(4), None, "{wrong:?}");
        }
    }

    #[test]
    fn integers() {
        for (bytes, number) in [
            (&b"\x02\x01\x00"[..], Some(&b"\x00"[..])),
            (b"\x02\x01\x7f", Some(b"\x7f")),
            (b"\x02\x02\x00\x80", Some(b"\x80")),
            (b"\x02\x01\x80", None),
            (b"\x02\x02\x00\x7f", None),
            (b"\x02\x00", None),
        ] {
            assert_eq!(Der(bytes).unsigned(), number, "{bytes:?}");
        }
    }
}
