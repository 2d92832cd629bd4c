//! Where connections wait without a thread.

use std::collections::HashMap;
use std::io;
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::Errno;

use super::connection::Connection;
use super::thrift::Thrift;

/// What the connections of a lot wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Awaited {
    /// Something to read, or the end.
    Input,
    /// Room for something to send.
    Room,
}

/// Connections that wait for their clients (`epoll(7)`), each until it is ready
/// and a worker takes it.
#[derive(Debug)]
pub(super) struct Lot {
    epoll: OwnedFd,
    awaited: Awaited,
    parked: Mutex<HashMap<u64, Box<Connection>>>,
    /// One end is watched, the other shut down to wake every worker.
    wake: (UnixStream, UnixStream),
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
        Ok(Self { epoll, awaited, parked: Mutex::default(), wake })
    }

    /// Lets a connection wait.
    ///
    /// # Errors
    ///
    /// When the system has no memory for it. The connection is given back.
    pub fn park(&self, connection: Box<Connection>) -> Result<(), (Box<Connection>, io::Error)> {
        // Each event is for one worker; then it is off until the next time.
        let flags = EventFlags::ONESHOT
            | match self.awaited {
                Awaited::Input => EventFlags::IN | EventFlags::RDHUP,
                Awaited::Room => EventFlags::OUT,
            };
        let tracked = Arc::clone(connection.tracked());
        let number = tracked.number();
        let data = EventData::new_u64(number);
        // Before it is watched: the event may come at once.
        self.lock().insert(number, connection);
        let watched = match epoll::modify(&self.epoll, tracked.socket(), data, flags) {
            Err(Errno::NOENT) => epoll::add(&self.epoll, tracked.socket(), data, flags),
            watched => watched,
        };
        match watched {
            Ok(()) => Ok(()),
            Err(error) => match self.lock().remove(&number) {
                Some(connection) => Err((connection, error.into())),
                None => Ok(()),
            },
        }
    }

    /// Waits for a connection that is ready. None once the lot is closed.
    pub fn next(&self, thrift: &mut Thrift) -> Option<Ready> {
        loop {
            let mut events = [Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }];
            match epoll::wait(&self.epoll, &mut events, thrift.patience()) {
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
            if let Some(connection) = self.lock().remove(&data.u64()) {
                return Some(Ready { connection, is_over: flags.intersects(over) });
            }
        }
    }

    /// Ends the waiting: [`next`](Self::next) yields nothing from now on.
    pub fn close(&self) {
        // It fails only when it was done before.
        let _ = self.wake.1.shutdown(Shutdown::Both);
    }

    /// Takes every connection that is still here.
    pub fn empty(&self) -> Vec<Connection> {
        self.lock().drain().map(|(_, connection)| *connection).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Box<Connection>>> {
        self.parked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
