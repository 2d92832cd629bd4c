//! What a client says and asks about one application.

use std::sync::Arc;

use super::exchange::refused;
use super::lint::{self, Finding};
use super::{Answer, Client, ClientError, Offer, Pending, events};
use crate::protocol::request::{self, Event, Request};
use crate::protocol::response::{self, UpdateCheck};
use crate::protocol::{AppStatus, UpdateStatus};

/// One application of a [`Client`].
///
/// Every failure of a method that waits is reported to the server as an error
/// event, in the background, except the server's own well-formed word; see
/// [`ClientError::event`].
#[derive(Clone, Debug)]
pub struct AppClient<'a> {
    client: &'a Client,
    app: Arc<request::App>,
}

/// What a server says to an update check.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Checked {
    /// The whole answer.
    pub answer: Answer,
    /// The part for the application. Its status is `ok` or `noupdate`.
    pub update_check: UpdateCheck,
}

impl Checked {
    /// The update, if there is one, as it is in the answer.
    pub fn update(&self) -> Option<&UpdateCheck> {
        (self.update_check.status == UpdateStatus::Ok).then_some(&self.update_check)
    }

    /// The update, if there is one, as it takes to fetch it.
    pub fn offer(&self) -> Option<Offer> {
        self.update().map(Offer::new)
    }
}

impl<'a> AppClient<'a> {
    pub(super) fn new(client: &'a Client, app: Arc<request::App>) -> Self {
        Self { client, app }
    }

    /// The application's id.
    pub fn id(&self) -> &str {
        &self.app.id
    }

    /// What every request says of it.
    pub fn settings(&self) -> &request::App {
        &self.app
    }

    /// A request about this application that says and asks nothing yet.
    pub fn request(&self) -> Request {
        self.request_with(|_| {})
    }

    fn request_with(&self, fill: impl FnOnce(&mut request::App)) -> Request {
        let mut app = (*self.app).clone();
        fill(&mut app);
        let mut request = self.client.request();
        request.apps.push(app);
        request
    }

    /// Says that the machine is alive, and asks nothing. Servers of
    /// CoreUpdate's kind show it as "Instance-Hold".
    ///
    /// # Errors
    ///
    /// When the server does not answer, or refuses the application. What it
    /// says to the ping is not looked at, because CoreUpdate says nothing.
    pub fn ping(&self) -> Result<(), ClientError> {
        let request = self.request_with(|app| {
            app.add_ping();
        });
        self.send(&request).map(drop)
    }

    /// Asks whether there is an update, as `update_engine` does: together with
    /// a ping and the event [`complete`](events::complete), so that CoreUpdate
    /// does not take the machine for one that is holding.
    ///
    /// # Errors
    ///
    /// When the server does not answer, refuses the application, or says to
    /// the update check neither `ok` nor `noupdate`.
    pub fn check(&self) -> Result<Checked, ClientError> {
        self.check_with(&self.request_with(|app| {
            app.add_ping();
            app.add_update_check();
            app.events.push(events::complete());
        }))
    }

    /// Asks whether there is an update with a request of the caller's.
    ///
    /// # Errors
    ///
    /// As for [`check`](Self::check).
    pub fn check_with(&self, request: &Request) -> Result<Checked, ClientError> {
        self.reporting(|| self.checked(self.client.send(request)?))
    }

    /// Asks as [`check_with`](Self::check_with) does, and looks at the answer
    /// with [`lint::answer`], even if it is none that clients understand: then
    /// the findings may say why.
    pub fn check_and_inspect(
        &self,
        request: &Request,
    ) -> (Result<Checked, ClientError>, Vec<Finding>) {
        let mut findings = Vec::new();
        let checked = self.reporting(|| {
            let answer = self.client.send(request)?;
            findings = lint::answer(&answer, self.client.server(), self.id());
            self.checked(answer)
        });
        (checked, findings)
    }

    fn checked(&self, answer: Answer) -> Result<Checked, ClientError> {
        let app = self.client.exchange.app(&answer, self.id())?;
        let update_check = update_check(app)?.clone();
        Ok(Checked { answer, update_check })
    }

    /// Sends any request about this application, and returns the answer's part
    /// for it.
    ///
    /// # Errors
    ///
    /// When the server does not answer, or refuses the application.
    pub fn send(&self, request: &Request) -> Result<response::App, ClientError> {
        self.reporting(|| {
            let answer = self.client.send(request)?;
            self.client.exchange.app(&answer, self.id()).cloned()
        })
    }

    /// Reports an event, and waits for the acknowledgement. A failure of this
    /// is not reported in turn.
    ///
    /// # Errors
    ///
    /// When the server does not answer, or refuses the application.
    pub fn report(&self, event: Event) -> Result<(), ClientError> {
        let answer = self.client.send(&self.report_of(event))?;
        self.client.exchange.app(&answer, self.id()).map(drop)
    }

    /// Reports an event without waiting. Events handed over are sent in their
    /// order; see also [`Client::flush`].
    pub fn report_later(&self, event: Event) -> Pending {
        let (exchange, id) = (self.client.exchange.clone(), self.id().to_owned());
        self.client.outbox.post(exchange, self.report_of(event), id)
    }

    fn report_of(&self, event: Event) -> Request {
        self.request_with(|app| app.events.push(event))
    }

    fn reporting<T>(
        &self,
        exchange: impl FnOnce() -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let result = exchange();
        if self.client.reports_failures
            && let Err(error) = &result
            && let Some(event) = error.event()
        {
            self.report_later(event);
        }
        result
    }
}

/// The answer to an update check, if it is one that clients understand.
fn update_check(app: &response::App) -> Result<&UpdateCheck, ClientError> {
    let Some(check) = &app.update_check else {
        // A server that refuses the application has nothing to say of updates.
        return Err(match app.status {
            AppStatus::Ok => ClientError::UpdateCheckMissing { id: app.id.clone() },
            _ => refused(app),
        });
    };
    match &check.status {
        UpdateStatus::Ok | UpdateStatus::NoUpdate => Ok(check),
        status => Err(ClientError::UpdateStatus {
            id: app.id.clone(),
            status: status.clone(),
            app_status: app.status.clone(),
        }),
    }
}
