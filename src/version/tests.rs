//! Tests of [`Version`]: its syntax, its order, and the laws of both.

use std::hash::DefaultHasher;

use proptest::prelude::*;

use super::*;

fn version(text: &str) -> Version {
    text.parse().unwrap()
}

fn message(text: &str) -> String {
    text.parse::<Version>().unwrap_err().to_string()
}

fn hash(version: &Version) -> u64 {
    let mut hasher = DefaultHasher::new();
    version.hash(&mut hasher);
    hasher.finish()
}

#[test]
fn order() {
    let ascending = [
        "0.0.0-alpha",
        "0",
        "1.0.0-alpha",
        "1.0.0-alpha+1",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-rc.1",
        "1.0",
        "1.0.0+0",
        "1.0.0+9",
        "1.0.0+10",
        "1.0.0+a",
        "1.0.0.1",
        "1.3.9",
        "1.3.23.0",
        "1.3.23.1",
        "4048.0.0+nightly-20240809-2100",
        "4048.0.0+nightly-20240810-2100",
        "4081.2.0",
        "4152.2.0",
        "18446744073709551615",
    ];
    for (left, one) in ascending.iter().enumerate() {
        for (right, other) in ascending.iter().enumerate() {
            assert_eq!(version(one).cmp(&version(other)), left.cmp(&right), "{one} {other}");
        }
    }
}

#[test]
fn zeros_mean_nothing() {
    for (one, other) in [
        ("1.3.23.0", "1.3.23"),
        ("7", "7.0.0.0.0"),
        ("0", "0.0.0.0"),
        ("01.2.3", "1.2.3"),
        ("1.001", "1.1.0.0"),
    ] {
        assert_eq!(version(one), version(other));
        assert_eq!(hash(&version(one)), hash(&version(other)));
        assert_ne!(version(one).as_str(), version(other).as_str());
    }
    // An example of the specification.
    assert!(version("1.005") > version("1.4"));
}

#[test]
fn refusals() {
    for text in [
        "",
        " ",
        ".",
        "1.",
        ".1",
        "1..2",
        " 1.2.3",
        "1.2.3 ",
        "1. 2.3",
        "1.2.3\n",
        "v1.2.3",
        "1.x",
        "-1",
        "+1",
        "1.+2",
        "1.2-a",
        "1-a",
        "1.2.3.4-a",
        "1.2.3.4+b",
        "01.2.3-a",
        "1.2.3-",
        "1.2.3+",
        "1.2.3-01",
        "1,2",
        "0x10",
        "١.٢.٣",
        "18446744073709551616",
        "1.2.18446744073709551616",
        "ForcedUpdate",
    ] {
        assert!(text.parse::<Version>().is_err(), "{text:?}");
    }
}

#[test]
fn messages() {
    for (text, expected) in [
        ("", r#""" is not a version: it is empty"#),
        ("1.x.3", r#""1.x.3" is not a version: "x" is not a number"#),
        (
            "1..2",
            r#""1..2" is not a version: a number is missing before, between or after its dots"#,
        ),
        ("1.2.3\n", r#""1.2.3\n" is not a version: "3\n" is not a number"#),
        (
            "7.99999999999999999999",
            r#""7.99999999999999999999" is not a version: 99999999999999999999 is larger than 18446744073709551615"#,
        ),
        (
            "1.2-\n",
            r#""1.2-\n" is not a version: unexpected character '-' after minor version number"#,
        ),
    ] {
        assert_eq!(message(text), expected);
    }
}

#[test]
fn length_is_bounded() {
    let longest = "1".to_owned() + &".1".repeat(127) + "0";
    assert_eq!(longest.len(), Version::MAX_LENGTH);
    assert_eq!(version(&longest).as_str(), longest);
    let mebibyte = "1.".repeat(1 << 19);
    assert_eq!(
        message(&mebibyte),
        r#""1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.…" is not a version: it has 1048576 bytes, more than 256"#
    );
}

#[test]
fn display_pads_and_debug_quotes() {
    assert_eq!(format!("{:>6}|", version("1.2")), "   1.2|");
    assert_eq!(format!("{:?}", version("1.2")), r#"Version("1.2")"#);
}

/// Semantic versions with few different values, so that equal ones are common.
fn semantic() -> impl Strategy<Value = String> {
    let number = prop_oneof![0_u64..3, any::<u64>()];
    let pre = "(-(0|[1-9]|[ab]|[0-9]a)(\\.(0|10|2|[ab-]))?)?";
    let build = "(\\+([0-2]{1,2}|[ab-])(\\.([0-2]{1,2}|[ab-]))?)?";
    (number.clone(), number.clone(), number, pre, build).prop_map(
        |(major, minor, patch, pre, build)| format!("{major}.{minor}.{patch}{pre}{build}"),
    )
}

/// Omaha's dotted numbers, with leading zeros and zeros at the end.
fn dotted() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        (0_u64..3).prop_map(|number| number.to_string()),
        any::<u64>().prop_map(|number| number.to_string()),
        "0{0,2}[0-2]",
    ];
    prop::collection::vec(number, 1..6).prop_map(|numbers| numbers.join("."))
}

fn any_version() -> impl Strategy<Value = Version> {
    prop_oneof![semantic(), dotted()].prop_map(|text| version(&text))
}

proptest! {
    #[test]
    fn text_survives(text in prop_oneof![semantic(), dotted()]) {
        prop_assert_eq!(version(&text).to_string(), text);
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        if let Ok(version) = text.parse::<Version>() {
            prop_assert_eq!(version.as_str(), text);
        }
    }

    #[test]
    fn order_is_antisymmetric(a in any_version(), b in any_version()) {
        prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
        prop_assert_eq!(a == b, a.cmp(&b) == Ordering::Equal);
        if a == b {
            prop_assert_eq!(hash(&a), hash(&b));
        }
    }

    #[test]
    fn order_is_transitive(a in any_version(), b in any_version(), c in any_version()) {
        let mut sorted = [a, b, c];
        sorted.sort();
        prop_assert!(sorted[0] <= sorted[1] && sorted[1] <= sorted[2] && sorted[0] <= sorted[2]);
    }

    #[test]
    fn order_is_that_of_semver(a in semantic(), b in semantic()) {
        let semver = |text: &str| semver::Version::parse(text).unwrap();
        prop_assert_eq!(version(&a).cmp(&version(&b)), semver(&a).cmp(&semver(&b)));
    }

    #[test]
    fn semver_converts(text in semantic()) {
        let converted = Version::try_from(semver::Version::parse(&text).unwrap()).unwrap();
        prop_assert_eq!(converted.as_str(), &text);
        prop_assert_eq!(converted, version(&text));
    }

    #[test]
    fn no_version_is_longer_than_one_that_is_read(length in 240_usize..300) {
        let text = format!("1.0.0+{}", "a".repeat(length - 6));
        let converted = Version::try_from(semver::Version::parse(&text).unwrap());
        prop_assert_eq!(converted.is_ok(), text.parse::<Version>().is_ok());
    }

    #[test]
    fn zeros_at_the_end_change_nothing(text in dotted(), zeros in 1_usize..4, other in any_version()) {
        let longer = version(&(text.clone() + &".0".repeat(zeros)));
        let text = version(&text);
        prop_assert_eq!(&longer, &text);
        prop_assert_eq!(hash(&longer), hash(&text));
        prop_assert_eq!(longer.cmp(&other), text.cmp(&other));
    }
}
