//! What becomes of a request: routes, conditions, refusals.

use std::net::SocketAddr;
use std::sync::Arc;

use tiny_http::{Method, Request};

use super::context::Context;
use super::download::{PackageRequest, Part};
use super::page::{PageRequest, Pages};
use super::route::{Route, Target, authority, route};
use super::update::{self, UpdateRequest};
use crate::http::conditions::Conditions;
use crate::http::response::{Refusal, Response, Status};
use crate::media_type::{self, ContentTypeError};
use crate::updater::Updater;

/// Decides what is answered.
pub(super) struct Handler {
    context: Arc<Context>,
    /// None in the thread that sends packages: requests for it go back to the
    /// other one, which alone asks it.
    owner: Option<Owner>,
}

/// What the owner of a server has given it to answer with.
pub(super) struct Owner {
    pub updater: Box<dyn Updater>,
    pub pages: Pages,
}

/// What is answered.
#[derive(Debug)]
pub(super) enum Answer {
    Response(Response),
    Download(Part),
    /// The other thread answers it.
    OtherThread,
}

impl Handler {
    pub fn new(context: Arc<Context>, owner: Option<Owner>) -> Self {
        Self { context, owner }
    }

    /// Answers a request with this body.
    pub fn answer(&mut self, request: &Request, body: &[u8], peer: SocketAddr) -> Answer {
        let target = Target::of(request.url());
        let answer = match route(request.method(), &target.path) {
            Route::Update => self.update(request, &target, body, peer),
            Route::Package { path, is_head } => self.package(request, path, is_head),
            Route::NotAllowed(allowed) => not_allowed(allowed),
            Route::Page { path } => self.page(path, peer),
            Route::NotFound => not_found(),
            Route::NoUpdate => refuse(
                Status::NotFound,
                "there is nothing here; update checks are POSTed to /v1/update/: is SERVER= without \
                 that path?",
            ),
        };
        if let Answer::Response(response) = &answer
            && response.refusal.is_some()
        {
            let asked = format!("{} {}", request.method(), request.url());
            self.context.note_refusal(response, peer, &asked);
        }
        answer
    }

    fn update(
        &mut self,
        request: &Request,
        target: &Target<'_>,
        body: &[u8],
        peer: SocketAddr,
    ) -> Answer {
        let Some(owner) = &mut self.owner else { return Answer::OtherThread };
        if let Err(error) = media_type::check(header(request, "Content-Type")) {
            return refuse(Status::UnsupportedMediaType, unsupported(error));
        }
        let here = self.context.authority.as_ref();
        let server = match authority(target, header(request, "Host"), here) {
            Ok(authority) => format!("http://{authority}"),
            Err(reason) => return refuse(Status::BadRequest, reason),
        };
        let request = UpdateRequest { body, server: &server, address: peer };
        Answer::Response(update::answer(owner.updater.as_mut(), &self.context, &request))
    }

    fn page(&mut self, path: &str, address: SocketAddr) -> Answer {
        let Some(owner) = &mut self.owner else { return Answer::OtherThread };
        match (owner.pages)(&PageRequest { path, address }) {
            Some(page) => Answer::Response(page.into()),
            None => not_found(),
        }
    }

    fn package(&self, request: &Request, path: &str, is_head: bool) -> Answer {
        let Some(package) = self.context.packages.get(path) else {
            return refuse(Status::NotFound, "there is no package of this name");
        };
        let conditions = Conditions {
            if_match: header(request, "If-Match"),
            if_unmodified_since: header(request, "If-Unmodified-Since"),
            if_none_match: header(request, "If-None-Match"),
            if_modified_since: header(request, "If-Modified-Since"),
            if_range: header(request, "If-Range"),
        };
        let wanted = PackageRequest { range: header(request, "Range"), conditions, is_head };
        match package.part(&wanted, &*self.context.observer) {
            Ok(part) if is_head => Answer::Response(part.response()),
            Ok(part) => Answer::Download(part),
            Err(response) => Answer::Response(response),
        }
    }
}

/// What is answered to a download for which there is no place.
pub(super) fn too_many_downloads() -> Response {
    // In seconds. `update_engine` waits 20 s whatever it is told.
    const RETRY_AFTER: &str = "20";
    let refusal = Refusal::new(Status::ServiceUnavailable, "too many downloads at once");
    Response::from(refusal).with_header("Retry-After", RETRY_AFTER)
}

fn refuse(status: Status, reason: &'static str) -> Answer {
    Answer::Response(Refusal::new(status, reason).into())
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

fn not_found() -> Answer {
    refuse(Status::NotFound, "there is nothing here; update checks are POSTed to /v1/update/")
}

fn not_allowed(allowed: &'static str) -> Answer {
    let verb = if allowed.contains(',') { "are" } else { "is" };
    let reason = format!("only {} {verb} allowed here", allowed.replace(", ", " and "));
    let refusal = Refusal::new(Status::MethodNotAllowed, reason);
    Answer::Response(Response::from(refusal).with_header("Allow", allowed))
}

/// Whether the response to this request has a body.
pub(super) fn wants_body(request: &Request) -> bool {
    *request.method() != Method::Head
}

fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers().get(name).map(|value| value.as_str())
}
