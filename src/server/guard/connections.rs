//! Every connection there is, as far as the guard needs to know it.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Limits;
use super::rule::{Judgement, Mark, Offence, Phase, judge};
use crate::server::sys::{self, Traffic};

/// Descriptors of one connection: the engine holds a reading and a writing
/// one, the guard a third.
pub(in crate::server) const DESCRIPTORS_EACH: usize = 3;

/// Descriptors that a program may have besides, when one is searched for.
const OTHER_DESCRIPTORS: RawFd = 1024;

/// For how long a connection is new. A client sends its request as soon as it
/// is connected.
const NEW: Duration = Duration::from_millis(500);

/// How much a connection would be missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Worth {
    /// It waits, and nothing comes.
    Idle,
    /// A request that does not come, or an answer that is not taken.
    Slow,
    /// It began a moment ago.
    New,
}

/// The connections that are open.
#[derive(Debug, Default)]
pub(in crate::server) struct Connections {
    /// By number: one client may have the same port twice, at two addresses of
    /// this machine, or again while its last connection is being closed.
    open: Mutex<HashMap<u64, Arc<Tracked>>>,
    /// Held while a connection is accepted or closed, so that the descriptor
    /// which is free before accepting is the one that is used.
    descriptors: Mutex<()>,
    /// Microseconds on the guard's clock.
    clock: AtomicU64,
    /// How many there ever were.
    accepted: AtomicU64,
}

/// A connection, with a descriptor of our own for it.
#[derive(Debug)]
pub(in crate::server) struct Tracked {
    socket: TcpStream,
    local: SocketAddr,
    peer: SocketAddr,
    /// Which one it is, of all that ever were.
    number: u64,
    mark: Mutex<Mark>,
    gone: AtomicBool,
}

impl Connections {
    /// The guard's time.
    pub fn now(&self) -> Duration {
        Duration::from_micros(self.clock.load(Ordering::Relaxed))
    }

