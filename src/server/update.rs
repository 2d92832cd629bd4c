//! `POST /v1/update`: bytes → request → decisions → response → bytes.

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::activity::{Activity, Machine};
use super::context::Context;
use super::response::{Refusal, Response, Status};
use crate::protocol::{self, AppStatus, EventResult, EventType, Request, UpdateStatus};
use crate::protocol::{request, response};
use crate::updater::{Reason, Update, Updater, UpdaterError};

/// The body of an update request, and what its answer depends on besides.
#[derive(Clone, Copy, Debug)]
pub(super) struct UpdateRequest<'a> {
    pub body: &'a [u8],
    /// This server as the client knows it: `http://HOST`.
    pub server: &'a str,
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
            let reason = format!("not an Omaha request: {error}");
            return Refusal::new(Status::BadRequest, reason).into();
        }
    };
    let mut exchange = Exchange { updater, context, update_request, request: &request };
    // Already logged by the panic hook.
    catch_unwind(AssertUnwindSafe(|| exchange.answer())).unwrap_or_else(|_| {
        Refusal::new(Status::InternalServerError, "the server failed on this request").into()
    })
}

/// As go-omaha has it: fine if any application is, else the first error's.
fn status(response: &protocol::Response) -> Status {
    let is_ok = |app: &response::App| app.status == AppStatus::Ok;
    match response.apps.first() {
        _ if response.apps.iter().any(is_ok) => Status::Ok,
        Some(app) if app.status == AppStatus::Internal => Status::InternalServerError,
        _ => Status::BadRequest,
    }
}

struct Exchange<'a> {
    updater: &'a mut dyn Updater,
    context: &'a Context,
    update_request: &'a UpdateRequest<'a>,
    request: &'a Request,
}

impl Exchange<'_> {
    fn answer(&mut self) -> Response {
        self.updater.begin(self.request, self.update_request.address);
        let mut response = protocol::Response::new();
        response.apps.extend(self.request.apps.iter().map(|app| self.answer_app(app)));
        let answer = Response::xml(status(&response), response.to_xml());
        if self.request.apps.is_empty() {
            return answer.refusing("the request holds no application");
        }
        answer
    }

    fn answer_app(&mut self, app: &request::App) -> response::App {
        let machine = Machine::new(app, self.update_request.address);
        let mut answer = response::App { id: app.id.clone(), ..response::App::default() };

        if let Err(error) = self.updater.check_app(self.request, app) {
            self.refuse(&mut answer, machine, error);
            return answer;
        }
        if app.update_check.is_some() {
            self.check_update(app, &mut answer, machine);
        }
        if app.ping.is_some() {
            self.updater.ping(self.request, app);
            answer.add_ping();
            if app.update_check.is_none() && app.events.is_empty() {
                self.context.observe(&Activity::Pinged { machine });
            }
        }
        for event in &app.events {
            self.updater.event(self.request, app, event);
            answer.add_event();
            let with_check = app.update_check.is_some();
            self.context.observe(&Activity::Reported { machine, event, with_check });
        }
        if app.update_check.is_none() && app.events.iter().any(is_download_finished) {
            self.repeat_offer(app, &mut answer);
        }
        answer
    }

    /// Offers what is being installed once more, if it has extensions.
    ///
    /// The `update_engine` of July to December 2023 keeps the answer to every
    /// POST for its postinstall step, which looks there for the extensions it
    /// needs. The last one before that step is the answer to this event; where
    /// it names no package, the step goes to the public server, and offline the
    /// whole update fails. Every other `update_engine` ignores the answer to an
    /// event.
    fn repeat_offer(&mut self, app: &request::App, answer: &mut response::App) {
        if let Some(update) = self.updater.download_finished(self.request, app)
            && update.manifest.packages.len() > 1
        {
            self.offer(&update, answer);
        }
    }

    fn offer(&self, update: &Update, answer: &mut response::App) {
        let check = answer.add_update_check(UpdateStatus::Ok);
        check.urls = update.urls([self.update_request.server]);
        check.manifests.push(update.manifest.clone());
    }

    fn check_update(
        &mut self,
        app: &request::App,
        answer: &mut response::App,
        machine: Machine<'_>,
    ) {
        let decision = match self.updater.check_update(self.request, app) {
            Ok(decision) => decision,
            Err(error @ UpdaterError::App(_)) => return self.refuse(answer, machine, error),
            Err(error) => {
                let status = match &error {
                    UpdaterError::Update(status) => status.clone(),
                    _ => UpdateStatus::Internal,
                };
                let check = answer.add_update_check(status);
                let status = &check.status;
                self.context.observe(&Activity::CheckFailed { machine, status, error: &error });
                return;
            }
        };
        if let Some(update) = &decision.update {
            self.offer(update, answer);
        } else {
            answer.add_update_check(UpdateStatus::NoUpdate);
        }
        self.context.observe(&Activity::Checked {
            machine,
            offered: decision.update.as_ref().map(|update| &update.version),
            reason: &decision.reason,
        });
        if decision.reason == Reason::PackageChanged {
            for package in &self.context.packages {
                package.is_intact(&*self.context.observer);
            }
        }
    }

    fn refuse(&self, answer: &mut response::App, machine: Machine<'_>, error: UpdaterError) {
        answer.status = match &error {
            UpdaterError::App(status) => status.clone(),
            _ => AppStatus::Internal,
        };
        let status = &answer.status;
        self.context.observe(&Activity::AppRefused { machine, status, error: &error });
    }
}

