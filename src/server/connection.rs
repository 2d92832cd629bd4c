//! One connection: reads its requests, one at a time, and writes the answers.
//!
//! Each connection has a thread of its own, and everything that may wait for
//! the client happens on it: reading a body, writing an answer, disposing of a
//! body that nobody wants. Update requests are answered elsewhere, by the loop
//! ([`Server::run`](super::Server::run)), which is handed the whole body and
//! hands back the whole answer, and so never touches a socket. The next request
//! is read only when the answer to the last one is written, so requests that a
//! client sends ahead wait in the socket.

use std::fmt::Display;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, SyncSender, sync_channel};

use tiny_http::{HTTPVersion, Request};

use super::activity::Activity;
use super::body::{self, Body};
use super::condition::Conditions;
use super::download::{Answer, Receiver, Wish};
use super::gate::{self, Arrival};
use super::guard::{Offence, Phase, Tracked};
use super::omaha::Question;
use super::reply::{Persistence, Reply, Status};
use super::route::{Route, Target, authority, route};
use super::shared::{Job, Message, Shared};
use crate::media_type;

/// Seconds after which a client may try again that came when there were too
/// many downloads. `update_engine` waits 20 s whatever it is told.
const RETRY_AFTER: &str = "20";

/// Bytes that are thrown away so that a client can take its answer. One that
/// sends more is not reading.
const MAX_LINGER: u64 = 8 * 1024 * 1024;

/// Serves a connection until either side has enough of it.
pub(super) fn serve<E: Display>(
    mut requests: impl Iterator<Item = Result<Request, E>>,
    tracked: &Tracked,
    shared: &Shared,
) {
    let (answer, answers) = sync_channel(1);
    let mut connection =
        Connection { shared, tracked, answer, answers, received: 0, read: 0, is_ahead: false };
    // A panic is reported by the hook; here it only ends the connection.
    let _ = catch_unwind(AssertUnwindSafe(|| connection.exchange(&mut requests)));
    let _descriptors = shared.connections.hold_descriptors();
    drop(requests);
    shared.connections.forget(tracked);
}

struct Connection<'a> {
    shared: &'a Shared,
    tracked: &'a Tracked,
    answer: SyncSender<Reply>,
    answers: mpsc::Receiver<Reply>,
    /// Bytes that the connection had received when that was last looked at.
    received: u64,
    /// Bytes of the requests that were read.
    read: u64,
    /// Whether the client sent something before it had its answer, or may have.
    is_ahead: bool,
}

