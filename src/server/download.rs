//! `GET` and `HEAD` of a package.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use super::activity::{Activity, CutCause, Observer};
use crate::chain::Chain;
use crate::http::conditions::{Conditions, Validators, Verdict};
use crate::http::range::{self, Wanted};
use crate::http::response::{Refusal, Response, Status};
use crate::package::PackageFile;
use crate::updater::Codebase;

/// A package that is offered.
#[derive(Debug)]
pub(super) struct Published {
    /// Below [`Codebase::PACKAGES`].
    path: String,
    package: Arc<PackageFile>,
    validators: Validators,
    change_reported: AtomicBool,
}

/// A part of a package, or all of it.
#[derive(Debug)]
pub(super) struct Part {
    pub package: Arc<Published>,
    pub status: Status,
    pub range: Range<u64>,
}

impl Published {
    pub fn new(path: String, package: Arc<PackageFile>) -> Self {
        let validators = Validators::new(&package.digests().sha256, package.modified());
        Self { path, package, validators, change_reported: AtomicBool::new(false) }
    }

    /// Its path below [`Codebase::PACKAGES`], which ends in its name.
    pub fn path(&self) -> &str {
        &self.path
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
            observer.observe(&Activity::Trouble { what, error: &Chain(&error).to_string() });
        }
        false
    }

    /// Decides which part to send.
    ///
    /// # Errors
    ///
    /// What is answered instead.
    pub fn part(
        self: &Arc<Self>,
        range: Option<&str>,
        conditions: &Conditions<'_>,
        observer: &dyn Observer,
    ) -> Result<Part, Response> {
        if !self.is_intact(observer) {
            let reason = "the package was changed since the server was started";
            return Err(Refusal::new(Status::ServiceUnavailable, reason).into());
        }
        let size = self.size();
        let range = match self.validators.judge(conditions) {
            Verdict::NotModified => {
                return Err(self.with_validators(Response::empty(Status::NotModified)));
            }
            Verdict::PreconditionFailed(header) => {
                let reason = format!("the package is not the one that {header} asks for");
                return Err(Refusal::new(Status::PreconditionFailed, reason).into());
            }
            Verdict::Proceed => range,
            Verdict::ProceedWhole => None,
        };
        let part = |status, range| Part { package: Arc::clone(self), status, range };
        match range::wanted(range, size) {
            Wanted::Whole => Ok(part(Status::Ok, 0..size)),
            Wanted::Part(range) => Ok(part(Status::PartialContent, range)),
            Wanted::Unsatisfiable => {
                let reason = format!("the range lies outside the package's {size} bytes");
                let refusal = Refusal::new(Status::RangeNotSatisfiable, reason);
                let response =
                    Response::from(refusal).with_header("Content-Range", format!("bytes */{size}"));
                Err(self.with_validators(response))
            }
        }
    }

    fn with_validators(&self, response: Response) -> Response {
        // A package of another update may have the same path: a cache has to compare.
        let response = response.with_header("Accept-Ranges", "bytes");
        let response = response.with_header("Cache-Control", "no-cache");
        let response = match self.validators.last_modified(SystemTime::now()) {
            Some(date) => response.with_header("Last-Modified", date),
            None => response,
        };
        response.with_header("ETag", self.validators.etag())
    }

    /// Reads the beginning of a range, as much as the buffer has room for, and
    /// checks that it is what was hashed.
    pub fn read<'buffer>(
        &self,
        buffer: &'buffer mut [u8],
        range: &Range<u64>,
    ) -> Result<&'buffer [u8], CutCause> {
        self.package.read(buffer, range).map_err(|error| {
            if error.is_changed() { CutCause::Changed } else { CutCause::Disk(error) }
        })
    }
}

impl Part {
    /// The path under which its package is served.
    pub fn path(&self) -> String {
        format!("{}{}", Codebase::PACKAGES, self.package.path())
    }

    /// The head of the response that carries it.
    pub fn response(&self) -> Response {
        let Self { package, status, range } = self;
        let response = Response::package(*status, range.end - range.start);
        let response = package.with_validators(response);
        if *status != Status::PartialContent {
            return response;
        }
        let (first, last, size) = (range.start, range.end - 1, package.size());
        response.with_header("Content-Range", format!("bytes {first}-{last}/{size}"))
    }
}
