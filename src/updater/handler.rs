//! A request, an updater's decisions, a response: without any server.

use std::fmt;

use super::{Decision, Update, Updater, UpdaterError};
use crate::protocol::request::{self, Event, Request};
use crate::protocol::response::{self, Response};
use crate::protocol::{AppStatus, EventResult, EventType, UpdateStatus};
use crate::updater::Reason;

/// Answers requests with the decisions of an [`Updater`]: for programs that
/// have an HTTP server of their own. The server of the feature `server` does it
/// with this, too.
///
/// ```
/// use omaha::protocol::{ParseError, Request};
/// use omaha::{OmahaHandler, Updater};
///
/// /// Answers the body of a POST to `/v1/update`: HTTP status and body.
/// fn post(
///     updater: &mut dyn Updater,
///     host: &str,
///     content_type: Option<&str>,
///     body: &[u8],
/// ) -> (u16, String) {
///     match Request::parse(content_type, body) {
///         Ok(request) => {
///             let server = format!("http://{host}");
///             let response = OmahaHandler::new(updater, &server).answer(&request);
///             // To be sent as `text/xml; charset=utf-8`.
///             (OmahaHandler::http_status(&response), response.to_xml())
///         }
///         Err(ParseError::ContentType(error)) => (415, error.to_string()),
///         Err(error) => (400, error.to_string()),
///     }
/// }
/// # use omaha::{Codebase, TrivialUpdater, Update, protocol::response::Package};
/// # let update = Update::from_packages(
/// #     "2.0.0".parse().unwrap(), Codebase::default(), [] as [Package; 0]);
/// # let body = br#"<request protocol="3.0"><app appid="a" version="1.0.0"><updatecheck/></app></request>"#;
/// # let (status, body) = post(&mut TrivialUpdater::new(update), "h:80", None, body);
/// # assert!(status == 200 && body.contains(r#"codebase="http://h:80/packages/""#), "{body}");
/// ```
pub struct OmahaHandler<'a> {
    updater: &'a mut dyn Updater,
    server: &'a str,
    observer: Option<&'a mut Observer<'a>>,
}

/// Takes note of what becomes of an application of a request.
type Observer<'a> = dyn FnMut(&request::App, &Outcome<'_>) + 'a;

/// What became of a part of a request.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome<'a> {
    /// The application was refused.
    #[non_exhaustive]
    AppRefused {
        /// The status in the answer.
        status: &'a AppStatus,
        /// Why.
        error: &'a UpdaterError,
    },
    /// The update check was answered.
    #[non_exhaustive]
    Checked {
        /// What was offered, if anything.
        update: Option<&'a Update>,
        /// Why.
        reason: &'a Reason,
    },
    /// The update check was answered with an error status.
    #[non_exhaustive]
    CheckFailed {
        /// The status in the answer.
        status: &'a UpdateStatus,
        /// Why.
        error: &'a UpdaterError,
    },
    /// A ping that came with neither an update check nor an event was
    /// acknowledged.
    Pinged,
    /// An event was acknowledged.
    Reported(&'a Event),
}

impl<'a> OmahaHandler<'a> {
    /// Answers with the decisions of `updater`. Where the
    /// [codebase](Update::codebase) of an update is a path, the packages are
    /// below `server`: this server as the client knows it, `http://HOST`
    /// without a final slash.
    ///
    /// A `HOST` from the client's `Host` header comes back in the answer. Read
    /// it as an [`Authority`](crate::Authority) first.
    pub fn new(updater: &'a mut dyn Updater, server: &'a str) -> Self {
        Self { updater, server, observer: None }
    }

