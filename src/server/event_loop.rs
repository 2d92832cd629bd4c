//! The event loop of a thread: it owns its connections, and waits for any of
//! them to become ready.

use std::collections::VecDeque;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::activity::{Activity, CutCause};
use super::clock::Clock;
use super::connection::Connection;
use super::connections::Connections;
use super::context::Context;
use super::limits::{Verdict, Violation};
use super::poller::{Poller, Token};
use super::sys;

/// How often the limits are looked at.
const TICK: Duration = Duration::from_millis(250);

/// How long after some work memory is given back. Between two checks of a busy
/// rack is less.
const CALM: Duration = Duration::from_secs(5);

/// What both threads of a server have.
pub(super) struct EventLoop {
    pub context: Arc<Context>,
    pub connections: Connections,
    pub clock: Clock,
    poller: Poller,
    /// Connections that continue when others have had their turn.
    again: VecDeque<Token>,
    next_tick: Instant,
    /// When memory is to be given back, after there was something to do.
    trim: Option<Instant>,
    /// Whether the last turn had something to do.
    was_busy: bool,
}

impl EventLoop {
    /// A loop without connections.
    pub fn new(context: Arc<Context>, poller: Poller) -> Self {
        Self {
            context,
            connections: Connections::default(),
            clock: Clock::new(),
            poller,
            again: VecDeque::new(),
            next_tick: Instant::now(),
            // What the preparations have used is not needed any more.
            trim: Some(Instant::now()),
            was_busy: false,
        }
    }

    /// Clients' time.
    pub fn now(&self) -> Duration {
        self.clock.now()
    }

    /// Waits until there is something to do, or until then. What is ready, and
    /// who goes on, is put `into` the list.
    pub fn wait(&mut self, until: Option<Instant>, into: &mut Vec<Token>) -> io::Result<()> {
        let tick = (!self.connections.is_empty()).then_some(self.next_tick);
        let until = [until, tick, self.trim].into_iter().flatten().min();
        // Just after some work there is usually more, and to be woken takes
        // longer than to look.
        let timeout = if self.was_busy || !self.again.is_empty() {
            Some(Duration::ZERO)
        } else {
            until.map(|until| until.saturating_duration_since(Instant::now()))
        };
        let connections = &mut self.connections;
        self.poller.wait(timeout, |token, is_end| {
            if let Some(connection) = connections.get_mut(token) {
                connection.note_event(is_end);
            }
            into.push(token);
        })?;
        self.was_busy = !into.is_empty();
        into.extend(self.again.drain(..));
        self.clock.advance();
        self.trim_memory();
        Ok(())
    }

    fn trim_memory(&mut self) {
        if self.was_busy && self.trim.is_none() {
            self.trim = Some(Instant::now() + CALM);
        }
        if self.trim.is_some_and(|trim| Instant::now() >= trim) {
            self.trim = None;
            sys::give_back_memory();
        }
    }

    /// Takes a connection, new or from the other thread.
    pub fn insert(&mut self, mut connection: Box<Connection>) -> Token {
        connection.arrive(self.clock.now());
        let token = self.connections.insert(connection);
        let Some(connection) = self.connections.get_mut(token) else { return token };
        if let Err(error) = self.poller.add(connection.socket(), token) {
            let what = "a connection cannot be watched, and was closed";
            self.context.trouble(what, &error.to_string());
            self.close(token, &CutCause::Client(error));
        }
        token
    }

    /// Gives a connection up, for the other thread.
    pub fn remove(&mut self, token: Token) -> Option<Box<Connection>> {
        let connection = self.connections.remove(token)?;
        // It can be watched by another poller all the same.
        let _ = self.poller.remove(connection.socket());
        Some(connection)
    }

    /// Lets a connection continue when others have had their turn.
    pub fn again(&mut self, token: Token) {
        self.again.push_back(token);
    }

    /// Closes a connection, whose download is cut if there is one, and gives its
    /// address.
    pub fn close(&mut self, token: Token, cause: &CutCause) -> Option<IpAddr> {
        let mut connection = self.connections.remove(token)?;
        connection.cut_download(cause, &*self.context.observer);
        Some(connection.address())
    }

    /// Closes a connection that has met a limit, and tells the operator.
    pub fn expel(&mut self, token: Token, violation: Violation) -> Option<IpAddr> {
        // These two did nothing wrong, and may have something to read still.
        if !matches!(violation, Violation::Crowded | Violation::Idle) {
            self.connections.get_mut(token)?.reset_on_close();
        }
        let address = self.close(token, &CutCause::Slow)?;
        self.context.observe(&Activity::Expelled { address, violation });
        Some(address)
    }

    /// Looks at the limits, if it is time to, and closes what has met one. The
    /// addresses whose connections this ends; None if it is not time.
    pub fn tick(&mut self) -> Option<Vec<IpAddr>> {
        let now = Instant::now();
        if now < self.next_tick {
            return None;
        }
        self.next_tick = now + TICK;
        let (clock, limits) = (self.clock.now(), self.context.limits);
        let judged: Vec<_> = self
            .connections
            .iter_mut()
            .map(|(token, connection)| (token, connection.judge(clock, &limits)))
            .filter(|(_, verdict)| !matches!(verdict, Verdict::Fine | Verdict::NewWindow))
            .collect();
        let close = |(token, verdict)| match verdict {
            Verdict::Violates(violation) => self.expel(token, violation),
            _ => self.close(token, &CutCause::Slow),
        };
        Some(judged.into_iter().filter_map(close).collect())
    }
}
