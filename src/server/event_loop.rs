//! The event loop of a thread: it owns its connections, waits for any of them
//! to become ready, and serves that one as far as possible without waiting.
//!
//! ```text
//! bytes → head, body → engine → handler → response → bytes
//! ```

use std::collections::VecDeque;
use std::io;
use std::net::IpAddr;
use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::activity::Activity;
use super::clock::Clock;
use super::connection::{Connection, Step, WholeRequest};
use super::connections::Connections;
use super::context::Context;
use super::download::Part;
use super::engine::Engine;
use super::handle::Inbox;
use super::handler::{self, Answer, Handler, Owner};
use super::limits::{Verdict, Violation};
use super::poller::{Poller, Token};
use super::sys;
use super::transfer::{Sent, Transfer};
use crate::http::head;
use crate::http::response::{Persistence, Refusal, Response, Status};

/// How often the limits are looked at.
const TICK: Duration = Duration::from_millis(250);

/// How long after some work memory is given back. Between two checks of a busy
/// rack is less.
const CALM: Duration = Duration::from_secs(5);

/// Bytes that are received at a time: what the kernel holds of a connection.
const RECEIVED: usize = 64 * 1024;

/// Requests of one connection, sent ahead, that are answered before others have
/// their turn.
const REQUESTS_AT_ONCE: usize = 16;

/// What is next for a connection.
#[derive(Debug)]
pub(super) enum Next {
    /// It waits for its client.
    Wait,
    /// It continues when others have had their turn.
    Again,
    /// A part of a package is to be sent on it.
    Begin(Part, Persistence),
    /// More of a download is to be sent.
    Send,
    /// Its request is for the other thread.
    OtherThread,
    /// It is closed.
    Close,
}

/// What both threads of a server have.
pub(super) struct EventLoop {
    pub context: Arc<Context>,
    pub connections: Connections,
    pub inbox: Inbox,
    clock: Clock,
    poller: Poller,
    machinery: Machinery,
    /// Connections that continue when others have had their turn.
    again: VecDeque<Token>,
    next_tick: Instant,
    /// When memory is to be given back, after there was something to do.
    trim: Option<Instant>,
    /// Whether the last turn had something to do.
    was_busy: bool,
}

/// What turns bytes into answers.
struct Machinery {
    engine: Engine,
    handler: Handler,
    buffer: Vec<u8>,
}

impl EventLoop {
    /// A loop without connections.
    pub fn new(
        context: Arc<Context>,
        owner: Option<Owner>,
        poller: Poller,
        inbox: Inbox,
    ) -> io::Result<Self> {
        let machinery = Machinery {
            engine: Engine::new()?,
            handler: Handler::new(Arc::clone(&context), owner),
            buffer: vec![0; RECEIVED],
        };
        Ok(Self {
            context,
            connections: Connections::default(),
            inbox,
            clock: Clock::new(),
            poller,
            machinery,
            again: VecDeque::new(),
            next_tick: Instant::now(),
            // What the preparations have used is not needed any more.
            trim: Some(Instant::now()),
            was_busy: false,
        })
    }

    /// Clients' time.
    pub fn now(&self) -> Duration {
        self.clock.now()
    }