    /// Tells `observer` what becomes of each part of the request.
    #[must_use]
    pub fn with_observer(
        mut self,
        observer: &'a mut dyn FnMut(&request::App, &Outcome<'_>),
    ) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Answers one request: every application, in their order.
    pub fn answer(&mut self, request: &Request) -> Response {
        let mut response = Response::new();
        for app in &request.apps {
            let answer = self.answer_app(request, app);
            response.apps.push(answer);
        }
        response
    }

    /// The HTTP status that goes with a response, as go-omaha has it: 200 if
    /// any application is `ok`; otherwise 500 if the first is `error-internal`,
    /// or else 400, also if there is none.
    pub fn http_status(response: &Response) -> u16 {
        let is_ok = |app: &response::App| app.status == AppStatus::Ok;
        match response.apps.first() {
            _ if response.apps.iter().any(is_ok) => 200,
            Some(app) if app.status == AppStatus::Internal => 500,
            _ => 400,
        }
    }

    fn answer_app(&mut self, request: &Request, app: &request::App) -> response::App {
        let mut answer = response::App { id: app.id.clone(), ..response::App::default() };
        if let Err(error) = self.updater.check_app(request, app) {
            self.refuse(app, &mut answer, &error);
            return answer;
        }
        if app.update_check.is_some() {
            self.check_update(request, app, &mut answer);
        }
        if app.ping.is_some() {
            self.updater.ping(request, app);
            answer.add_ping();
            if app.update_check.is_none() && app.events.is_empty() {
                self.observe(app, &Outcome::Pinged);
            }
        }
        for event in &app.events {
            self.updater.event(request, app, event);
            answer.add_event();
            self.observe(app, &Outcome::Reported(event));
        }
        if app.update_check.is_none() && app.events.iter().any(is_download_finished) {
            self.repeat_offer(request, app, &mut answer);
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
    fn repeat_offer(&mut self, request: &Request, app: &request::App, answer: &mut response::App) {
        if let Some(update) = self.updater.download_finished(request, app)
            && update.manifest.packages.len() > 1
        {
            self.offer(&update, answer);
        }
    }

    fn offer(&self, update: &Update, answer: &mut response::App) {
        let check = answer.add_update_check(UpdateStatus::Ok);
        check.urls = update.urls([self.server]);
        check.manifests.push(update.manifest.clone());
    }

    fn check_update(&mut self, request: &Request, app: &request::App, answer: &mut response::App) {
        let Decision { update, reason } = match self.updater.check_update(request, app) {
            Ok(decision) => decision,
            Err(error @ UpdaterError::App(_)) => return self.refuse(app, answer, &error),
            Err(error) => {
                let status = match &error {
                    UpdaterError::Update(status) => status.clone(),
                    _ => UpdateStatus::Internal,
                };
                let status = &answer.add_update_check(status).status;
                return self.observe(app, &Outcome::CheckFailed { status, error: &error });
            }
        };
        if let Some(update) = &update {
            self.offer(update, answer);
        } else {
            answer.add_update_check(UpdateStatus::NoUpdate);
        }
        self.observe(app, &Outcome::Checked { update: update.as_deref(), reason: &reason });
    }

    fn refuse(&mut self, app: &request::App, answer: &mut response::App, error: &UpdaterError) {
        answer.status = match error {
            UpdaterError::App(status) => status.clone(),
            _ => AppStatus::Internal,
        };
        self.observe(app, &Outcome::AppRefused { status: &answer.status, error });
    }

    fn observe(&mut self, app: &request::App, outcome: &Outcome<'_>) {
        if let Some(observer) = &mut self.observer {
            observer(app, outcome);
        }
    }
}

impl fmt::Debug for OmahaHandler<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("OmahaHandler").field("server", &self.server).finish_non_exhaustive()
    }
}

