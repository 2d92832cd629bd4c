//! Reads requests from what a client has sent.

use crate::http::body::Body;
use crate::http::head::{self, RequestHead, Scan, Scanned};
use crate::http::response::Refusal;

/// What a client has sent, and how far the next request was read.
#[derive(Debug, Default)]
pub(super) struct RequestReader {
    /// What was received and is not used yet.
    unread: Vec<u8>,
    reading: Reading,
}

#[derive(Debug)]
enum Reading {
    Head(Scan),
    Body(Box<(RequestHead, Body)>),
}

impl Default for Reading {
    fn default() -> Self {
        Self::Head(Scan::default())
    }
}

/// A request that has come as a whole.
#[derive(Debug)]
pub(super) struct WholeRequest {
    pub head: RequestHead,
    pub body: Vec<u8>,
}

/// What there is of the next request.
#[derive(Debug)]
pub(super) enum Progress {
    /// Not enough to go on.
    Partial,
    /// Its head, which was not there before. Its client may be waiting to be told
    /// to send the body.
    Head {
        expects_continue: bool,
    },
    Whole(WholeRequest),
}

impl RequestReader {
    /// Takes what was received.
    pub fn receive(&mut self, bytes: &[u8]) {
        self.unread.extend_from_slice(bytes);
    }

    /// Whether something has come of the next request.
    pub fn is_under_way(&self) -> bool {
        !self.unread.is_empty() || matches!(self.reading, Reading::Body(_))
    }

    /// Forgets what was received.
    pub fn forget(&mut self) {
        self.unread = Vec::new();
    }

    /// Reads on.
    pub fn next(&mut self) -> Result<Progress, Refusal> {
        match &mut self.reading {
            Reading::Head(scan) => {
                let end = match scan.look(&self.unread) {
                    Scanned::Partial => return Ok(Progress::Partial),
                    Scanned::Refused(refusal) => return Err(refusal),
                    Scanned::Complete(end) => end,
                };
                let head = RequestHead::read(&self.unread[..end])?;
                let body = Body::new(head.body)?;
                self.unread.drain(..end);
                let expects_continue = head.expects_continue && !body.is_empty();
                self.reading = Reading::Body(Box::new((head, body)));
                Ok(Progress::Head { expects_continue })
            }
            Reading::Body(reading) => {
                let Some(body) = reading.1.take(&mut self.unread)? else {
                    return Ok(Progress::Partial);
                };
                if self.unread.is_empty() {
                    // An idle connection has no memory for what it may send.
                    self.unread = Vec::new();
                }
                match std::mem::take(&mut self.reading) {
                    Reading::Body(reading) => {
                        Ok(Progress::Whole(WholeRequest { head: reading.0, body }))
                    }
                    Reading::Head(_) => Ok(Progress::Partial),
                }
            }
        }
    }

    /// The client sends nothing more: why the request that has begun is refused, if
    /// its head is there.
    pub fn end(&self) -> Option<Refusal> {
        match &self.reading {
            Reading::Head(_) => None,
            Reading::Body(reading) => Some(reading.1.ends_early()),
        }
    }

    /// Method and target of the request that is being received, as far as they
    /// can be read.
    pub fn method_and_target(&self) -> &str {
        head::method_and_target(match &self.reading {
            Reading::Head(_) => &self.unread,
            Reading::Body(reading) => &reading.0.for_engine,
        })
    }
}
