//! `POST /v1/update`: bytes → request → decisions → response → bytes.

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::activity::{Activity, Machine};
use super::context::Context;
use crate::authority::Authority;
use crate::http::response::{Refusal, Response, Status};
use crate::protocol::request::App;
use crate::protocol::{Request, unreadable};
use crate::updater::{OmahaHandler, Outcome, Reason, Update, Updater};

/// The body of an update request, and what its answer depends on besides.
#[derive(Clone, Copy, Debug)]
pub(super) struct UpdateRequest<'a> {
    pub body: &'a [u8],
    /// This server as the client knows it.
    pub server: &'a Authority,
    pub address: SocketAddr,
}

/// Answers one update request, and survives an [`Updater`] that panics.
pub(super) fn answer(
    updater: &mut dyn Updater,
    context: &Context,
    update_request: &UpdateRequest<'_>,
) -> Response {
    let request = match Request::read(update_request.body) {
        Ok(request) => request,
        Err(error) => {
            let reason = unreadable::explain(update_request.body, &error);
            return Refusal::new(Status::BadRequest, reason).into();
        }
    };
    let mut observer = |app: &App, outcome: &Outcome<'_>| {
        observe(context, update_request, app, outcome);
    };
    let server = format!("http://{}", update_request.server);
    let answer = || {
        updater.begin(&request, update_request.address);
        OmahaHandler::new(updater, &server).with_observer(&mut observer).answer(&request)
    };
    // Already logged by the panic hook.
    let Ok(response) = catch_unwind(AssertUnwindSafe(answer)) else {
        let reason = "the server failed on this request";
        return Refusal::new(Status::InternalServerError, reason).into();
    };
    let status = match OmahaHandler::http_status(&response) {
        200 => Status::Ok,
        500 => Status::InternalServerError,
        _ => Status::BadRequest,
    };
    let answer = Response::xml(status, response.to_xml());
    if request.apps.is_empty() {
        return answer.refusing("the request has no application");
    }
    answer
}

/// Tells the server's observer what became of a part of the request.
fn observe(
    context: &Context,
    update_request: &UpdateRequest<'_>,
    app: &App,
    outcome: &Outcome<'_>,
) {
    let machine = Machine::new(app, update_request.address);
    context.observe(&match *outcome {
        Outcome::AppRefused { status, error } => Activity::AppRefused { machine, status, error },
        Outcome::Checked { update, reason } => {
            Activity::Checked { machine, offered: update.map(|update| &update.version), reason }
        }
        Outcome::CheckFailed { status, error } => Activity::CheckFailed { machine, status, error },
        Outcome::Pinged => Activity::Pinged { machine },
        Outcome::Reported(event) => {
            Activity::Reported { machine, event, with_check: app.update_check.is_some() }
        }
    });
    match outcome {
        Outcome::Checked { update: Some(update), .. } => {
            warn_of_link_local(context, update_request.server, update);
        }
        Outcome::Checked { reason: Reason::PackageChanged, .. } => {
            for package in context.packages.packages().all() {
                package.is_intact(&*context.observer);
            }
        }
        _ => {}
    }
}

/// Clients leave the zone of an address out of `Host`, and without it the
/// address of the packages leads nowhere.
fn warn_of_link_local(context: &Context, server: &Authority, update: &Update) {
    if server.lacks_zone() && update.codebase.is_path() {
        let what = format!("machines cannot fetch packages from http://{server}");
        let error = "a link-local address leads nowhere without a zone, which no client sends; \
                     let machines use another address, or name one as codebase (--package-url)";
        context.trouble(&what, error);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    use crate::protocol;
    use crate::server::{Limits, PackagesHandle};
    use crate::updater::{Decision, UpdaterError};

    /// Panics for an application called `panic`.
    struct Moody;

    impl Updater for Moody {
        fn check_update(&mut self, _: &Request, app: &App) -> Result<Decision, UpdaterError> {
            assert_ne!(app.id, "panic");
            Ok(Decision::none(Reason::UpToDate))
        }
    }

    fn context() -> Context {
        Context {
            packages: PackagesHandle::default(),
            observer: Arc::new(|_: &Activity<'_>| {}),
            authority: None,
            limits: Limits::default(),
            downloads_alive: AtomicBool::new(true),
        }
    }

    fn answer_to(document: &str) -> Response {
        let context = context();
        let request = UpdateRequest {
            body: document.as_bytes(),
            server: &"localhost:8000".parse().unwrap(),
            address: SocketAddr::from(([127, 0, 0, 1], 1)),
        };
        answer(&mut Moody, &context, &request)
    }

    fn ask(ids: &[&str]) -> Response {
        let mut request = Request::new();
        for id in ids {
            request.add_app(*id, "1.0.0").add_update_check();
        }
        answer_to(&request.to_xml())
    }

    #[test]
    fn answers() {
        let reply = ask(&["fine"]);
        assert_eq!(reply.status, Status::Ok);
        let response = protocol::Response::read(reply.body()).unwrap();
        assert!(response.apps[0].update_check.is_some());
        assert_eq!(ask(&[]).status, Status::BadRequest);
    }

    #[test]
    fn an_updater_that_panics_is_survived() {
        assert_eq!(ask(&["panic"]).status, Status::InternalServerError);
    }

    /// Offers an update to everybody.
    struct Generous;

    impl Updater for Generous {
        fn check_update(&mut self, _: &Request, _: &App) -> Result<Decision, UpdaterError> {
            let codebase = crate::Codebase::default();
            let packages = [] as [protocol::response::Package; 0];
            let update = Update::from_packages("2.0.0".parse().unwrap(), codebase, packages);
            Ok(Decision::offer(Arc::new(update), Reason::Older))
        }
    }

    #[test]
    fn a_link_local_address_without_a_zone_is_warned_of() {
        for (host, warned) in [
            ("[fe80::1]:8000", true),
            ("[fe80::1%25eth0]:8000", false),
            ("[fd00::1]:8000", false),
            ("10.0.0.1:8000", false),
        ] {
            let troubles = Arc::new(std::sync::Mutex::new(Vec::new()));
            let seen = Arc::clone(&troubles);
            let context = Context {
                observer: Arc::new(move |activity: &Activity<'_>| {
                    if let Activity::Trouble { what, .. } = activity {
                        seen.lock().unwrap().push((*what).to_owned());
                    }
                }),
                ..context()
            };
            let mut request = Request::new();
            request.add_app("any", "1.0.0").add_update_check();
            let (body, server) = (request.to_xml(), host.parse().unwrap());
            let address = SocketAddr::from(([127, 0, 0, 1], 1));
            let request = UpdateRequest { body: body.as_bytes(), server: &server, address };
            let answer = answer(&mut Generous, &context, &request);
            assert_eq!(answer.status, Status::Ok);
            let expected = format!("machines cannot fetch packages from http://{server}");
            let expected = if warned { vec![expected] } else { Vec::new() };
            assert_eq!(*troubles.lock().unwrap(), expected);
        }
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let reply = answer_to("<request protocol='2.0'/>");
        assert_eq!(reply.status, Status::BadRequest);
        let line = str::from_utf8(reply.body()).unwrap();
        assert!(line.starts_with("not an Omaha request: ") && line.contains("2.0"), "{line}");
    }
}
