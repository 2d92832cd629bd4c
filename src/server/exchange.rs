//! One request of a connection, and what becomes of it.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tiny_http::{HTTPVersion, Request};

use super::activity::Activity;
use super::body::{self, Body};
use super::condition::Conditions;
use super::connection::{Connection, Next};
use super::download::{Answer, Part, Published, Wish};
use super::guard::Phase;
use super::omaha::{self, Question};
use super::reply::{Persistence, Reply, Status};
use super::route::{Route, Target, authority, route};
use super::shared::Shared;
use super::transfer::Transfer;
use crate::media_type;
use crate::updater::Reason;

/// Seconds after which a client may try again that came when there were too
/// many downloads. `update_engine` waits 20 s whatever it is told.
const RETRY_AFTER: &str = "20";

impl Connection {
    /// Takes a request, whose head has so many bytes, from the engine and
    /// answers it. Waits for what has not come of it.
    pub(super) fn exchange(&mut self, head: usize, shared: &Shared) -> io::Result<Next> {
        self.begin(head);
        match self.requests.next() {
            Some(Ok(request)) => {
                self.under_way = Some(shared.under_way.count());
                self.handle(request, shared)
            }
            // The engine has answered.
            Some(Err(error)) => {
                self.note_unreadable(&error, shared);
                Ok(self.after_refusal())
            }
            None => Ok(self.after(Persistence::Close, shared)),
        }
    }

    fn handle(&mut self, mut request: Request, shared: &Shared) -> io::Result<Next> {
        let body = match body::read(&mut request, &shared.body_budget) {
            Body::Whole { bytes, length } => {
                self.look_ahead(length);
                bytes
            }
            Body::Refused(reply) => {
                self.is_ahead = true;
                return self.answer_unread(request, &reply, shared);
            }
            Body::Short if !self.tracked().is_gone() => {
                let reason = "the body is shorter than its Content-Length";
                let reply = Reply::refusal(Status::BadRequest, reason);
                return self.answer_unread(request, &reply, shared);
            }
            Body::Short | Body::Cut => return Ok(Next::Close),
        };
        self.enter(Phase::Answering, shared);
        let target = Target::of(request.url());
        let reply = match route(request.method(), target.path) {
            Route::Update => self.update(&request, &target, body, shared),
            Route::Package { name, head } => match self.package(&request, name, head, shared) {
                Ok((package, part)) => {
                    let persistence = self.persistence(&request, shared);
                    let bytes = package.head(&part, persistence)?;
                    drop(request.into_writer());
                    if head {
                        return self.deliver(&bytes, persistence, shared);
                    }
                    let address = self.tracked().peer();
                    let transfer = Transfer::new(package, part.range, bytes, persistence, address);
                    return Ok(self.transfer(transfer, shared));
                }
                Err(reply) => reply,
            },
            Route::NotAllowed(allowed) => {
                let reason = format!("only {allowed} is allowed here");
                Reply::refusal(Status::MethodNotAllowed, reason).with_header("Allow", allowed)
            }
            Route::NotFound => Reply::refusal(Status::NotFound, "there is nothing here"),
        };
        self.note_refusal(&request, &reply, shared);
        let persistence = self.persistence(&request, shared);
        let head = *request.method() == tiny_http::Method::Head;
        // The engine lets the next request answer when this one's writer is gone.
        drop(request.into_writer());
        self.deliver(&reply.render(persistence, head)?, persistence, shared)
    }

