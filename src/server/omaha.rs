//! `POST /v1/update`: bytes → request → decisions → response → bytes.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use super::activity::{Activity, Machine, Observer};
use super::reply::{Reply, Status};
use crate::protocol::{AppStatus, Request, Response, UpdateStatus, request, response};
use crate::updater::{Updater, UpdaterError};

/// The body of an update request, and what its answer depends on besides.
#[derive(Debug)]
pub(super) struct Question {
    pub body: Vec<u8>,
    /// This server as the client knows it: `http://HOST`.
    pub server: String,
    pub address: SocketAddr,
}

/// Answers one update request. Only while it decides does it hold the updater,
/// so that other requests are read and other answers written in the meantime.
pub(super) fn answer(
    updater: &Mutex<Box<dyn Updater>>,
    observer: &dyn Observer,
    question: &Question,
) -> Reply {
    let request = match Request::read(&question.body[..]) {
        Ok(request) => request,
        Err(error) => {
            let reason = format!("not an Omaha request: {error}");
            return Reply::refusal(Status::BadRequest, reason);
        }
    };
    let mut response = Response::new();
    {
        // An updater that has panicked is asked again all the same.
        let updater = &**updater.lock().unwrap_or_else(PoisonError::into_inner);
        let exchange = Exchange { updater, observer, question, request: &request };
        response.apps.extend(request.apps.iter().map(|app| exchange.answer_app(app)));
    }

    let reply = Reply::xml(status(&response), response.to_xml());
    if request.apps.is_empty() {
        return reply.refusing("the request holds no application".to_owned());
    }
    reply
}

/// As go-omaha has it: fine if any application is, else the first error's.
fn status(response: &Response) -> Status {
    let is_ok = |app: &response::App| app.status == AppStatus::Ok;
    match response.apps.first() {
        _ if response.apps.iter().any(is_ok) => Status::Ok,
        Some(app) if app.status == AppStatus::Internal => Status::InternalServerError,
        _ => Status::BadRequest,
    }
}

struct Exchange<'a> {
    updater: &'a dyn Updater,
    observer: &'a dyn Observer,
    question: &'a Question,
    request: &'a Request,
}

impl Exchange<'_> {
    fn answer_app(&self, app: &request::App) -> response::App {
        let machine = Machine::new(app, self.question.address);
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
                self.observer.observe(&Activity::Pinged { machine });
            }
        }
        for event in &app.events {
            self.updater.event(self.request, app, event);
            answer.add_event();
            self.observer.observe(&Activity::Reported { machine, event });
        }
        answer
    }

    fn check_update(&self, app: &request::App, answer: &mut response::App, machine: Machine<'_>) {
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
                self.observer.observe(&Activity::CheckFailed { machine, status, error: &error });
                return;
            }
        };
        if let Some(update) = &decision.update {
            let check = answer.add_update_check(UpdateStatus::Ok);
            check.urls = update.urls([self.question.server.as_str()]);
            check.manifests.push(update.manifest.clone());
        } else {
            answer.add_update_check(UpdateStatus::NoUpdate);
        }
        self.observer.observe(&Activity::Checked {
            machine,
            offered: decision.update.as_ref().map(|update| &update.version),
            reason: &decision.reason,
        });
    }

    fn refuse(&self, answer: &mut response::App, machine: Machine<'_>, error: UpdaterError) {
        answer.status = match &error {
            UpdaterError::App(status) => status.clone(),
            _ => AppStatus::Internal,
        };
        let status = &answer.status;
        self.observer.observe(&Activity::AppRefused { machine, status, error: &error });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::request::App;
    use crate::updater::{Decision, Reason};

    /// Refuses or breaks by application id.
    struct Moody;

    impl Updater for Moody {
        fn check_app(&self, _: &Request, app: &App) -> Result<(), UpdaterError> {
            match app.id.as_str() {
                "unknown" => Err(UpdaterError::App(AppStatus::UnknownApplication)),
                "broken" => Err(UpdaterError::Internal("out of order".into())),
                _ => Ok(()),
            }
        }

        fn check_update(&self, _: &Request, app: &App) -> Result<Decision, UpdaterError> {
            match app.id.as_str() {
                "old-hardware" => Err(UpdaterError::Update(UpdateStatus::OsNotSupported)),
                "broken-check" => Err(UpdaterError::Internal("out of order".into())),
                "restricted" => Err(UpdaterError::App(AppStatus::Restricted)),
                _ => Ok(Decision::none(Reason::UpToDate)),
            }
        }
    }

    fn moody() -> Mutex<Box<dyn Updater>> {
        Mutex::new(Box::new(Moody))
    }

    fn ask(ids: &[&str]) -> (Reply, Response) {
        let mut request = Request::new();
        for id in ids {
            request.add_app(*id, "1.0.0").add_update_check();
        }
        let reply = answer(&moody(), &|_: &Activity<'_>| {}, &question(request.to_xml()));
        let response = Response::read(&reply.body[..]).unwrap();
        (reply, response)
    }

    fn question(document: String) -> Question {
        Question {
            body: document.into_bytes(),
            server: "http://localhost:8000".to_owned(),
            address: SocketAddr::from(([127, 0, 0, 1], 1)),
        }
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
        let question = question("<request protocol='2.0'/>".to_owned());
        let reply = answer(&moody(), &|_: &Activity<'_>| {}, &question);
        assert_eq!(reply.status, Status::BadRequest);
        let line = String::from_utf8(reply.body).unwrap();
        assert!(line.starts_with("not an Omaha request: ") && line.contains("2.0"), "{line}");
    }
}