impl Connection<'_> {
    /// Takes requests and answers them, one after another.
    fn exchange<E: Display>(
        &mut self,
        requests: &mut impl Iterator<Item = Result<Request, E>>,
    ) -> io::Result<()> {
        while self.pass_gate()? {
            let persistence = match requests.next() {
                Some(Ok(request)) => {
                    let _under_way = self.shared.under_way.count();
                    self.handle(request)?
                }
                Some(Err(error)) => {
                    self.note_unreadable(&error.to_string());
                    Persistence::Close
                }
                None => Persistence::Close,
            };
            if persistence == Persistence::Close {
                if self.is_ahead {
                    self.linger()?;
                }
                break;
            }
        }
        Ok(())
    }

    /// Lets the client take its answer, and throws away what it sends in the
    /// meantime. If the connection were closed with something unread in it, or
    /// still coming, it would be reset, and what was not yet sent of the answer
    /// would be lost (RFC 9112, section 9.6). The guard ends it in time.
    fn linger(&self) -> io::Result<()> {
        self.enter(Phase::Answering);
        let socket = self.tracked.socket();
        socket.shutdown(Shutdown::Write)?;
        io::copy(&mut socket.take(MAX_LINGER), &mut io::sink())?;
        Ok(())
    }

    fn enter(&self, phase: Phase) {
        let received = self.received;
        self.tracked.enter(phase, self.shared.connections.now(), received);
    }

    /// Waits for the head of the next request. False if there will be none.
    fn pass_gate(&mut self) -> io::Result<bool> {
        if self.read > 0 {
            self.enter(Phase::Waiting);
        }
        let socket = self.tracked.socket();
        let (connections, timeout) = (&self.shared.connections, self.shared.limits.idle_timeout);
        let since = connections.now();
        let left = || timeout.saturating_sub(connections.now().saturating_sub(since));
        match gate::wait_for_head(socket, left)? {
            Arrival::Head(length) => {
                self.read += length as u64;
                self.enter(Phase::Body);
                Ok(true)
            }
            Arrival::Refused(reply) => {
                self.enter(Phase::Answering);
                self.note(&reply, "");
                let mut socket = socket;
                socket.write_all(&reply.render(Persistence::Close, false)?)?;
                // What was not read would make the close a reset, and the
                // client might lose the answer.
                socket.shutdown(Shutdown::Write)?;
                gate::discard(socket)?;
                Ok(false)
            }
            Arrival::Late => {
                let (address, offence) = (self.tracked.address(), Offence::Idle);
                self.shared.observer.observe(&Activity::Expelled { address, offence });
                Ok(false)
            }
            Arrival::Gone => Ok(false),
        }
    }

    fn handle(&mut self, mut request: Request) -> io::Result<Persistence> {
        let body = match body::read(&mut request, &self.shared.body_budget) {
            Body::Whole { bytes, length } => {
                self.look_ahead(length);
                bytes
            }
            Body::Refused(reply) => {
                self.is_ahead = true;
                return self.answer_unread(request, &reply);
            }
            Body::Short if !self.tracked.is_gone() => {
                let reason = "the body is shorter than its Content-Length";
                let reply = Reply::refusal(Status::BadRequest, reason);
                return self.answer_unread(request, &reply);
            }
            Body::Short | Body::Cut => return Ok(Persistence::Close),
        };
        self.enter(Phase::Answering);
        let address = self.tracked.peer();
        let url = request.url().to_owned();
        let target = Target::of(&url);
        let reply = match route(request.method(), target.path) {
            Route::Update => self.update(&request, &target, body, address),
            Route::Package { name, head } => return self.package(request, name, head, address),
            Route::NotAllowed(allowed) => {
                let reason = format!("only {allowed} is allowed here");
                Reply::refusal(Status::MethodNotAllowed, reason).with_header("Allow", allowed)
            }
            Route::NotFound => Reply::refusal(Status::NotFound, "there is nothing here"),
        };
        self.note_refusal(&request, &reply);
        self.write(request, &reply)
    }

    /// Finds out whether the engine has read more than this request.
    fn look_ahead(&mut self, body: Option<usize>) {
        let Some(body) = body else {
            self.is_ahead = true;
            return;
        };
        self.read += body as u64;
        match self.tracked.received_and_ahead(self.read) {
            Ok((received, is_ahead)) => (self.received, self.is_ahead) = (received, is_ahead),
            Err(_) => self.is_ahead = true,
        }
    }

    /// Has the loop answer an update request.
    fn update(
        &self,
        request: &Request,
        target: &Target<'_>,
        body: Vec<u8>,
        address: SocketAddr,
    ) -> Reply {
        if let Err(reason) = media_type::check(header(request, "Content-Type")) {
            return Reply::refusal(Status::UnsupportedMediaType, reason);
        }
        let host = header(request, "Host");
        let server = match authority(target, host, self.shared.authority.as_ref()) {
            Ok(authority) => format!("http://{authority}"),
            Err(reason) => return Reply::refusal(Status::BadRequest, reason),
        };
        let question = Question { body, server, address };
        let job = Job { question, answer: self.answer.clone() };
        let asked = self.shared.messages.send(Message::Job(job));
        match asked.ok().and_then(|()| self.answers.recv().ok()) {
            Some(reply) => reply,
            None => Reply::refusal(Status::ServiceUnavailable, "the server is stopping"),
        }
    }

    fn package(
        &self,
        request: Request,
        name: &str,
        head: bool,
        address: SocketAddr,
    ) -> io::Result<Persistence> {
        let Some(package) = self.shared.package(name) else {
            let reply = Reply::refusal(Status::NotFound, "there is no package of this name");
            self.note_refusal(&request, &reply);
            return self.write(request, &reply);
        };
        let conditions = Conditions {
            if_match: header(&request, "If-Match"),
            if_unmodified_since: header(&request, "If-Unmodified-Since"),
            if_none_match: header(&request, "If-None-Match"),
            if_modified_since: header(&request, "If-Modified-Since"),
            if_range: header(&request, "If-Range"),
        };
        let wish = Wish { range: header(&request, "Range"), conditions, head };
        let observer = &*self.shared.observer;
        if !head && !self.shared.connections.may_download(address.ip(), &self.shared.limits) {
            let reply = Reply::refusal(Status::ServiceUnavailable, "too many downloads at once")
                .with_header("Retry-After", RETRY_AFTER);
            self.note_refusal(&request, &reply);
            return self.write(request, &reply);
        }
        match package.answer(&wish, observer) {
            Answer::Short(reply) => {
                self.note_refusal(&request, &reply);
                self.write(request, &reply)
            }
            Answer::Content { status, range } => {
                let persistence = self.persistence(&request);
                let mut sink = request.into_writer();
                self.enter(Phase::Sending);
                // A short body need not wait until the head is acknowledged.
                self.tracked.socket().set_nodelay(true)?;
                package.write_head(&mut sink, status, &range, persistence)?;
                sink.flush()?;
                if !head {
                    let (socket, buffers) = (self.tracked.socket(), &self.shared.buffers);
                    let to = Receiver { socket, buffers, address };
                    if package.send(to, range, observer).is_err() {
                        return Ok(Persistence::Close);
                    }
                }
                Ok(persistence)
            }
        }
    }

    /// Writes an answer whose request was read to its end.
    fn write(&self, request: Request, reply: &Reply) -> io::Result<Persistence> {
        let persistence = self.persistence(&request);
        let head = *request.method() == tiny_http::Method::Head;
        let mut sink = request.into_writer();
        sink.write_all(&reply.render(persistence, head)?)?;
        sink.flush()?;
        Ok(persistence)
    }

    /// Writes an answer whose request has a body that nobody wants. The engine
    /// reads what is left of it, here, after the answer; then the connection
    /// is closed.
    fn answer_unread(&self, request: Request, reply: &Reply) -> io::Result<Persistence> {
        self.note_refusal(&request, reply);
        let content_type = tiny_http::Header::from_str("Content-Type", reply.content_type);
        let response = tiny_http::Response::new(
            reply.status.code().into(),
            content_type.ok().into_iter().collect::<Vec<_>>().into(),
            &reply.body[..],
            Some(reply.body.len()),
            None,
        );
        request.respond(response)?;
        Ok(Persistence::Close)
    }

    /// As the client wishes (RFC 9112, section 9.3), until the server stops.
    /// What a client sent ahead is behind the gate; it must ask again.
    fn persistence(&self, request: &Request) -> Persistence {
        let wish = header(request, "Connection").unwrap_or_default().to_ascii_lowercase();
        let keeps = if *request.http_version() > HTTPVersion(1, 0) {
            !wish.contains("close")
        } else {
            wish.contains("keep-alive")
        };
        if keeps && !self.is_ahead && !self.shared.stopping.load(Ordering::Relaxed) {
            Persistence::KeepAlive
        } else {
            Persistence::Close
        }
    }

    fn note_refusal(&self, request: &Request, reply: &Reply) {
        self.note(reply, &format!("{} {}", request.method(), request.url()));
    }

    fn note(&self, reply: &Reply, request: &str) {
        if let Some(reason) = &reply.refusal {
            let (address, status) = (self.tracked.peer(), reply.status.code());
            self.shared.observer.observe(&Activity::Refused { address, request, status, reason });
        }
    }

    /// The engine answers what it cannot read by itself. That a client hangs
    /// up arrives here as well, and is nothing to tell.
    fn note_unreadable(&self, error: &str) {
        if !error.starts_with("[ReadIoError]") {
            self.shared.observer.observe(&Activity::Refused {
                address: self.tracked.peer(),
                request: "",
                status: Status::BadRequest.code(),
                reason: error,
            });
        }
    }
}

fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers().get(name).map(|value| value.as_str())
}
