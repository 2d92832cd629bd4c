//! Numbers of digits only: `parse` alone takes a sign, too.

use std::num::ParseIntError;
use std::str::FromStr;

/// A decimal number of ASCII digits only, if it is one that the type can hold.
pub(crate) fn decimal<T: FromStr<Err = ParseIntError>>(text: &str) -> Option<T> {
    is_digits(text).then(|| text.parse().ok()).flatten()
}

/// The same; one that is too large is as good as the largest.
#[cfg(feature = "server")]
pub(crate) fn saturating_decimal(text: &str) -> Option<u64> {
    is_digits(text).then(|| text.parse().unwrap_or(u64::MAX))
}

/// Whether a text is ASCII digits only, whatever number they are.
pub(crate) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_only() {
        for (text, number) in [
            ("0", Some(0)),
            ("0080", Some(80)),
            ("65535", Some(65535_u16)),
            ("65536", None),
            ("+80", None),
            ("-1", None),
            (" 1", None),
            ("1 ", None),
            ("٣", None),
            ("", None),
        ] {
            assert_eq!(decimal(text), number, "{text:?}");
        }
    }

    #[cfg(feature = "server")]
    #[test]
    fn too_large_is_the_largest() {
        assert_eq!(saturating_decimal("99999999999999999999999"), Some(u64::MAX));
        assert_eq!(saturating_decimal("7"), Some(7));
        assert_eq!(saturating_decimal("+7"), None);
    }
}
