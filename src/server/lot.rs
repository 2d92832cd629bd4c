//! Where connections wait without a thread.

use std::collections::HashMap;
use std::io;
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::Errno;

use super::connection::Connection;
use super::guard::Tracked;
use super::thrift::Thrift;

/// How long a worker that has just served somebody looks for the next one
/// before it sleeps. To be woken takes about as long as to answer a check, most
/// of all on a virtual machine, which gives its processor away meanwhile.
///
/// Measured with 1 and with 8 clients that ask again at once: a fifth to a
/// quarter more checks than without, as many with 200 us, fewer with 25 us; and
/// with 8, nothing is left of it unless others may go first ([`Lot::next`]).
const ALERTNESS: Duration = Duration::from_micros(100);

/// What the connections of a lot wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Awaited {
    /// Something to read, or the end.
    Input,
    /// Room for something to send.
    Room,
}

impl Awaited {
    /// What `epoll(7)` is asked for.
    fn flags(self) -> EventFlags {
        match self {
            // Each arrival is told once. A connection stays watched while it
            // is served, which spares a system call for each request.
            Self::Input => EventFlags::IN | EventFlags::RDHUP | EventFlags::ET,
            // There may be room still when a sender leaves a connection.
            Self::Room => EventFlags::OUT | EventFlags::ONESHOT,
        }
    }

    fn alertness(self) -> Duration {
        match self {
            Self::Input => ALERTNESS,
            // A download is never short of bytes that are under way.
            Self::Room => Duration::ZERO,
        }
    }
}

/// Connections that wait for their clients (`epoll(7)`), each until it is ready
/// and a worker takes it.
#[derive(Debug)]
pub(super) struct Lot {
    epoll: OwnedFd,
    awaited: Awaited,
    places: Mutex<HashMap<u64, Place>>,
    /// One end is watched, the other shut down to wake every worker.
    wake: (UnixStream, UnixStream),
}

/// Where a connection that is watched is.
#[derive(Debug)]
enum Place {
    /// Here.
    Parked(Box<Connection>),
    /// With a worker that will bring it back or [release](Lot::release) it.
    Served {
        /// Whether something happened to it meanwhile.
        is_due: bool,
    },
}

/// A connection that need not wait any longer.
#[derive(Debug)]
pub(super) struct Ready {
    pub connection: Box<Connection>,
    /// Whether the client will send nothing more, or has gone altogether.
    pub is_over: bool,
}

/// What the watched end of [`Lot::wake`] is known by. Connections are counted
/// from zero.
const WAKE: u64 = u64::MAX;