    /// Watches something else than a connection.
    pub fn watch(&self, descriptor: impl AsFd, token: Token) -> io::Result<()> {
        self.poller.add(descriptor, token)
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
        self.poller.wait(timeout, |ready| {
            if let Some(connection) = connections.get_mut(ready.token) {
                connection.note_event(ready.is_end);
            }
            into.push(ready.token);
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
            self.connections.remove(token);
        }
        token
    }

    /// Gives a connection up, for the other thread.
    pub fn remove(&mut self, token: Token) -> Option<Box<Connection>> {
        let connection = self.connections.remove(token)?;
        self.poller.remove(connection.socket()).ok()?;
        Some(connection)
    }

    /// Lets a connection continue when others have had their turn.
    pub fn again(&mut self, token: Token) {
        self.again.push_back(token);
    }

    /// Goes on with a connection. What fails or panics closes that connection,
    /// and does nothing else; a panic is already logged by the panic hook.
    pub fn attend(&mut self, token: Token) -> Next {
        let Some(connection) = self.connections.get_mut(token) else { return Next::Wait };
        let (machinery, context, clock) = (&mut self.machinery, &*self.context, &mut self.clock);
        let attended =
            catch_unwind(AssertUnwindSafe(|| machinery.attend(connection, context, clock)));
        match attended {
            Ok(Ok(next)) => next,
            Ok(Err(_)) => Next::Close,
            Err(_) => {
                // It may have been left in the middle of a request. If there is
                // no other, it says so at the next one.
                if let Ok(engine) = Engine::new() {
                    self.machinery.engine = engine;
                }
                Next::Close
            }
        }
    }

    /// Begins to send a part of a package.
    pub fn begin(&mut self, token: Token, part: Part, persistence: Persistence) {
        let Some(connection) = self.connections.get_mut(token) else { return };
        let head = part.response().render(self.clock.http_date(), persistence, false);
        let transfer = Transfer::new(part, connection.peer());
        transfer.announce(&*self.context.observer);
        connection.download(head, transfer, persistence, self.clock.now());
    }

    /// Answers the present request of a connection.
    pub fn respond(&mut self, token: Token, response: &Response, persistence: Persistence) {
        let Some(connection) = self.connections.get_mut(token) else { return };
        let bytes = response.render(self.clock.http_date(), persistence, true);
        connection.respond(bytes, persistence, self.clock.now());
    }

    /// Sends more of a download.
    pub fn send_more(&mut self, token: Token, buffer: &mut [u8]) -> Next {
        let Some(connection) = self.connections.get_mut(token) else { return Next::Wait };
        let observer = &*self.context.observer;
        match catch_unwind(AssertUnwindSafe(|| connection.send_more(buffer, observer))) {
            Ok(Sent::Room | Sent::Done) => Next::Again,
            Ok(Sent::Full) => Next::Wait,
            Ok(Sent::Cut) | Err(_) => Next::Close,
        }
    }

    /// Closes a connection, and gives its address.
    pub fn close(&mut self, token: Token) -> Option<IpAddr> {
        Some(self.connections.remove(token)?.address())
    }

    /// Closes a connection that has met a limit, and tells the operator.
    pub fn expel(&mut self, token: Token, violation: Violation) -> Option<IpAddr> {
        let connection = self.connections.remove(token)?;
        // These two did nothing wrong, and may have something to read still.
        if !matches!(violation, Violation::Crowded | Violation::Idle) {
            connection.reset_on_close();
        }
        let address = connection.address();
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
            _ => self.close(token),
        };
        Some(judged.into_iter().filter_map(close).collect())
    }
}

impl Machinery {
    fn attend(
        &mut self,
        connection: &mut Connection,
        context: &Context,
        clock: &mut Clock,
    ) -> io::Result<Next> {
        let now = clock.now();
        for _ in 0..REQUESTS_AT_ONCE {
            let request = match connection.advance(&mut self.buffer, now)? {
                Step::Wait => return Ok(Next::Wait),
                Step::Again => return Ok(Next::Again),
                Step::Close => return Ok(Next::Close),
                Step::Download => return Ok(Next::Send),
                Step::Refused(refusal) => {
                    let response = Response::from(refusal);
                    let asked = connection.method_and_target();
                    context.note_refusal(&response, connection.peer(), asked);
                    let bytes = response.render(clock.http_date(), Persistence::Close, true);
                    connection.respond(bytes, Persistence::Close, now);
                    continue;
                }
                Step::Request(request) => request,
            };
            let persistence =
                if request.head.keep_alive && !context.is_stopping.load(Ordering::Relaxed) {
                    Persistence::KeepAlive
                } else {
                    Persistence::Close
                };
            let (answer, with_body) = self.answer(&request, connection, context);
            match answer {
                Answer::Response(response) => {
                    let bytes = response.render(clock.http_date(), persistence, with_body);
                    connection.respond(bytes, persistence, now);
                }
                Answer::Download(part) => return Ok(Next::Begin(part, persistence)),
                Answer::OtherThread => {
                    connection.put_back(request);
                    return Ok(Next::OtherThread);
                }
            }
        }
        Ok(Next::Again)
    }

    /// The answer to a request, and whether it is to have a body.
    fn answer(
        &mut self,
        request: &WholeRequest,
        connection: &Connection,
        context: &Context,
    ) -> (Answer, bool) {
        match self.engine.parse(&request.head.for_engine) {
            Ok(parsed) => {
                let answer = self.handler.answer(&parsed, &request.body, connection.peer());
                let with_body = handler::wants_body(&parsed);
                // If the engine were left to drop the request, it would answer.
                drop(parsed.into_writer());
                (answer, with_body)
            }
            Err(error) => {
                context.trouble("the HTTP engine failed on a request", &error.to_string());
                let reason = "the server failed on this request";
                let response = Refusal::new(Status::InternalServerError, reason).into();
                let asked = head::method_and_target(&request.head.for_engine);
                context.note_refusal(&response, connection.peer(), asked);
                (Answer::Response(response), true)
            }
        }
    }
}
