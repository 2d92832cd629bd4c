//! What fuzzing reaches of the private parts; see `tests/fuzz`. Only that sets
//! `cfg(fuzzing)`.
#![allow(missing_docs, reason = "this is no part of the interface")]

use std::ops::Range;
use std::time::{Duration, UNIX_EPOCH};

use super::conditions::{Conditions, Validators, Verdict};
use super::head::{RequestHead, Scan, Scanned};
use super::range::{Wanted, wanted};
use crate::digest::Sha256;

/// The headers of a request for a package that change the answer.
#[derive(Debug)]
pub struct PackageRequest<'a> {
    pub range: Option<&'a str>,
    pub if_match: Option<&'a str>,
    pub if_unmodified_since: Option<&'a str>,
    pub if_none_match: Option<&'a str>,
    pub if_modified_since: Option<&'a str>,
    pub if_range: Option<&'a str>,
}

/// The bytes that are sent of a package of this size, if any are. Its tag is 64
/// zeros, and its date the beginning of 2024.
pub fn answer(request: &PackageRequest<'_>, size: u64) -> Option<Range<u64>> {
    let modified = UNIX_EPOCH + Duration::from_secs(1_704_067_200);
    let validators = Validators::new(&Sha256::from_bytes([0; 32]), modified);
    let conditions = Conditions {
        if_match: request.if_match,
        if_unmodified_since: request.if_unmodified_since,
        if_none_match: request.if_none_match,
        if_modified_since: request.if_modified_since,
        if_range: request.if_range,
    };
    let range = match validators.judge(&conditions) {
        Verdict::Proceed => request.range,
        Verdict::ProceedWhole => None,
        Verdict::NotModified | Verdict::PreconditionFailed(_) => return None,
    };
    match wanted(range, size) {
        Wanted::Whole => Some(0..size),
        Wanted::Part(range) => Some(range),
        Wanted::Unsatisfiable => None,
    }
}

/// What is made of a head that comes in pieces of `step` bytes: once it is
/// complete, its length and what the engine gets of it, or the status it is
/// refused with.
pub fn head(head: &[u8], step: usize) -> Result<Option<(usize, Vec<u8>)>, u16> {
    let mut scan = Scan::default();
    for end in (step..head.len()).step_by(step).chain([head.len()]) {
        match scan.look(&head[..end]) {
            Scanned::Partial => {}
            Scanned::Complete(length) => {
                let read = RequestHead::read(&head[..length]);
                let read = read.map_err(|refusal| refusal.status.code())?;
                return Ok(Some((length, read.for_engine)));
            }
            Scanned::Refused(refusal) => return Err(refusal.status.code()),
        }
    }
    Ok(None)
}