impl Lot {
    pub fn new(awaited: Awaited) -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let wake = UnixStream::pair()?;
        epoll::add(&epoll, &wake.0, EventData::new_u64(WAKE), EventFlags::RDHUP)?;
        Ok(Self { epoll, awaited, places: Mutex::default(), wake })
    }

    /// Lets a connection wait.
    ///
    /// # Errors
    ///
    /// When the system has no memory for it. The connection is given back.
    pub fn park(&self, connection: Box<Connection>) -> Result<(), (Box<Connection>, io::Error)> {
        let tracked = Arc::clone(connection.tracked());
        let number = tracked.number();
        let has_unread = connection.has_unread_input();
        // Before it is watched: the event may come at once.
        let before = self.lock().insert(number, Place::Parked(connection));
        if matches!(before, Some(Place::Served { is_due: false })) && !has_unread {
            return Ok(());
        }
        let data = EventData::new_u64(number);
        // Events that have come already are told again.
        let watched = match epoll::modify(&self.epoll, tracked.socket(), data, self.awaited.flags())
        {
            Err(Errno::NOENT) => {
                epoll::add(&self.epoll, tracked.socket(), data, self.awaited.flags())
            }
            watched => watched,
        };
        match watched {
            Ok(()) => Ok(()),
            Err(error) => match self.lock().remove(&number) {
                Some(Place::Parked(connection)) => Err((connection, error.into())),
                // Somebody was quicker.
                Some(Place::Served { .. }) | None => Ok(()),
            },
        }
    }

    /// No longer watches a connection, which is served, until it is parked again.
    pub fn release(&self, tracked: &Tracked) {
        let mut places = self.lock();
        if places.remove(&tracked.number()).is_some() {
            let data = EventData::new_u64(tracked.number());
            // Errors are told whatever is asked for; in this way once at most.
            // It is watched, so this cannot fail. If it did, workers would be
            // woken for nothing.
            let _ = epoll::modify(&self.epoll, tracked.socket(), data, EventFlags::ONESHOT);
        }
    }

    /// Waits for a connection that is ready. None once the lot is closed.
    pub fn next(&self, thrift: &mut Thrift) -> Option<Ready> {
        const AT_ONCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };
        let drowsy = Instant::now() + self.awaited.alertness();
        loop {
            let is_alert = Instant::now() < drowsy;
            let patience = if is_alert { Some(&AT_ONCE) } else { thrift.patience() };
            let mut events = [Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }];
            match epoll::wait(&self.epoll, &mut events, patience) {
                Ok(0) if is_alert => {
                    // Whoever has something to do goes first.
                    thread::yield_now();
                    continue;
                }
                Ok(0) => {
                    thrift.rest();
                    continue;
                }
                Err(Errno::INTR) => continue,
                Ok(_) => thrift.work(),
                // Nothing else can happen to a descriptor of our own.
                Err(_) => return None,
            }
            let [Event { flags, data }] = events;
            if data.u64() == WAKE {
                return None;
            }
            let over = EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR;
            let is_over = flags.intersects(over);
            if let Some(connection) = self.take(data.u64(), is_over) {
                return Some(Ready { connection, is_over });
            }
        }
    }

    /// Takes a connection to which something has happened, if it is here.
    fn take(&self, number: u64, is_over: bool) -> Option<Box<Connection>> {
        let mut places = self.lock();
        let before = match places.get_mut(&number)? {
            Place::Served { is_due } => {
                *is_due = true;
                None
            }
            Place::Parked(_) => match self.awaited {
                // Its end is told again when its last request is answered.
                Awaited::Input => places.insert(number, Place::Served { is_due: is_over }),
                Awaited::Room => places.remove(&number),
            },
        };
        match before? {
            Place::Parked(connection) => Some(connection),
            Place::Served { .. } => None,
        }
    }

    /// Forgets a connection that is about to be closed.
    pub fn forget(&self, tracked: &Tracked) {
        self.lock().remove(&tracked.number());
    }

    /// Ends the waiting: [`next`](Self::next) yields nothing from now on.
    pub fn close(&self) {
        // It fails only when it was done before.
        let _ = self.wake.1.shutdown(Shutdown::Both);
    }

    /// Takes every connection that is still here.
    pub fn empty(&self) -> Vec<Connection> {
        let places = std::mem::take(&mut *self.lock());
        let parked = places.into_values().filter_map(|place| match place {
            Place::Parked(connection) => Some(*connection),
            Place::Served { .. } => None,
        });
        parked.collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Place>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::iter;
    use std::net::{Ipv4Addr, TcpListener, TcpStream};
    use std::os::fd::AsRawFd;

    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::net::sockopt::set_socket_linger;

    use crate::server::guard::Connections;
    use crate::server::slots::Slots;

    const AT_ONCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

    /// A connection and its client.
    fn connection() -> (Box<Connection>, TcpStream) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let client = TcpStream::connect(address).unwrap();
        let (socket, _) = listener.accept().unwrap();
        let tracked = Connections::default().track(socket.as_raw_fd(), address.port()).unwrap();
        let slot = Arc::new(Slots::new(1)).take(Duration::ZERO).unwrap();
        (Box::new(Connection::new(Box::new(iter::empty()), tracked, slot)), client)
    }

    fn next(lot: &Lot) -> Ready {
        lot.next(&mut Thrift::new()).unwrap()
    }

    /// How many events there are, if they are asked for so often.
    fn events(lot: &Lot, times: usize) -> usize {
        let mut events = [Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }];
        (0..times).map(|_| epoll::wait(&lot.epoll, &mut events, Some(&AT_ONCE)).unwrap()).sum()
    }

    #[test]
    fn what_happens_while_a_connection_is_served_is_told_when_it_is_back() {
        let lot = Lot::new(Awaited::Input).unwrap();
        let (parked, mut client) = connection();
        lot.park(parked).unwrap();
        client.write_all(b"a").unwrap();
        let Ready { connection, is_over } = next(&lot);
        assert!(!is_over);
        drop(client);
        poll(&mut [PollFd::new(connection.socket(), PollFlags::RDHUP)], None).unwrap();
        // Another worker sees it, and leaves it.
        assert!(lot.take(connection.tracked().number(), true).is_none());
        lot.park(connection).unwrap();
        assert!(next(&lot).is_over);
    }

    #[test]
    fn an_end_is_told_until_the_connection_is_closed() {
        let lot = Lot::new(Awaited::Input).unwrap();
        let (parked, client) = connection();
        drop(client);
        poll(&mut [PollFd::new(parked.socket(), PollFlags::RDHUP)], None).unwrap();
        lot.park(parked).unwrap();
        let Ready { connection, is_over } = next(&lot);
        assert!(is_over);
        lot.park(connection).unwrap();
        assert!(next(&lot).is_over);
    }

    #[test]
    fn a_connection_that_is_released_disturbs_once_at_most() {
        let lot = Lot::new(Awaited::Input).unwrap();
        let (parked, mut client) = connection();
        lot.park(parked).unwrap();
        client.write_all(b"a").unwrap();
        let Ready { connection, .. } = next(&lot);
        lot.release(connection.tracked());
        client.write_all(b"b").unwrap();
        assert_eq!(events(&lot, 3), 0);
        set_socket_linger(&client, Some(Duration::ZERO)).unwrap();
        drop(client);
        poll(&mut [PollFd::new(connection.socket(), PollFlags::RDHUP)], None).unwrap();
        assert!(events(&lot, 3) <= 1);
        lot.park(connection).unwrap();
        assert!(next(&lot).is_over);
    }
}
