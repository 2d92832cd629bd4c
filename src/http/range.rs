//! `Range` (RFC 9110, section 14).

use std::ops::Range;

use crate::number::saturating_decimal;

/// What a `Range` header asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Everything: there is no such header, or one that is to be ignored.
    Whole,
    /// These bytes, at least one and all of them there.
    Part(Range<u64>),
    /// Nothing that is there.
    Unsatisfiable,
}

/// Reads a `Range` header for a content of `size` bytes (at least one).
///
/// One range is honoured. What is malformed, in another unit, or names several
/// ranges is ignored, as the RFC allows: the answer is the whole content.
pub(crate) fn wanted(header: Option<&str>, size: u64) -> Wanted {
    header.and_then(|header| parse(header, size)).unwrap_or(Wanted::Whole)
}

fn parse(header: &str, size: u64) -> Option<Wanted> {
    let (unit, set) = header.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (first, last) = set.trim().split_once('-')?;
    if first.is_empty() {
        let suffix = saturating_decimal(last)?;
        return Some(match suffix.min(size) {
            0 => Wanted::Unsatisfiable,
            length => Wanted::Part(size - length..size),
        });
    }
    let first = saturating_decimal(first)?;
    let end = if last.is_empty() {
        size
    } else {
        let last = saturating_decimal(last)?;
        if last < first {
            return None;
        }
        size.min(last.saturating_add(1))
    };
    Some(if first < size { Wanted::Part(first..end) } else { Wanted::Unsatisfiable })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn single_ranges() {
        for (header, part) in [
            ("bytes=0-0", 0..1),
            ("bytes=10-19", 10..20),
            ("bytes=10-", 10..100),
            ("bytes=-10", 90..100),
            ("bytes=-1000", 0..100),
            ("bytes=90-1000", 90..100),
            ("bytes=0-99999999999999999999999999", 0..100),
            ("Bytes = 1-2", 1..3),
            ("bytes=99-99", 99..100),
        ] {
            assert_eq!(wanted(Some(header), 100), Wanted::Part(part), "{header}");
        }
    }

    #[test]
    fn unsatisfiable() {
        for header in ["bytes=100-", "bytes=500-600", "bytes=-0", "bytes=99999999999999999999999-"]
        {
            assert_eq!(wanted(Some(header), 100), Wanted::Unsatisfiable, "{header}");
        }
    }

    #[test]
    fn ignored() {
        for header in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=a-b",
            "bytes=20-10",
            "items=0-1",
            "bytes=0-1,5-6",
            "bytes=1 - 2",
            "bytes=+1-2",
            "bytes=--1",
            "0-1",
        ] {
            assert_eq!(wanted(Some(header), 100), Wanted::Whole, "{header}");
        }
        assert_eq!(wanted(None, 100), Wanted::Whole);
    }

    proptest! {
        #[test]
        fn a_part_lies_within(header in "(bytes=)?[0-9,-]{0,30}", size in 1..=u64::MAX) {
            if let Wanted::Part(part) = wanted(Some(&header), size) {
                prop_assert!(part.start < part.end && part.end <= size);
            }
        }

        #[test]
        fn what_is_asked_is_given(first in 0u64..1000, length in 1u64..1000) {
            let last = first + length - 1;
            let header = format!("bytes={first}-{last}");
            prop_assert_eq!(wanted(Some(&header), 5000), Wanted::Part(first..last + 1));
        }
    }
}
