//! Waiting for many descriptors at once (`epoll(7)`).

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::event::{EventfdFlags, Timespec, eventfd};
use rustix::io::Errno;

/// Most events that are taken at once.
const BATCH: usize = 256;

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Token(u64);

impl Token {
    /// A connection is pending.
    pub const LISTENER: Self = Self(u64::MAX);
    /// Another thread has sent a message.
    pub const WAKE: Self = Self(u64::MAX - 1);

    /// A connection, by its number.
    pub fn connection(number: u64) -> Self {
        Self(number)
    }
}

/// Reports when descriptors are ready. Each change is reported once (`EPOLLET`).
#[derive(Debug)]
pub(super) struct Poller {
    epoll: OwnedFd,
    wake: Arc<OwnedFd>,
}

impl Poller {
    pub fn new() -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let poller = Self { epoll, wake: Arc::new(wake) };
        poller.add(&*poller.wake, Token::WAKE)?;
        Ok(poller)
    }

    /// What wakes this poller from another thread.
    pub fn waker(&self) -> Waker {
        Waker(Arc::clone(&self.wake))
    }

    /// Watches a descriptor. One that is ready already is reported too.
    pub fn add(&self, descriptor: impl AsFd, token: Token) -> io::Result<()> {
        let flags = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
        Ok(epoll::add(&self.epoll, descriptor, EventData::new_u64(token.0), flags)?)
    }

    /// Watches it no longer. A descriptor that is closed need not be removed.
    pub fn remove(&self, descriptor: impl AsFd) -> io::Result<()> {
        Ok(epoll::delete(&self.epoll, descriptor)?)
    }

    /// Waits for an event, for this long or without a limit. Tells what is ready,
    /// and whether its other end sends nothing more, or has gone altogether.
    pub fn wait(
        &self,
        timeout: Option<Duration>,
        mut tell: impl FnMut(Token, bool),
    ) -> io::Result<()> {
        let timeout = timeout.map(|timeout| Timespec {
            tv_sec: timeout.as_secs().try_into().unwrap_or(i64::MAX),
            tv_nsec: timeout.subsec_nanos().into(),
        });
        let mut room = [const { MaybeUninit::<Event>::uninit() }; BATCH];
        let events = match epoll::wait(&self.epoll, &mut room, timeout.as_ref()) {
            Ok((events, _)) => events,
            Err(Errno::INTR) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let end = EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR;
        for Event { flags, data } in events.iter().copied() {
            tell(Token(data.u64()), flags.intersects(end));
        }
        Ok(())
    }
}

/// Wakes a [`Poller`] from another thread.
#[derive(Clone, Debug)]
pub(super) struct Waker(Arc<OwnedFd>);

impl Waker {
    pub fn wake(&self) {
        // Edge-triggered: each write wakes the poller, although the counter is never
        // read. It would be full only after 2^64 calls.
        let _ = rustix::io::write(&*self.0, &1_u64.to_ne_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::unix::net::UnixStream;

    #[test]
    fn each_change_is_told_once() {
        let poller = Poller::new().unwrap();
        // Messages could be sent.
        poller.wait(None, |_, _| {}).unwrap();
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        let token = Token::connection(1);
        poller.add(&theirs, token).unwrap();
        let waker = poller.waker();
        let said = |expected: &[(Token, bool)]| {
            let mut ready = Vec::new();
            let tell = |token, is_end| ready.push((token, is_end));
            poller.wait(Some(Duration::ZERO), tell).unwrap();
            assert_eq!(ready, expected);
        };
        // It can be written to.
        said(&[(token, false)]);
        said(&[]);
        ours.write_all(b"a").unwrap();
        said(&[(token, false)]);
        said(&[]);
        for _ in 0..2 {
            waker.wake();
            said(&[(Token::WAKE, false)]);
            said(&[]);
        }
        drop(ours);
        said(&[(token, true)]);
        said(&[]);
    }
}