/// Event 14/1: the payload is there and verified, and the postinstall step next.
fn is_download_finished(event: &Event) -> bool {
    event.event_type == EventType::UPDATE_DOWNLOAD_FINISHED && event.result == EventResult::SUCCESS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::request::App;

    /// Refuses or breaks by application id.
    struct Moody;

    impl Updater for Moody {
        fn check_app(&mut self, _: &Request, app: &App) -> Result<(), UpdaterError> {
            match app.id.as_str() {
                "unknown" => Err(AppStatus::UnknownApplication.into()),
                "broken" => Err(UpdaterError::Internal("out of order".into())),
                _ => Ok(()),
            }
        }

        fn check_update(&mut self, _: &Request, app: &App) -> Result<Decision, UpdaterError> {
            match app.id.as_str() {
                "old-hardware" => Err(UpdateStatus::OsNotSupported.into()),
                "broken-check" => Err(UpdaterError::Internal("out of order".into())),
                "restricted" => Err(AppStatus::Restricted.into()),
                _ => Ok(Decision::none(Reason::UpToDate)),
            }
        }
    }

    /// The answer, its HTTP status, and what was observed.
    fn ask(ids: &[&str]) -> (Response, u16, Vec<String>) {
        let mut request = Request::new();
        for id in ids {
            request.add_app(*id, "1.0.0").add_update_check();
        }
        let mut observed = Vec::new();
        let mut observer = |app: &App, outcome: &Outcome<'_>| {
            observed.push(match outcome {
                Outcome::AppRefused { status, .. } => format!("{} refused: {status}", app.id),
                Outcome::CheckFailed { status, .. } => format!("{} failed: {status}", app.id),
                Outcome::Checked { reason, .. } => format!("{} checked: {reason}", app.id),
                other => format!("{other:?}"),
            });
        };
        let response = OmahaHandler::new(&mut Moody, "http://localhost:8000")
            .with_observer(&mut observer)
            .answer(&request);
        let status = OmahaHandler::http_status(&response);
        (response, status, observed)
    }

    #[test]
    fn statuses_of_applications() {
        for (id, status, http) in [
            ("fine", AppStatus::Ok, 200),
            ("unknown", AppStatus::UnknownApplication, 400),
            ("broken", AppStatus::Internal, 500),
            ("restricted", AppStatus::Restricted, 400),
        ] {
            let (response, http_status, _) = ask(&[id]);
            assert_eq!((&response.apps[0].status, http_status), (&status, http), "{id}");
        }
    }

    #[test]
    fn statuses_of_checks() {
        for (id, status) in [
            ("fine", UpdateStatus::NoUpdate),
            ("old-hardware", UpdateStatus::OsNotSupported),
            ("broken-check", UpdateStatus::Internal),
        ] {
            let (response, http_status, _) = ask(&[id]);
            let check = response.apps[0].update_check.as_ref().unwrap();
            assert_eq!((&check.status, http_status), (&status, 200), "{id}");
        }
    }

    #[test]
    fn one_good_application_makes_the_answer_good() {
        assert_eq!(ask(&["unknown", "broken", "fine"]).1, 200);
        assert_eq!(ask(&["unknown", "broken"]).1, 400);
        assert_eq!(ask(&["broken", "unknown"]).1, 500);
        assert_eq!(ask(&[]).1, 400);
    }

    #[test]
    fn everything_is_observed() {
        assert_eq!(
            ask(&["fine", "unknown", "broken-check"]).2,
            [
                "fine checked: it has this version already",
                "unknown refused: error-unknownApplication",
                "broken-check failed: error-internal",
            ]
        );
        let mut request = Request::new();
        request.add_app("a", "1.0.0").add_ping();
        let app = request.add_app("b", "1.0.0");
        app.add_ping();
        app.add_event(EventType::UPDATE_COMPLETE, EventResult::SUCCESS);
        let mut observed = Vec::new();
        let mut observer = |app: &App, outcome: &Outcome<'_>| {
            observed.push((app.id.clone(), matches!(outcome, Outcome::Pinged)));
        };
        let response = OmahaHandler::new(&mut Moody, "http://localhost:8000")
            .with_observer(&mut observer)
            .answer(&request);
        assert_eq!(observed, [("a".to_owned(), true), ("b".to_owned(), false)]);
        assert!(response.apps.iter().all(|app| app.ping.is_some()));
        assert_eq!(response.apps[1].events.len(), 1);
    }
}
