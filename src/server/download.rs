//! `GET` and `HEAD` of a package.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::activity::{Activity, CutCause, Observer};
use super::condition::{Conditions, Validators, Verdict};
use super::range::{self, Wanted};
use super::reply::{Persistence, Reply, Status, write_head};
use crate::package::PackageFile;

/// A package that is offered under its name.
#[derive(Debug)]
pub(super) struct Published {
    package: Arc<PackageFile>,
    validators: Validators,
    change_reported: AtomicBool,
}

/// What the headers of a request ask for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wish<'a> {
    pub range: Option<&'a str>,
    pub conditions: Conditions<'a>,
    pub head: bool,
}

/// What is answered: either something short, or a part of the package.
#[derive(Debug)]
pub(super) enum Answer {
    Short(Reply),
    Content(Part),
}

/// A part of the package, or all of it.
#[derive(Debug)]
pub(super) struct Part {
    pub status: Status,
    pub range: Range<u64>,
}

impl Published {
    pub fn new(package: Arc<PackageFile>) -> Self {
        let validators = Validators::new(&package.digests().sha256, package.modified());
        Self { package, validators, change_reported: AtomicBool::new(false) }
    }

    pub fn name(&self) -> &str {
        self.package.name().as_str()
    }

    pub fn size(&self) -> u64 {
        self.package.size()
    }

    /// Whether the package is still what was hashed; tells the operator once
    /// when it no longer is.
    pub fn is_intact(&self, observer: &dyn Observer) -> bool {
        let Err(error) = self.package.check() else { return true };
        if !self.change_reported.swap(true, Ordering::Relaxed) {
            let what = "the package is no longer offered; restart to serve it as it is now";
            observer.observe(&Activity::Trouble { what, error: &error.to_string() });
        }
        false
    }

    /// Decides what to answer.
    pub fn answer(&self, wish: &Wish<'_>, observer: &dyn Observer) -> Answer {
        if !self.is_intact(observer) {
            let reason = "the package was changed since the server was started";
            return Answer::Short(Reply::refusal(Status::ServiceUnavailable, reason));
        }
        let size = self.size();
        // A range of a HEAD has no meaning (RFC 9110, section 14.2).
        let honour_range = match self.validators.judge(&wish.conditions) {
            Verdict::NotModified => {
                let reply = Reply::empty(Status::NotModified);
                return Answer::Short(self.with_validators(reply));
            }
            Verdict::PreconditionFailed => {
                let reason = "the package is not the one that If-Match wants";
                return Answer::Short(Reply::refusal(Status::PreconditionFailed, reason));
            }
            Verdict::Proceed => !wish.head,
            Verdict::ProceedWhole => false,
        };
        match range::wanted(wish.range.filter(|_| honour_range), size) {
            Wanted::Whole => Answer::Content(Part { status: Status::Ok, range: 0..size }),
            Wanted::Part(range) => Answer::Content(Part { status: Status::PartialContent, range }),
            Wanted::Unsatisfiable => {
                let reason = format!("the range lies outside the package's {size} bytes");
                let reply = Reply::refusal(Status::RangeNotSatisfiable, reason)
                    .with_header("Content-Range", format!("bytes */{size}"));
                Answer::Short(self.with_validators(reply))
            }
        }
    }

    fn with_validators(&self, reply: Reply) -> Reply {
        self.validator_headers()
            .into_iter()
            .fold(reply, |reply, (name, value)| reply.with_header(name, value))
    }

    fn validator_headers(&self) -> [(&'static str, String); 3] {
        [
            ("Accept-Ranges", "bytes".to_owned()),
            ("Last-Modified", self.validators.last_modified()),
            ("ETag", self.validators.etag().to_owned()),
        ]
    }

    /// The head of an answer that carries a part of the package.
    pub fn head(&self, part: &Part, persistence: Persistence) -> io::Result<Vec<u8>> {
        let mut headers = self.validator_headers().to_vec();
        let Part { status, range } = part;
        if *status == Status::PartialContent {
            let (first, last, size) = (range.start, range.end - 1, self.size());
            headers.push(("Content-Range", format!("bytes {first}-{last}/{size}")));
        }
        let mut head = Vec::with_capacity(512);
        let content_type = Some("application/octet-stream");
        let length = Some(range.end - range.start);
        write_head(&mut head, *status, content_type, length, &headers, persistence)?;
        Ok(head)
    }

    /// Reads bytes from an offset on, at least one, and checks that they are
    /// what was hashed.
    pub fn read_at(&self, into: &mut [u8], offset: u64) -> Result<usize, CutCause> {
        let read = self.package.read_at(into, offset).map_err(CutCause::Disk)?;
        // First: a file that was truncated ends early, and that is why.
        if self.package.check().is_err() {
            return Err(CutCause::Changed);
        }
        if read == 0 {
            return Err(CutCause::Disk(io::ErrorKind::UnexpectedEof.into()));
        }
        Ok(read)
    }
}
