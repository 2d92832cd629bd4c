//! Answers the requests of a connection: bytes → head, body → engine → handler →
//! response → bytes.

use std::io;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use super::activity::Activity;
use super::connection::{Connection, Step};
use super::context::Context;
use super::download::Part;
use super::engine::Engine;
use super::handler::{Answer, Handler};
use super::page::Pages;
use super::request_reader::WholeRequest;
use super::transfer::Transfer;
use crate::http::date::DateHeader;
use crate::http::head;
use crate::http::response::{Persistence, Refusal, Response, Status};
use crate::updater::Updater;

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
    Download(Part, Persistence),
    /// It is closed.
    Close,
}

/// Answers requests.
pub(super) struct Responder {
    context: Arc<Context>,
    engine: Engine,
    handler: Handler,
    date: DateHeader,
    buffer: Vec<u8>,
    /// No further requests on the connections that there are.
    is_stopping: bool,
}

impl Responder {
    /// # Errors
    ///
    /// When there is no HTTP engine.
    pub fn new(context: Arc<Context>, updater: Box<dyn Updater>, pages: Pages) -> io::Result<Self> {
        let handler = Handler::new(Arc::clone(&context), updater, pages);
        let (engine, date) = (Engine::new()?, DateHeader::default());
        Ok(Self { context, engine, handler, date, buffer: vec![0; RECEIVED], is_stopping: false })
    }

    /// From now on every response is the last on its connection.
    pub fn stop(&mut self) {
        self.is_stopping = true;
    }

    /// Answers what has come on a connection. What fails or panics closes that
    /// connection, and does nothing else; a panic is already logged by the panic
    /// hook.
    pub fn attend(&mut self, connection: &mut Connection, now: Duration) -> Next {
        match catch_unwind(AssertUnwindSafe(|| self.answer_all(connection, now))) {
            Ok(Ok(next)) => next,
            Ok(Err(_)) => Next::Close,
            Err(_) => {
                // It may have been left in the middle of a request. If there is
                // no other, it says so at the next one.
                if let Ok(engine) = Engine::new() {
                    self.engine = engine;
                }
                Next::Close
            }
        }
    }

    fn answer_all(&mut self, connection: &mut Connection, now: Duration) -> io::Result<Next> {
        for _ in 0..REQUESTS_AT_ONCE {
            let request = match connection.advance(&mut self.buffer, now)? {
                Step::Wait => return Ok(Next::Wait),
                Step::Again => return Ok(Next::Again),
                Step::Close => return Ok(Next::Close),
                Step::Refused(refusal) => {
                    let asked = connection.method_and_target().to_owned();
                    self.respond(connection, &refusal.into(), &asked, Persistence::Close, now);
                    continue;
                }
                Step::Request(request) => request,
            };
            let persistence = if request.head.keep_alive && !self.is_stopping {
                Persistence::KeepAlive
            } else {
                Persistence::Close
            };
            match self.answer(&request, connection.peer()) {
                Answer::Response(response) => {
                    let asked = head::method_and_target(&request.head.for_engine);
                    self.respond(connection, &response, asked, persistence, now);
                }
                Answer::Download(part) => return Ok(Next::Download(part, persistence)),
            }
        }
        Ok(Next::Again)
    }

    fn answer(&mut self, request: &WholeRequest, peer: SocketAddr) -> Answer {
        match self.engine.parse(&request.head.for_engine) {
            Ok(parsed) => {
                let answer = self.handler.answer(&parsed, &request.body, peer);
                // If the engine were left to drop the request, it would answer.
                drop(parsed.into_writer());
                answer
            }
            Err(error) => {
                self.context.trouble("the HTTP engine failed on a request", &error.to_string());
                let reason = "the server failed on this request";
                Answer::Response(Refusal::new(Status::InternalServerError, reason).into())
            }
        }
    }

    /// Sends the response to what was asked, and tells the operator if that is
    /// refused.
    pub fn respond(
        &mut self,
        connection: &mut Connection,
        response: &Response,
        asked: &str,
        persistence: Persistence,
        now: Duration,
    ) {
        if let Some(reason) = &response.refusal {
            let (address, status) = (connection.peer(), response.status.code());
            self.context.observe(&Activity::Refused { address, request: asked, status, reason });
        }
        let bytes = response.render(self.date.now(), persistence);
        connection.respond(bytes, persistence, now);
    }

    /// Begins to send a part of a package.
    pub fn begin_download(
        &mut self,
        connection: &mut Connection,
        part: Part,
        persistence: Persistence,
        now: Duration,
    ) {
        let head = part.response().render(self.date.now(), persistence);
        let transfer = Transfer::new(part, connection.peer());
        transfer.announce(&*self.context.observer);
        connection.download(head, transfer, persistence, now);
    }
}
