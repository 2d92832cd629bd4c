//! Reading the body of a request.

use std::io::{self, Read};
use std::sync::atomic::{AtomicUsize, Ordering};

use tiny_http::Request;

use super::reply::{Reply, Status};

/// Longest body that is read: as in go-omaha, far more than any machine sends.
const MAX_BODY: usize = 1024 * 1024;

/// Bodies up to this length are free; those of machines have 600 to 1100 bytes.
const SMALL: usize = 16 * 1024;

/// Bytes of bodies that are not small, at a time.
const BUDGET: usize = 16 * MAX_BODY;

/// What becomes of a request's body.
pub(super) enum Body {
    /// All of it, and how many bytes it took in the connection, if that is known.
    Whole { bytes: Vec<u8>, length: Option<usize> },
    /// It is not read; the connection cannot be used again.
    Refused(Reply),
    /// It ended before its length: the client has no more to send, or the
    /// guard ended the connection.
    Short,
    /// The connection broke in the middle.
    Cut,
}

/// The memory that large bodies may take together.
#[derive(Debug)]
pub(super) struct Budget(AtomicUsize);

impl Default for Budget {
    fn default() -> Self {
        Self(AtomicUsize::new(BUDGET))
    }
}

/// A part of the budget, given back when dropped.
struct Share<'a> {
    budget: &'a Budget,
    bytes: usize,
}

impl Budget {
    fn take(&self, bytes: usize) -> Option<Share<'_>> {
        let bytes = if bytes > SMALL { bytes } else { 0 };
        let order = (Ordering::AcqRel, Ordering::Acquire);
        self.0.fetch_update(order.0, order.1, |left| left.checked_sub(bytes)).ok()?;
        Some(Share { budget: self, bytes })
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        self.budget.0.fetch_add(self.bytes, Ordering::AcqRel);
    }
}

/// Reads a body to its end, so that nothing of it is left in the connection.
pub(super) fn read(request: &mut Request, budget: &Budget) -> Body {
    let announced = request.body_length();
    let header = |name| request.headers().get(name);
    let refuse = |status, reason: &str| Body::Refused(Reply::refusal(status, reason));
    // The engine takes "+5" for 5 and a number that is too large for none.
    let is_number = |text: &str| announced.is_some() && text.bytes().all(|b| b.is_ascii_digit());
    if header("Content-Length").is_some_and(|length| !is_number(length.as_str())) {
        return refuse(Status::BadRequest, "the Content-Length is not a number");
    }
    // Where neither is said there is no body, and the engine's reader might
    // be the whole connection (`Connection: upgrade`).
    if announced.is_none() && header("Transfer-Encoding").is_none() {
        return Body::Whole { bytes: Vec::new(), length: Some(0) };
    }
    if announced.is_some_and(|length| length > MAX_BODY) {
        return too_large();
    }
    let Some(_share) = budget.take(announced.unwrap_or(MAX_BODY)) else {
        return refuse(Status::ServiceUnavailable, "too many large requests at once");
    };
    // At once: growing would take twice as much for a moment. Memory that is
    // not written to costs nothing yet.
    let mut bytes = Vec::with_capacity(announced.unwrap_or(0));
    let limit = announced.unwrap_or(MAX_BODY + 1) as u64;
    match request.as_reader().take(limit).read_to_end(&mut bytes) {
        // What the engine's decoder of chunks says.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
            refuse(Status::BadRequest, "the chunks of the body are malformed")
        }
        Err(_) => Body::Cut,
        Ok(_) if bytes.len() > MAX_BODY => too_large(),
        Ok(length) if announced.is_some_and(|announced| announced != length) => Body::Short,
        Ok(_) => Body::Whole { bytes, length: announced },
    }
}

fn too_large() -> Body {
    let reason = format!("the body is longer than {MAX_BODY} bytes");
    Body::Refused(Reply::refusal(Status::ContentTooLarge, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_bodies_share_a_budget() {
        let budget = Budget::default();
        let all: Vec<_> = (0..16).map(|_| budget.take(MAX_BODY).unwrap()).collect();
        assert!(budget.take(MAX_BODY).is_none());
        assert!(budget.take(SMALL).is_some());
        drop(all);
        assert!(budget.take(MAX_BODY).is_some());
    }
}
