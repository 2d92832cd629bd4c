//! A download under way.

use std::net::{SocketAddr, TcpStream};
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use rustix::net::SendFlags;

use super::activity::{Activity, CutCause, Download, Observer};
use super::download::Published;
use super::reply::Persistence;
use super::sys::send_now;

/// Most bytes read and sent at a time, after which it is another download's
/// turn. Measured with 64 KiB to 2 MiB: each send wakes the client, so up to
/// 1 MiB more is faster; 256 KiB took a fifth more processor time.
const BUFFER: usize = 1024 * 1024;

/// Bytes read at first: a connection that begins does not take more.
const FIRST: usize = 256 * 1024;

/// Least bytes read at a time. A slow client takes fewer than a buffer holds,
/// and what it does not take is read again.
const LEAST: usize = 16 * 1024;

/// Memory for what is on its way from the file to a connection. A sender needs
/// it once, however many downloads there are.
pub(super) fn room() -> Vec<u8> {
    vec![0; BUFFER]
}

/// A part of a package on its way to a client.
#[derive(Debug)]
pub(super) struct Transfer {
    package: Arc<Published>,
    range: Range<u64>,
    /// What is not sent yet of the answer's head.
    head: Vec<u8>,
    /// The first byte of the package that is not sent yet.
    at: u64,
    /// Bytes to read at a time: about as many as the client takes.
    stride: usize,
    persistence: Persistence,
    address: SocketAddr,
    started: Instant,
}

/// How far a download is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// There is more to send.
    Under,
    Done(Persistence),
    /// The connection must be closed, which is how the client learns that the
    /// body is short.
    Cut,
}

impl Transfer {
    pub fn new(
        package: Arc<Published>,
        range: Range<u64>,
        head: Vec<u8>,
        persistence: Persistence,
        address: SocketAddr,
    ) -> Self {
        let (at, started) = (range.start, Instant::now());
        let stride = FIRST;
        Self { package, range, head, at, stride, persistence, address, started }
    }

    /// Tells that it begins.
    pub fn announce(&self, observer: &dyn Observer) {
        observer.observe(&Activity::DownloadStarted(&self.download()));
    }

    fn download(&self) -> Download<'_> {
        let (package, size) = (self.package.name(), self.package.size());
        Download { address: self.address, package, size, range: self.range.clone() }
    }

    /// Sends as much as there is room for, but no more than is this download's
    /// turn. Every byte is checked to be what was hashed before it leaves, as
    /// far as the file's size and time tell.
    pub fn advance(
        &mut self,
        socket: &TcpStream,
        buffer: &mut [u8],
        observer: &dyn Observer,
    ) -> Progress {
        let result = self.send(socket, buffer);
        let (download, elapsed) = (&self.download(), self.started.elapsed());
        match &result {
            Ok(false) => Progress::Under,
            Ok(true) => {
                observer.observe(&Activity::DownloadFinished { download, elapsed });
                Progress::Done(self.persistence)
            }
            Err(cause) => {
                if matches!(cause, CutCause::Changed) {
                    self.package.is_intact(observer);
                }
                let at = self.at;
                observer.observe(&Activity::DownloadCut { download, at, elapsed, cause });
                Progress::Cut
            }
        }
    }

    /// True if that was the end.
    fn send(&mut self, socket: &TcpStream, buffer: &mut [u8]) -> Result<bool, CutCause> {
        if !self.head.is_empty() {
            let taken = send_now(socket, &self.head, SendFlags::MORE).map_err(CutCause::Client)?;
            self.head.drain(..taken.min(self.head.len()));
        }
        if !self.head.is_empty() {
            return Ok(false);
        }
        let left = usize::try_from(self.range.end - self.at).unwrap_or(usize::MAX);
        let wanted = left.min(buffer.len()).min(self.stride);
        let chunk = buffer.get_mut(..wanted).unwrap_or_default();
        let read = self.package.read_at(chunk, self.at)?;
        let chunk = chunk.get(..read).unwrap_or_default();
        let taken = send_now(socket, chunk, SendFlags::empty()).map_err(CutCause::Client)?;
        self.at += taken as u64;
        self.stride = if taken < read { taken.max(LEAST) } else { (self.stride * 2).min(BUFFER) };
        Ok(self.at == self.range.end)
    }
}
