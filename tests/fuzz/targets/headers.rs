//! The headers of a download: one a line, in the order below, empty if missing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use omaha::fuzzing::{PackageRequest, answer};

const SIZE: u64 = 1_000_000;

fuzz_target!(|text: &str| {
    let mut lines = text.split('\n').map(|line| Some(line).filter(|line| !line.is_empty()));
    let mut next = || lines.next().flatten();
    let request = PackageRequest {
        range: next(),
        if_match: next(),
        if_unmodified_since: next(),
        if_none_match: next(),
        if_modified_since: next(),
        if_range: next(),
    };
    if let Some(part) = answer(&request, SIZE) {
        assert!(part.start < part.end && part.end <= SIZE, "{part:?}");
        assert!(request.range.is_some() || part == (0..SIZE));
    }
});