    /// Answers an update request, and survives an
    /// [`Updater`](crate::Updater) that panics.
    fn update(
        &self,
        request: &Request,
        target: &Target<'_>,
        body: Vec<u8>,
        shared: &Shared,
    ) -> Reply {
        if let Err(reason) = media_type::check(header(request, "Content-Type")) {
            return Reply::refusal(Status::UnsupportedMediaType, reason);
        }
        let host = header(request, "Host");
        let server = match authority(target, host, shared.authority.as_ref()) {
            Ok(authority) => format!("http://{authority}"),
            Err(reason) => return Reply::refusal(Status::BadRequest, reason),
        };
        let question = Question { body, server, address: self.tracked().peer() };
        let observer = |activity: &Activity<'_>| {
            shared.observer.observe(activity);
            if let Activity::Checked { reason: Reason::PackageChanged, .. } = activity {
                for package in &shared.packages {
                    package.is_intact(&*shared.observer);
                }
            }
        };
        let answer = || omaha::answer(&shared.updater, &observer, &question);
        catch_unwind(AssertUnwindSafe(answer)).unwrap_or_else(|_| {
            Reply::refusal(Status::InternalServerError, "the server failed on this request")
        })
    }

    /// The part of a package that a request asks for, or what is answered instead.
    fn package(
        &self,
        request: &Request,
        name: &str,
        head: bool,
        shared: &Shared,
    ) -> Result<(Arc<Published>, Part), Reply> {
        let Some(package) = shared.package(name) else {
            return Err(Reply::refusal(Status::NotFound, "there is no package of this name"));
        };
        let conditions = Conditions {
            if_match: header(request, "If-Match"),
            if_unmodified_since: header(request, "If-Unmodified-Since"),
            if_none_match: header(request, "If-None-Match"),
            if_modified_since: header(request, "If-Modified-Since"),
            if_range: header(request, "If-Range"),
        };
        let wish = Wish { range: header(request, "Range"), conditions, head };
        let address = self.tracked().peer();
        if !head && !shared.connections.may_download(address.ip(), &shared.limits) {
            let reason = "too many downloads at once";
            return Err(Reply::refusal(Status::ServiceUnavailable, reason)
                .with_header("Retry-After", RETRY_AFTER));
        }
        match package.answer(&wish, &*shared.observer) {
            Answer::Short(reply) => Err(reply),
            Answer::Content(part) => Ok((Arc::clone(package), part)),
        }
    }

    /// Writes an answer whose request has a body that nobody wants. The engine
    /// reads what is left of it, here, after the answer; then the connection
    /// is closed.
    fn answer_unread(
        &mut self,
        request: Request,
        reply: &Reply,
        shared: &Shared,
    ) -> io::Result<Next> {
        self.note_refusal(&request, reply, shared);
        let content_type = tiny_http::Header::from_str("Content-Type", reply.content_type);
        let response = tiny_http::Response::new(
            reply.status.code().into(),
            content_type.ok().into_iter().collect::<Vec<_>>().into(),
            &reply.body[..],
            Some(reply.body.len()),
            None,
        );
        request.respond(response)?;
        Ok(self.after(Persistence::Close, shared))
    }

    /// As the client wishes (RFC 9112, section 9.3), until the server stops.
    /// What a client sent ahead is behind the gate; it must ask again.
    fn persistence(&self, request: &Request, shared: &Shared) -> Persistence {
        let wish = header(request, "Connection").unwrap_or_default().to_ascii_lowercase();
        let keeps = if *request.http_version() > HTTPVersion(1, 0) {
            !wish.contains("close")
        } else {
            wish.contains("keep-alive")
        };
        // After an upgrade, which there is none to, the engine reads no more.
        let keeps = keeps && !wish.contains("upgrade");
        if keeps && !self.is_ahead && !shared.stopping.load(Ordering::Relaxed) {
            Persistence::KeepAlive
        } else {
            Persistence::Close
        }
    }

    fn note_refusal(&self, request: &Request, reply: &Reply, shared: &Shared) {
        if reply.refusal.is_some() {
            let asked = format!("{} {}", request.method(), request.url());
            shared.note(reply, self.tracked().peer(), &asked);
        }
    }

    /// The engine answers what it cannot read by itself. That a client hangs
    /// up arrives here as well, and is nothing to tell.
    fn note_unreadable(&self, error: &str, shared: &Shared) {
        if !error.starts_with("[ReadIoError]") {
            shared.observer.observe(&Activity::Refused {
                address: self.tracked().peer(),
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
