//! What becomes of a request: routes, conditions, refusals.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;

use tiny_http::{Method, Request};

use super::context::Context;
use super::download::Part;
use super::page::{PageRequest, Pages};
use super::route::{Route, route};
use super::update::{self, UpdateRequest};
use crate::http::conditions::Conditions;
use crate::http::response::{Refusal, Response, Status};
use crate::http::target::Target;
use crate::media_type::{self, ContentTypeError};
use crate::updater::Updater;

/// Decides what is answered.
pub(super) struct Handler {
    context: Arc<Context>,
    updater: Box<dyn Updater>,
    pages: Pages,
}

/// What is answered.
#[derive(Debug)]
pub(super) enum Answer {
    Response(Response),
    Download(Part),
}

impl Handler {
    pub fn new(context: Arc<Context>, updater: Box<dyn Updater>, pages: Pages) -> Self {
        Self { context, updater, pages }
    }

    /// Answers a request with this body.
    pub fn answer(&mut self, request: &Request, body: &[u8], peer: SocketAddr) -> Answer {
        let target = Target::of(request.url());
        let response = match route(request.method(), &target.path) {
            Route::Update => self.update(request, &target, body, peer),
            Route::Package { path } => match self.package(request, path) {
                Ok(part) if *request.method() == Method::Get => return Answer::Download(part),
                Ok(part) => part.response(),
                Err(response) => response,
            },
            Route::NotAllowed(allowed) => not_allowed(allowed),
            Route::Page { path } => self.page(path, peer),
            Route::NotFound => not_found(),
            Route::NoUpdate => refuse(
                Status::NotFound,
                "there is nothing here; update checks are POSTed to /v1/update/: is SERVER= without \
                 that path?",
            ),
        };
        Answer::Response(if *request.method() == Method::Head { response.head() } else { response })
    }

    fn update(
        &mut self,
        request: &Request,
        target: &Target<'_>,
        body: &[u8],
        address: SocketAddr,
    ) -> Response {
        if let Err(error) = media_type::check(header(request, "Content-Type")) {
            return refuse(Status::UnsupportedMediaType, unsupported(error));
        }
        let here = self.context.authority.as_ref();
        match target.authority(header(request, "Host"), here) {
            Ok(server) => {
                let request = UpdateRequest { body, server: &server, address };
                update::answer(self.updater.as_mut(), &self.context, &request)
            }
            Err(reason) => refuse(Status::BadRequest, reason),
        }
    }

    fn page(&mut self, path: &str, address: SocketAddr) -> Response {
        (self.pages)(&PageRequest { path, address }).map_or_else(not_found, Response::from)
    }

    fn package(&self, request: &Request, path: &str) -> Result<Part, Response> {
        let Some(package) = self.context.packages.get(path) else {
            return Err(refuse(Status::NotFound, "there is no package of this name"));
        };
        let conditions = Conditions {
            if_match: header(request, "If-Match"),
            if_unmodified_since: header(request, "If-Unmodified-Since"),
            if_none_match: header(request, "If-None-Match"),
            if_modified_since: header(request, "If-Modified-Since"),
            if_range: header(request, "If-Range"),
        };
        // A range of a HEAD has no meaning (RFC 9110, section 14.2).
        let range = header(request, "Range").filter(|_| *request.method() == Method::Get);
        package.part(range, &conditions, &*self.context.observer)
    }
}

/// What is answered to a download for which there is no place.
pub(super) fn too_many_downloads() -> Response {
    // In seconds. `update_engine` waits 20 s whatever it is told.
    const RETRY_AFTER: &str = "20";
    refuse(Status::ServiceUnavailable, "too many downloads at once")
        .with_header("Retry-After", RETRY_AFTER)
}

fn refuse(status: Status, reason: impl Into<Cow<'static, str>>) -> Response {
    Refusal::new(status, reason).into()
}

/// Why a content type is refused. People meet that who try curl.
fn unsupported(error: ContentTypeError) -> &'static str {
    match error {
        ContentTypeError::MediaType => {
            "the content type must be text/xml or application/xml; with curl: -H 'Content-Type: \
             text/xml'"
        }
        ContentTypeError::Charset => error.as_str(),
    }
}

fn not_found() -> Response {
    refuse(Status::NotFound, "there is nothing here; update checks are POSTed to /v1/update/")
}

fn not_allowed(allowed: &'static str) -> Response {
    let verb = if allowed.contains(',') { "are" } else { "is" };
    let reason = format!("only {} {verb} allowed here", allowed.replace(", ", " and "));
    refuse(Status::MethodNotAllowed, reason).with_header("Allow", allowed)
}

fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers().get(name).map(|value| value.as_str())
}