    pub(super) fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_micros()).unwrap_or(0);
        self.clock.fetch_add(by, Ordering::Relaxed);
    }

    /// Keeps descriptors from being closed, until it is dropped.
    pub fn hold_descriptors(&self) -> MutexGuard<'_, ()> {
        self.descriptors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of a connection that was just accepted on `port`, most
    /// likely under the number `expected`, and has its socket wait for nobody.
    /// None if it is gone already.
    pub fn track(&self, expected: RawFd, port: u16) -> Option<Arc<Tracked>> {
        let mut open = self.lock();
        let on_port = |number| {
            let socket = sys::duplicate_socket(number).ok()?;
            let local = socket.local_addr().ok()?;
            (local.port() == port).then_some((socket, local))
        };
        let with_peer = |(socket, local): (TcpStream, SocketAddr)| {
            let peer = socket.peer_addr().ok()?;
            Some((socket, local, peer))
        };
        let is_known = |local, peer| open.values().any(|t| (t.local, t.peer) == (local, peer));
        let (socket, local, peer) = match on_port(expected) {
            // No peer: the client was gone before it was accepted.
            Some(found) => with_peer(found),
            // Something else in the process took the number: look everywhere.
            // Descriptors are few and dense, so this covers all that are open.
            None => {
                let known = RawFd::try_from(open.len() * DESCRIPTORS_EACH).ok()?;
                (3..known.saturating_add(OTHER_DESCRIPTORS))
                    .filter_map(on_port)
                    .filter_map(with_peer)
                    .find(|(_, local, peer)| !is_known(*local, *peer))
            }
        }?;
        socket.set_nonblocking(true).ok()?;
        let tracked = Arc::new(Tracked {
            peer,
            local,
            socket,
            number: self.accepted.fetch_add(1, Ordering::Relaxed),
            mark: Mutex::new(Mark {
                phase: Phase::New,
                since: self.now(),
                traffic: Traffic::default(),
            }),
            gone: AtomicBool::new(false),
        });
        open.insert(tracked.number, Arc::clone(&tracked));
        Some(tracked)
    }

    /// Forgets a connection.
    pub fn forget(&self, tracked: &Tracked) {
        self.lock().remove(&tracked.number);
    }

    /// How many there are, and how many there ever were.
    pub fn turnover(&self) -> (usize, u64) {
        (self.lock().len(), self.accepted.load(Ordering::Relaxed))
    }

    /// All connections at this moment.
    pub fn all(&self) -> Vec<Arc<Tracked>> {
        self.lock().values().cloned().collect()
    }

    /// Up to `number` connections that would be missed least: of the address
    /// that has most of those that are no downloads, see [`Tracked::worth`].
    pub fn most_dispensable(&self, number: usize) -> Vec<Arc<Tracked>> {
        let now = self.now();
        let mut candidates: Vec<_> = self
            .all()
            .into_iter()
            .filter(|tracked| !tracked.is_gone())
            .filter_map(|tracked| Some((tracked.worth(now)?, tracked)))
            .collect();
        let mut addresses: Vec<_> =
            candidates.iter().map(|(_, tracked)| tracked.address()).collect();
        addresses.sort_unstable();
        let crowd = |tracked: &Tracked| {
            let address = tracked.address();
            let upto = addresses.partition_point(|other| *other <= address);
            upto - addresses.partition_point(|other| *other < address)
        };
        let largest = candidates.iter().map(|(_, tracked)| crowd(tracked)).max().unwrap_or(0);
        candidates.retain(|(_, tracked)| crowd(tracked) == largest);
        candidates.sort_by_key(|(worth, _)| *worth);
        let (silent, busy): (Vec<_>, Vec<_>) =
            candidates.into_iter().partition(|(worth, tracked)| !tracked.is_busy(worth.0));
        let (from, number) = if silent.is_empty() { (busy, 1) } else { (silent, number) };
        from.into_iter().take(number).map(|(_, tracked)| tracked).collect()
    }

    /// Whether the first request of a connection may arrive any moment.
    pub fn any_new(&self) -> bool {
        let now = self.now();
        self.all().iter().any(|tracked| {
            let mark = tracked.mark();
            mark.phase == Phase::New && now.saturating_sub(mark.since) < NEW
        })
    }

    /// How many downloads are under way, and how many of them at one address.
    fn downloads(&self, address: IpAddr) -> (usize, usize) {
        let all = self.all();
        let sending = all.iter().filter(|tracked| tracked.mark().phase == Phase::Sending);
        sending.fold((0, 0), |(total, here), tracked| {
            (total + 1, here + usize::from(tracked.address() == address))
        })
    }

    /// Whether one more download may begin. Three quarters of all connections
    /// may be downloads, so that checks always find one; when a quarter of
    /// those places is left, no address may take more than a quarter.
    pub fn may_download(&self, address: IpAddr, limits: &Limits) -> bool {
        let places = (limits.max_connections * 3 / 4).max(1);
        let (total, here) = self.downloads(address);
        total < places && (total < places * 3 / 4 || here < (places / 4).max(1))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Arc<Tracked>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tracked {
    /// The client's address; IPv4 as what it is, even on an IPv6 socket.
    pub fn address(&self) -> IpAddr {
        self.peer.ip().to_canonical()
    }

    /// The client's address and port, IPv4 as what it is.
    pub fn peer(&self) -> SocketAddr {
        SocketAddr::new(self.address(), self.peer.port())
    }

    /// Which one it is, of all that ever were.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The connection itself.
    pub fn socket(&self) -> &TcpStream {
        &self.socket
    }

    /// How many bytes the connection has received, and whether any of them
    /// were taken from it beyond the first `read`, all of which were.
    pub fn received_and_ahead(&self, read: u64) -> io::Result<(u64, bool)> {
        let received = sys::traffic(&self.socket)?.received;
        // Usually there is nothing more that could have been taken.
        let is_ahead = received != read && {
            let waiting = rustix::io::ioctl_fionread(&self.socket)?;
            received.saturating_sub(waiting) != read
        };
        Ok((received, is_ahead))
    }

    /// Says what the connection does from now on, and how many bytes it had
    /// received by then.
    pub fn enter(&self, phase: Phase, now: Duration, received: u64) {
        let acknowledged = match phase {
            Phase::Sending => sys::traffic(&self.socket).unwrap_or_default().acknowledged,
            _ => 0,
        };
        let traffic = Traffic { received, acknowledged };
        *self.mark() = Mark { phase, since: now, traffic };
    }

    pub(super) fn judge(&self, now: Duration, limits: &Limits) -> Judgement {
        let mut mark = self.mark();
        let traffic = match mark.phase {
            Phase::New | Phase::Waiting | Phase::Answering => Traffic::default(),
            Phase::Body | Phase::Sending => sys::traffic(&self.socket).unwrap_or_default(),
        };
        let judgement = match judge(&mark, now, traffic, limits) {
            // It has everything, and asks for nothing more.
            Judgement::Offence(Offence::SlowDownload) if self.has_taken_all() => {
                Judgement::Offence(Offence::Idle)
            }
            judgement => judgement,
        };
        if judgement == Judgement::NewWindow {
            *mark = Mark { since: now, traffic, ..*mark };
        }
        judgement
    }

    /// Whether the client has everything that was sent.
    pub fn has_taken_all(&self) -> bool {
        sys::unacknowledged(&self.socket).is_ok_and(|bytes| bytes == 0)
    }

    /// How much the connection would be missed in a crowd, the least first.
    /// None for downloads, of which there are never too many
    /// ([`Connections::may_download`]).
    fn worth(&self, now: Duration) -> Option<(Worth, Duration, u64)> {
        let mark = self.mark();
        let is_old = now.saturating_sub(mark.since) >= NEW;
        let worth = match mark.phase {
            Phase::Sending => return None,
            Phase::New | Phase::Waiting if is_old => Worth::Idle,
            Phase::Body | Phase::Answering if is_old => Worth::Slow,
            _ => Worth::New,
        };
        // The clock is coarse; the number tells which of two came first.
        Some((worth, mark.since, self.number))
    }

    /// Whether it is about to have an answer: something has come that waits to
    /// be read, or the answer is being made.
    fn is_busy(&self, worth: Worth) -> bool {
        match self.mark().phase {
            Phase::Answering => worth == Worth::New,
            _ => rustix::io::ioctl_fionread(&self.socket).is_ok_and(|bytes| bytes > 0),
        }
    }

    /// Ends the connection. False if that was done before, or the client was
    /// quicker.
    pub fn shut_down(&self) -> bool {
        let first = !self.gone.swap(true, Ordering::Relaxed);
        self.socket.shutdown(Shutdown::Both).is_ok() && first
    }

    /// Makes sure that a connection which was ended is at an end. After a
    /// shutdown an escort still reads what comes in, and from a client that
    /// sends fast enough there is always more; so the connection is reset.
    /// Linux refuses that while a thread waits on it, but such a thread was
    /// woken by the shutdown.
    pub(super) fn reset(&self) {
        let _ = rustix::net::connect_unspec(&self.socket);
    }

    /// Whether it was ended by us.
    pub fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }

    fn mark(&self) -> MutexGuard<'_, Mark> {
        self.mark.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
