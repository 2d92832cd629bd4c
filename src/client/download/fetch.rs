//! The bytes of a package, from however many answers they come.

use std::io::{self, Read, Write};

use super::{Download, DownloadError, Progress};
use crate::client::redirect::{self, SendError};
use crate::client::{HttpAnswer, HttpRequest};
use crate::digest::Hasher;
use crate::number::decimal;
use crate::protocol::response::Package;

/// Bytes that are read at once.
const BUFFER: usize = 64 * 1024;

/// A download under way.
pub(super) struct Fetch<'a> {
    download: &'a Download,
    sink: &'a mut dyn Write,
    progress: &'a mut dyn FnMut(Progress<'_>),
    /// Bytes so far.
    at: u64,
    hasher: Hasher,
    /// The entity tag of the content, from the first answer that had one.
    tag: Option<String>,
}

impl<'a> Fetch<'a> {
    pub fn new(
        download: &'a Download,
        sink: &'a mut dyn Write,
        progress: &'a mut dyn FnMut(Progress<'_>),
    ) -> Self {
        Self { download, sink, progress, at: 0, hasher: Hasher::new(), tag: None }
    }

    /// Fetches everything, and verifies it.
    pub fn run(mut self) -> Result<(), DownloadError> {
        let Download { package, environment, start, resume, .. } = self.download;
        if package.size == 0 {
            return Err(DownloadError::NoSize);
        }
        let (mut before, mut failed) = (0, 0);
        while let Err(error) = self.continue_once() {
            // Whatever came renews what the retries allow.
            if self.at > before {
                (before, failed) = (self.at, 0);
            }
            failed += 1;
            let retry = if self.at > 0 { resume } else { start };
            match retry.delay(failed, environment.random()) {
                Some(delay) if error.is_temporary() => {
                    (self.progress)(Progress::Cut { at: self.at, error: &error, delay });
                    environment.sleep(delay);
                }
                _ => return Err(error),
            }
        }
        self.sink.flush().map_err(DownloadError::Write)?;
        let digests = self.hasher.finish();
        package.verify_digests(&digests)?;
        let sha256 = self.download.sha256;
        Package { sha256, sha1: None, ..package.clone() }.verify_digests(&digests)?;
        Ok(())
    }

    /// Asks for what is missing, and takes what comes.
    fn continue_once(&mut self) -> Result<(), DownloadError> {
        let answer = self.ask()?;
        if let Some(encoding) = answer.header("content-encoding")
            && !encoding.eq_ignore_ascii_case("identity")
        {
            return Err(DownloadError::Encoding(encoding.to_owned()));
        }
        self.compare_tag(answer.header("etag"))?;
        let size = self.download.package.size;
        // What comes that is there already.
        let known = match answer.status {
            200 => {
                let length = answer.header("content-length").and_then(|length| length.parse().ok());
                if let Some(length) = length.filter(|length| *length != size) {
                    return Err(self.download.package.wrong_size(Some(length)).into());
                }
                self.at
            }
            206 if self.at > 0 => {
                self.check_range(answer.header("content-range"))?;
                0
            }
            status => return Err(DownloadError::Http { status }),
        };
        self.take(answer.body, known)
    }

    /// Sends the request, and follows redirects.
    fn ask(&self) -> Result<HttpAnswer, DownloadError> {
        let range = format!("bytes={}-", self.at);
        let mut headers = vec![("accept-encoding", "identity")];
        if self.at > 0 {
            headers.push(("range", range.as_str()));
            // A weak tag cannot vouch for single bytes (RFC 9110, section 13.1.5).
            if let Some(tag) = self.tag.as_deref().filter(|tag| !tag.starts_with("W/")) {
                headers.push(("if-range", tag));
            }
        }
        let request = HttpRequest::get(&self.download.url).with_headers(&headers);
        let (_, answer) =
            redirect::send(&*self.download.transport, request).map_err(|error| match error {
                SendError::Transport(error) => DownloadError::Transport(error),
                SendError::Redirect(error) => DownloadError::Redirect(error),
            })?;
        Ok(answer)
    }

    fn compare_tag(&mut self, now: Option<&str>) -> Result<(), DownloadError> {
        match (&self.tag, now) {
            (Some(before), Some(after)) if before != after && self.at > 0 => {
                let (before, after) = (before.clone(), after.to_owned());
                Err(DownloadError::Changed { before, after })
            }
            (_, Some(now)) => {
                self.tag = Some(now.to_owned());
                Ok(())
            }
            (_, None) => Ok(()),
        }
    }

    fn check_range(&self, range: Option<&str>) -> Result<(), DownloadError> {
        match range {
            Some(range) if is_rest(range, self.at, self.download.package.size) => Ok(()),
            _ => Err(DownloadError::Range { at: self.at, found: range.map(str::to_owned) }),
        }
    }

    fn take(&mut self, mut body: impl Read, mut known: u64) -> Result<(), DownloadError> {
        let total = self.download.package.size;
        let mut buffer = vec![0; BUFFER];
        loop {
            let piece = match body.read(&mut buffer) {
                // A body that claims more than it was asked for is not believed.
                Ok(length) => &buffer[..length.min(BUFFER)],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                // All that was wanted has come; the digests say whether it is right.
                Err(_) if self.at == total => return Ok(()),
                Err(source) => return Err(DownloadError::Cut { at: self.at, total, source }),
            };
            if piece.is_empty() {
                if self.at == total {
                    return Ok(());
                }
                let source = io::ErrorKind::UnexpectedEof.into();
                return Err(DownloadError::Cut { at: self.at, total, source });
            }
            let skip = usize::try_from(known).unwrap_or(usize::MAX).min(piece.len());
            known -= skip as u64;
            let piece = &piece[skip..];
            if piece.len() as u64 > total - self.at {
                return Err(self.download.package.wrong_size(None).into());
            }
            if piece.is_empty() {
                continue;
            }
            self.sink.write_all(piece).map_err(DownloadError::Write)?;
            self.hasher.update(piece);
            self.at += piece.len() as u64;
            (self.progress)(Progress::Bytes { done: self.at, total });
        }
    }
}

/// Whether a `Content-Range` is `bytes FIRST-LAST/SIZE`: the rest of the package and
/// nothing else.
pub(in crate::client) fn is_rest(range: &str, at: u64, size: u64) -> bool {
    let is_right = || {
        let (bounds, all) = range.trim().strip_prefix("bytes ")?.split_once('/')?;
        let (first, last) = bounds.split_once('-')?;
        let all_is_right = all == "*" || decimal(all) == Some(size);
        let is_rest = decimal(first) == Some(at) && decimal::<u64>(last)? < size;
        (all_is_right && is_rest).then_some(())
    };
    is_right().is_some()
}
