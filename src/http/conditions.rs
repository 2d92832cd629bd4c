//! Conditional requests (RFC 9110, section 13).

use std::time::SystemTime;

use super::date::http_date;
use crate::digest::Sha256;

/// What identifies a package's content: a strong entity tag and a date.
#[derive(Clone, Debug)]
pub(crate) struct Validators {
    etag: String,
    modified: SystemTime,
}

/// The conditions of a request, as its headers have them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Conditions<'a> {
    pub if_match: Option<&'a str>,
    pub if_unmodified_since: Option<&'a str>,
    pub if_none_match: Option<&'a str>,
    pub if_modified_since: Option<&'a str>,
    pub if_range: Option<&'a str>,
}

/// What the conditions make of a GET or HEAD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Answer it, and honour `Range`.
    Proceed,
    /// Answer it, and ignore `Range`: the client has a part of something else.
    ProceedWhole,
    /// 304: the client has it.
    NotModified,
    /// 412: it is not what the client wants, says this header.
    PreconditionFailed(&'static str),
}

impl Validators {
    pub fn new(sha256: &Sha256, modified: SystemTime) -> Self {
        Self { etag: format!("\"{}\"", sha256.to_hex()), modified }
    }

    pub fn etag(&self) -> &str {
        &self.etag
    }

    /// The date, unless it lies in the future: a response must not have one
    /// that is later than its own (RFC 9110, section 8.8.2.1).
    pub fn last_modified(&self, now: SystemTime) -> Option<String> {
        (self.modified <= now).then(|| http_date(self.modified))
    }

    /// In the order of section 13.2.2: a condition on the tag makes the one on
    /// the date void, and `If-Range` comes last.
    pub fn judge(&self, conditions: &Conditions<'_>) -> Verdict {
        match (conditions.if_match, conditions.if_unmodified_since) {
            (Some(tags), _) if !self.is_among(tags, Comparison::Strong) => {
                return Verdict::PreconditionFailed("If-Match");
            }
            (None, Some(date)) if self.is_newer_than(date) == Some(true) => {
                return Verdict::PreconditionFailed("If-Unmodified-Since");
            }
            _ => {}
        }
        match (conditions.if_none_match, conditions.if_modified_since) {
            (Some(tags), _) if self.is_among(tags, Comparison::Weak) => {
                return Verdict::NotModified;
            }
            (None, Some(date)) if self.is_newer_than(date) == Some(false) => {
                return Verdict::NotModified;
            }
            _ => {}
        }
        match conditions.if_range {
            Some(validator) if !self.is_exactly(validator) => Verdict::ProceedWhole,
            _ => Verdict::Proceed,
        }
    }

    fn is_among(&self, tags: &str, comparison: Comparison) -> bool {
        tags.trim() == "*"
            || tags.split(',').map(str::trim).any(|tag| match comparison {
                Comparison::Strong => tag == self.etag,
                Comparison::Weak => tag.strip_prefix("W/").unwrap_or(tag) == self.etag,
            })
    }

    /// None for what is not a date: such a condition is ignored.
    fn is_newer_than(&self, date: &str) -> Option<bool> {
        Some(self.modified > httpdate::parse_http_date(date).ok()?)
    }

    /// `If-Range` needs a strong validator: the tag, or exactly the date.
    fn is_exactly(&self, validator: &str) -> bool {
        validator == self.etag
            || httpdate::parse_http_date(validator).is_ok_and(|date| date == self.modified)
    }
}

#[derive(Clone, Copy)]
enum Comparison {
    Strong,
    Weak,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    const BEFORE: &str = "Sun, 09 Sep 2001 01:46:39 GMT";
    const EXACTLY: &str = "Sun, 09 Sep 2001 01:46:40 GMT";
    const AFTER: &str = "Sun, 09 Sep 2001 01:46:41 GMT";

    fn validators() -> Validators {
        let modified = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        Validators { etag: "\"abc\"".to_owned(), modified }
    }

    #[test]
    fn dates_are_what_they_say() {
        let validators = validators();
        assert_eq!(validators.last_modified(validators.modified).as_deref(), Some(EXACTLY));
        assert_eq!(validators.last_modified(UNIX_EPOCH), None);
    }

    #[test]
    fn if_none_match_goes_before_if_modified_since() {
        for (tags, date, verdict) in [
            (Some("\"abc\""), None, Verdict::NotModified),
            (Some("W/\"abc\""), None, Verdict::NotModified),
            (Some("\"x\", \"abc\""), None, Verdict::NotModified),
            (Some("*"), None, Verdict::NotModified),
            (Some("\"x\""), None, Verdict::Proceed),
            (Some("\"x\""), Some(AFTER), Verdict::Proceed),
            (Some("\"abc\""), Some(BEFORE), Verdict::NotModified),
            (None, Some(BEFORE), Verdict::Proceed),
            (None, Some(EXACTLY), Verdict::NotModified),
            (None, Some(AFTER), Verdict::NotModified),
            (None, Some("yesterday"), Verdict::Proceed),
        ] {
            let conditions = Conditions {
                if_none_match: tags,
                if_modified_since: date,
                ..Conditions::default()
            };
            assert_eq!(validators().judge(&conditions), verdict, "{conditions:?}");
        }
    }

    #[test]
    fn if_match_goes_before_if_unmodified_since() {
        for (tags, date, verdict) in [
            (Some("\"abc\""), None, Verdict::Proceed),
            (Some("W/\"abc\""), None, Verdict::PreconditionFailed("If-Match")),
            (Some("\"x\""), None, Verdict::PreconditionFailed("If-Match")),
            (Some("\"abc\""), Some(BEFORE), Verdict::Proceed),
            (None, Some(BEFORE), Verdict::PreconditionFailed("If-Unmodified-Since")),
            (None, Some(EXACTLY), Verdict::Proceed),
            (None, Some("yesterday"), Verdict::Proceed),
        ] {
            let conditions =
                Conditions { if_match: tags, if_unmodified_since: date, ..Conditions::default() };
            assert_eq!(validators().judge(&conditions), verdict, "{conditions:?}");
        }
    }

    #[test]
    fn if_range_is_strong() {
        for (validator, verdict) in [
            ("\"abc\"", Verdict::Proceed),
            (EXACTLY, Verdict::Proceed),
            ("W/\"abc\"", Verdict::ProceedWhole),
            ("\"x\"", Verdict::ProceedWhole),
            (AFTER, Verdict::ProceedWhole),
            ("nonsense", Verdict::ProceedWhole),
        ] {
            let conditions = Conditions { if_range: Some(validator), ..Conditions::default() };
            assert_eq!(validators().judge(&conditions), verdict, "{validator}");
        }
    }
}
