//! What fuzzing reaches of the private parts; see `tests/fuzz`. Only that sets
//! `cfg(fuzzing)`.
#![allow(missing_docs, reason = "this is no part of the interface")]

use std::ops::Range;
use std::time::{Duration, UNIX_EPOCH};

use super::condition::{Conditions, Validators, Verdict};
use super::gate::{Progress, Scan};
use super::range::{Wanted, wanted};
use crate::digest::Sha256;

/// The headers of a request for a package that change the answer.
#[derive(Debug)]
pub struct Wish<'a> {
    pub range: Option<&'a str>,
    pub if_match: Option<&'a str>,
    pub if_unmodified_since: Option<&'a str>,
    pub if_none_match: Option<&'a str>,
    pub if_modified_since: Option<&'a str>,
    pub if_range: Option<&'a str>,
}

/// The bytes that are sent of a package of this size, if any are. Its tag is 64
/// zeros, and its date the beginning of 2024.
pub fn answer(wish: &Wish<'_>, size: u64) -> Option<Range<u64>> {
    let modified = UNIX_EPOCH + Duration::from_secs(1_704_067_200);
    let validators = Validators::new(&Sha256::from_bytes([0; 32]), modified);
    let conditions = Conditions {
        if_match: wish.if_match,
        if_unmodified_since: wish.if_unmodified_since,
        if_none_match: wish.if_none_match,
        if_modified_since: wish.if_modified_since,
        if_range: wish.if_range,
    };
    let range = match validators.judge(&conditions) {
        Verdict::Proceed => wish.range,
        Verdict::ProceedWhole => None,
        Verdict::NotModified | Verdict::PreconditionFailed => return None,
    };
    match wanted(range, size) {
        Wanted::Whole => Some(0..size),
        Wanted::Part(range) => Some(range),
        Wanted::Unsatisfiable => None,
    }
}

/// What the gate says of a head that comes in pieces of `step` bytes: its
/// length once it is complete, or the status it is refused with.
pub fn scan(head: &[u8], step: usize) -> Result<Option<usize>, u16> {
    let mut scan = Scan::default();
    for end in (step..head.len()).step_by(step).chain([head.len()]) {
        match scan.head(head.get(..end).unwrap_or_default()) {
            Progress::Incomplete => {}
            Progress::Complete(length) => return Ok(Some(length)),
            Progress::Refused(status, _) => return Err(status.code()),
        }
    }
    Ok(None)
}