/// Event 14/1: the payload is there and verified, and the postinstall step next.
fn is_download_finished(event: &request::Event) -> bool {
    event.event_type == EventType::UPDATE_DOWNLOAD_FINISHED && event.result == EventResult::SUCCESS
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    use crate::protocol::request::App;
    use crate::server::Limits;
    use crate::updater::{Decision, Reason};

    /// Refuses or breaks by application id.
    struct Moody;

    impl Updater for Moody {
        fn check_app(&mut self, _: &Request, app: &App) -> Result<(), UpdaterError> {
            match app.id.as_str() {
                "unknown" => Err(UpdaterError::App(AppStatus::UnknownApplication)),
                "broken" => Err(UpdaterError::Internal("out of order".into())),
                _ => Ok(()),
            }
        }

        fn check_update(&mut self, _: &Request, app: &App) -> Result<Decision, UpdaterError> {
            match app.id.as_str() {
                "old-hardware" => Err(UpdaterError::Update(UpdateStatus::OsNotSupported)),
                "broken-check" => Err(UpdaterError::Internal("out of order".into())),
                "restricted" => Err(UpdaterError::App(AppStatus::Restricted)),
                _ => Ok(Decision::none(Reason::UpToDate)),
            }
        }
    }

    fn answer_to(document: &str) -> Response {
        let context = Context {
            packages: Vec::new(),
            observer: Arc::new(|_: &Activity<'_>| {}),
            authority: None,
            limits: Limits::default(),
            is_stopping: AtomicBool::new(false),
            downloads_alive: AtomicBool::new(true),
        };
        let request = UpdateRequest {
            body: document.as_bytes(),
            server: "http://localhost:8000",
            address: SocketAddr::from(([127, 0, 0, 1], 1)),
        };
        answer(&mut Moody, &context, &request)
    }

    fn ask(ids: &[&str]) -> (Response, protocol::Response) {
        let mut request = Request::new();
        for id in ids {
            request.add_app(*id, "1.0.0").add_update_check();
        }
        let answer = answer_to(&request.to_xml());
        let response = protocol::Response::read(answer.body()).unwrap();
        (answer, response)
    }

    #[test]
    fn statuses_of_applications() {
        for (id, status, http) in [
            ("fine", AppStatus::Ok, 200),
            ("unknown", AppStatus::UnknownApplication, 400),
            ("broken", AppStatus::Internal, 500),
            ("restricted", AppStatus::Restricted, 400),
        ] {
            let (reply, response) = ask(&[id]);
            assert_eq!((&response.apps[0].status, reply.status.code()), (&status, http), "{id}");
        }
    }

    #[test]
    fn statuses_of_checks() {
        for (id, status) in [
            ("fine", UpdateStatus::NoUpdate),
            ("old-hardware", UpdateStatus::OsNotSupported),
            ("broken-check", UpdateStatus::Internal),
        ] {
            let (reply, response) = ask(&[id]);
            let check = response.apps[0].update_check.as_ref().unwrap();
            assert_eq!((&check.status, reply.status.code()), (&status, 200), "{id}");
        }
    }

    #[test]
    fn one_good_application_makes_the_answer_good() {
        assert_eq!(ask(&["unknown", "broken", "fine"]).0.status.code(), 200);
        assert_eq!(ask(&["unknown", "broken"]).0.status.code(), 400);
        assert_eq!(ask(&["broken", "unknown"]).0.status.code(), 500);
        assert_eq!(ask(&[]).0.status.code(), 400);
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let reply = answer_to("<request protocol='2.0'/>");
        assert_eq!(reply.status, Status::BadRequest);
        let line = str::from_utf8(reply.body()).unwrap();
        assert!(line.starts_with("not an Omaha request: ") && line.contains("2.0"), "{line}");
    }
}
