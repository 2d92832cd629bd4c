//! Accepting connections.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{SocketFlags, acceptfrom_with};
use rustix::process::{Resource, getrlimit};

/// Descriptors kept for everything else, if there are not many packages: standard
/// streams, packages, listener, engines.
const DESCRIPTORS_KEPT: u64 = 32;

/// How long to wait after a failure that the next try would share.
const PAUSE: Duration = Duration::from_millis(50);

/// The listener, and whether connections are pending.
#[derive(Debug)]
pub(super) struct Acceptor {
    listener: TcpListener,
    /// Connections may be pending. The kernel reports each arrival once, so this
    /// is remembered when accepting fails or the table is full.
    has_backlog: bool,
    /// No try before this.
    paused_until: Option<Instant>,
}

impl Acceptor {
    pub fn new(listener: TcpListener) -> Self {
        Self { listener, has_backlog: true, paused_until: None }
    }

    /// A connection is pending.
    pub fn note_arrival(&mut self) {
        self.has_backlog = true;
    }

    /// When to try again, if connections are pending.
    pub fn retry(&self) -> Option<Instant> {
        self.has_backlog.then(|| self.paused_until.unwrap_or_else(Instant::now))
    }

    /// Whether a connection is pending, without accepting it.
    pub fn look(&mut self) -> bool {
        let mut listener = [PollFd::new(&self.listener, PollFlags::IN)];
        self.has_backlog = poll(&mut listener, Some(&Timespec::default())).is_ok_and(|n| n > 0);
        self.has_backlog
    }

    /// The next client that waits.
    ///
    /// # Errors
    ///
    /// When there are no descriptors or memory left. Accepting then pauses for a
    /// moment.
    pub fn accept(&mut self) -> io::Result<Option<(TcpStream, SocketAddr)>> {
        if !self.has_backlog || self.paused_until.is_some_and(|until| Instant::now() < until) {
            return Ok(None);
        }
        self.paused_until = None;
        loop {
            match acceptfrom_with(&self.listener, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK) {
                Ok((socket, address)) => {
                    let address = address.and_then(|address| SocketAddr::try_from(address).ok());
                    // Without an address the client has gone already.
                    if let Some(address) = address {
                        return Ok(Some((TcpStream::from(socket), address)));
                    }
                }
                Err(Errno::AGAIN) => {
                    self.has_backlog = false;
                    return Ok(None);
                }
                // The client was gone before it was accepted (`accept(2)`,
                // "Error handling").
                Err(
                    Errno::CONNABORTED
                    | Errno::INTR
                    | Errno::PROTO
                    | Errno::NETDOWN
                    | Errno::NOPROTOOPT
                    | Errno::HOSTDOWN
                    | Errno::HOSTUNREACH
                    | Errno::NETUNREACH
                    | Errno::OPNOTSUPP,
                ) => {}
                Err(error) => {
                    self.paused_until = Some(Instant::now() + PAUSE);
                    return Err(error.into());
                }
            }
        }
    }
}

/// As many of the wanted connections as the descriptors suffice for beside those
/// of the packages, at least one.
pub(super) fn affordable(wanted: usize, packages: usize) -> usize {
    let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let kept = DESCRIPTORS_KEPT.max(packages as u64 + DESCRIPTORS_KEPT / 2);
    let left = usize::try_from(descriptors.saturating_sub(kept)).unwrap_or(usize::MAX);
    wanted.min(left).max(1)
}
