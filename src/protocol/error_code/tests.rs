//! Tests of [`ErrorCode`].

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

fn show(code: i64) -> String {
    ErrorCode::new(code).to_string()
}

#[test]
fn every_base_code_has_words_of_its_own() {
    let numbers: Vec<i64> = ErrorCode::NAMED.iter().map(|code| code.code()).collect();
    assert_eq!(numbers, Vec::from_iter(0..=44));
    let texts: HashSet<_> = ErrorCode::NAMED.iter().map(|code| code.text()).collect();
    assert_eq!(texts.len(), 45);
}

#[test]
fn texts() {
    for (code, expected) in [
        (0, "success (0)"),
        (10, "payload hash mismatch (10)"),
        (40, "update deferred for backoff (40)"),
        (44, "rollback (44)"),
        (45, "error code 45"),
        (77, "error code 77"),
        (1999, "error code 1999"),
        (2000, "no HTTP response (2000)"),
        (2404, "HTTP status 404 (2404)"),
        (2999, "HTTP status 999 (2999)"),
        (3000, "error code 3000"),
        (268_435_466, "payload hash mismatch (10), test URL"),
        (268_435_533, "error code 77, test URL"),
        (268_437_860, "HTTP status 404 (2404), test URL"),
        (1_342_177_309, "download operation hash mismatch (29), test URL, resumed download"),
        (-2_147_483_639, "download transfer error (9), developer mode"),
        (2_147_483_657, "download transfer error (9), developer mode"),
        (
            -268_435_447,
            "download transfer error (9), test URL, test image, resumed download, developer mode",
        ),
        (-1, "error code 268435455, test URL, test image, resumed download, developer mode"),
        (1 << 32, "error code 4294967296"),
        (i64::MAX, "error code 9223372036854775807"),
        (i64::MIN, "error code -9223372036854775808"),
    ] {
        assert_eq!(show(code), expected);
    }
}

#[test]
fn flags_of_numbers_beyond_32_bits() {
    for code in [1 << 32, i64::MAX, i64::MIN, i64::from(i32::MIN) - 1] {
        let code = ErrorCode::new(code);
        assert_eq!(code.flags().count(), 0);
        assert_eq!(code.base(), code);
        assert_eq!(code.with_flag(ErrorFlag::TestUrl), code);
    }
}

#[test]
fn http_statuses() {
    assert_eq!(ErrorCode::from_http_status(503).code(), 2503);
    assert_eq!(ErrorCode::new(2503).http_status(), Some(503));
    let flagged = ErrorCode::from_http_status(503).with_flag(ErrorFlag::DeveloperMode);
    assert_eq!(flagged.http_status(), Some(503));
    for code in [0, 37, 2000, 3000, i64::MIN, i64::MAX] {
        assert_eq!(ErrorCode::new(code).http_status(), None);
    }
}

#[test]
fn the_highest_flag_makes_the_number_negative() {
    let code = ErrorCode::ERROR.with_flag(ErrorFlag::DeveloperMode);
    assert_eq!(code.code(), -2_147_483_647);
}

proptest! {
    #[test]
    fn base_and_flags_make_up_the_number(code in any::<i32>()) {
        let code = ErrorCode::new(i64::from(code));
        let rebuilt = code.flags().fold(code.base(), ErrorCode::with_flag);
        prop_assert_eq!(rebuilt, code);
    }

    #[test]
    fn signed_and_unsigned_mean_the_same(bits in any::<u32>()) {
        prop_assert_eq!(show(i64::from(bits)), show(i64::from(bits.cast_signed())));
    }

    #[test]
    fn numbers_survive(code in any::<i64>()) {
        prop_assert_eq!(ErrorCode::new(code).code(), code);
        let _ = show(code);
    }
}
