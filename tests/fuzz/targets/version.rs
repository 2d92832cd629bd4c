//! Versions are totally ordered, whatever they are, and are what was written.
#![no_main]

use std::cmp::Ordering;

use libfuzzer_sys::fuzz_target;
use omaha::Version;
use omaha::protocol::VersionText;

// Up to three versions, one a line.
fuzz_target!(|text: &str| {
    let _ = VersionText::from(text);
    let versions: Vec<Version> =
        text.lines().take(3).filter_map(|line| line.parse().ok()).collect();
    for version in &versions {
        assert_eq!(version.as_str().parse::<Version>().expect("it was one before"), *version);
        assert!(version.as_str().len() <= Version::MAX_LENGTH);
    }
    let [a, b, rest @ ..] = &versions[..] else { return };
    assert_eq!(a.cmp(b), b.cmp(a).reverse());
    assert_eq!(a == b, a.cmp(b) == Ordering::Equal);
    if let [c] = rest
        && a <= b
        && b <= c
    {
        assert!(a <= c, "{a:?} {b:?} {c:?}");
    }
});
