//! `GET` and `HEAD` of a package.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::net::{SendFlags, send};

use super::activity::{Activity, CutCause, Download, Observer};
use super::buffers::Buffers;
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
    Content { status: Status, range: Range<u64> },
}

impl Published {
    pub fn new(package: Arc<PackageFile>) -> Self {
        let validators = Validators::new(&package.digests().sha256, package.modified());
        Self { package, validators, change_reported: AtomicBool::new(false) }
    }

    pub fn name(&self) -> &str {
        self.package.name().as_str()
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
        let size = self.package.size();
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
            Wanted::Whole => Answer::Content { status: Status::Ok, range: 0..size },
            Wanted::Part(range) => Answer::Content { status: Status::PartialContent, range },
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

    /// Writes the head of an answer that carries a part of the package.
    pub fn write_head(
        &self,
        sink: &mut dyn Write,
        status: Status,
        range: &Range<u64>,
        persistence: Persistence,
    ) -> io::Result<()> {
        let mut headers = self.validator_headers().to_vec();
        if status == Status::PartialContent {
            let (first, last, size) = (range.start, range.end - 1, self.package.size());
            headers.push(("Content-Range", format!("bytes {first}-{last}/{size}")));
        }
        let mut head = Vec::with_capacity(512);
        let content_type = Some("application/octet-stream");
        let length = Some(range.end - range.start);
        write_head(&mut head, status, content_type, length, &headers, persistence)?;
        sink.write_all(&head)
    }

    /// Sends a part of the package. Every byte is checked to be what was
    /// hashed before it leaves, as far as the file's size and time tell.
    ///
    /// # Errors
    ///
    /// When it was cut. Then the connection must be closed, which is how the
    /// client learns that the body is short.
    pub fn send(
        &self,
        to: Receiver<'_>,
        range: Range<u64>,
        observer: &dyn Observer,
    ) -> Result<(), CutCause> {
        let started = Instant::now();
        let (package, size, address) = (self.name(), self.package.size(), to.address);
        let download = Download { address, package, size, range: range.clone() };
        observer.observe(&Activity::DownloadStarted(&download));

        let mut at = range.start;
        let result = self.copy(to, range, &mut at);
        let elapsed = started.elapsed();
        match &result {
            Ok(()) => {
                observer.observe(&Activity::DownloadFinished { download: &download, elapsed });
            }
            Err(cause) => {
                if matches!(cause, CutCause::Changed) {
                    self.is_intact(observer);
                }
                let download = &download;
                observer.observe(&Activity::DownloadCut { download, at, elapsed, cause });
            }
        }
        result
    }

    fn copy(&self, to: Receiver<'_>, range: Range<u64>, at: &mut u64) -> Result<(), CutCause> {
        let mut is_full = false;
        while *at < range.end {
            // Without a buffer: this may take long.
            if is_full {
                to.wait().map_err(CutCause::Client)?;
            }
            let mut buffer = to.buffers.take();
            let left = usize::try_from(range.end - *at).unwrap_or(usize::MAX);
            let wanted = left.min(buffer.len());
            let chunk = buffer.get_mut(..wanted).unwrap_or_default();
            let read = self.package.read_at(chunk, *at).map_err(CutCause::Disk)?;
            // First: a file that was truncated ends early, and that is why.
            if self.package.check().is_err() {
                return Err(CutCause::Changed);
            }
            if read == 0 {
                return Err(CutCause::Disk(io::ErrorKind::UnexpectedEof.into()));
            }
            let taken = to.send(chunk.get(..read).unwrap_or_default()).map_err(CutCause::Client)?;
            is_full = taken < read;
            *at += taken as u64;
        }
        Ok(())
    }
}

/// Where a download goes, and what carries it there.
#[derive(Clone, Copy)]
pub(super) struct Receiver<'a> {
    /// Behind the engine's back, so that nothing is held while the client is
    /// waited for. What the engine was given before must have been flushed.
    pub socket: &'a TcpStream,
    pub buffers: &'a Buffers,
    pub address: SocketAddr,
}

impl Receiver<'_> {
    /// Waits until there is room for more. The guard ends it in time.
    fn wait(self) -> io::Result<()> {
        loop {
            match poll(&mut [PollFd::new(self.socket, PollFlags::OUT)], None) {
                Ok(_) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Sends what there is room for now. How many bytes that was.
    fn send(self, bytes: &[u8]) -> io::Result<usize> {
        match send(self.socket, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
            Err(Errno::AGAIN | Errno::INTR) => Ok(0),
            result => Ok(result?),
        }
    }
}
