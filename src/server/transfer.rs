//! A download under way.

use std::net::{SocketAddr, TcpStream};
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::net::SendFlags;

use super::activity::{Activity, CutCause, Download, Observer};
use super::download::{Part, Published};
use super::socket;
use crate::package::PackageFile;

/// Most bytes read and sent at a time, after which it is another download's
/// turn. Measured with 64 KiB to 2 MiB: each send wakes the client, so up to
/// 1 MiB more is faster; 256 KiB took a fifth more processor time.
const TURN: usize = 1024 * 1024;

/// Bytes sent at first: a connection that begins does not take more.
const FIRST: usize = 256 * 1024;

/// Least bytes sent at a time. A slow client takes fewer than a turn holds, and
/// what it does not take is read again.
const LEAST: usize = 16 * 1024;

/// Memory for what is on its way from the file to a connection. A thread needs
/// it once, however many downloads there are: a turn, and the rest of the block
/// at either end of it.
pub(super) fn buffer() -> Vec<u8> {
    vec![0; TURN + 2 * PackageFile::LEAST_BUFFER]
}

/// A part of a package on its way to a client.
#[derive(Debug)]
pub(super) struct Transfer {
    package: Arc<Published>,
    range: Range<u64>,
    /// The first byte of the package that is not sent yet.
    at: u64,
    /// Bytes to send at a time: about as many as the client takes.
    stride: usize,
    address: SocketAddr,
    started: Instant,
}

/// How far a download is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// There is room for more.
    Room,
    /// There is no room at the moment.
    Full,
    /// Everything is sent.
    Done,
}

impl Transfer {
    pub fn new(part: Part, address: SocketAddr) -> Self {
        let Part { package, range, .. } = part;
        let (at, started) = (range.start, Instant::now());
        Self { package, range, at, stride: FIRST, address, started }
    }

    /// Tells that it begins.
    pub fn announce(&self, observer: &dyn Observer) {
        observer.observe(&Activity::DownloadStarted(&self.download()));
    }

    /// The first byte of the package that is not sent yet.
    pub fn at(&self) -> u64 {
        self.at
    }

    fn download(&self) -> Download<'_> {
        let (package, size) = (self.package.path(), self.package.size());
        Download { address: self.address, package, size, range: self.range.clone() }
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Tells how far it is.
    pub fn tell(&self, observer: &dyn Observer) {
        let (download, at) = (&self.download(), self.at);
        observer.observe(&Activity::DownloadProgressed { download, at });
    }

    /// Sends as much as there is room for, but no more than is this download's
    /// turn.
    ///
    /// # Errors
    ///
    /// Why it ends early. The connection must be closed, which is how the client
    /// learns that the body is short.
    pub fn advance(
        &mut self,
        socket: &TcpStream,
        buffer: &mut [u8],
        observer: &dyn Observer,
    ) -> Result<Sent, CutCause> {
        let sent = self.send(socket, buffer);
        match sent {
            Ok(Sent::Done) => {
                let (download, elapsed) = (&self.download(), self.elapsed());
                observer.observe(&Activity::DownloadFinished { download, elapsed });
            }
            Err(CutCause::Changed) => {
                self.package.is_intact(observer);
            }
            _ => {}
        }
        sent
    }

    /// Tells that it has ended early.
    pub fn cut(&self, cause: &CutCause, observer: &dyn Observer) {
        let (download, at, elapsed) = (&self.download(), self.at, self.elapsed());
        observer.observe(&Activity::DownloadCut { download, at, elapsed, cause });
    }

    fn send(&mut self, socket: &TcpStream, buffer: &mut [u8]) -> Result<Sent, CutCause> {
        let end = self.range.end.min(self.at + self.stride as u64);
        let chunk = self.package.read(buffer, &(self.at..end))?;
        let sent = socket::send(socket, chunk, SendFlags::empty()).map_err(CutCause::Client)?;
        let is_full = sent < chunk.len();
        self.at += sent as u64;
        self.stride = if is_full { sent.max(LEAST) } else { (self.stride * 2).min(TURN) };
        Ok(match () {
            () if self.at == self.range.end => Sent::Done,
            () if is_full => Sent::Full,
            () => Sent::Room,
        })
    }
}
