//! One request, one response.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use super::redirect::{self, SendError};
use super::{
    ClientError, Environment, HttpAnswer, HttpRequest, HttpUrl, Retry, Transport, lenient,
};
use crate::media_type;
use crate::protocol::{AppStatus, Request, Response, limits, response};

/// The answer to a request: what was understood, and how it came.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Answer {
    /// The document, read.
    pub response: Response,
    /// The document as it came.
    pub document: Vec<u8>,
    /// The HTTP status, 2xx.
    pub status: u16,
    /// The content type, if one was named.
    pub content_type: Option<String>,
    /// The URL that answered: another than the one asked after a redirect.
    pub url: HttpUrl,
}

/// How strictly answers are judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Validation {
    /// As go-omaha's client does: the content type, the protocol, the
    /// application's id and its status must be right, and so must every value
    /// of the document.
    #[default]
    Full,
    /// As `update_engine` does, which looks at none of these, takes the first
    /// update check whatever its application (`ParseResponse` in
    /// `omaha_request_action.cc`), and a value that it cannot read for an absent
    /// one.
    UpdateEngine,
}

/// What it takes to exchange documents with a server.
#[derive(Clone, Debug)]
pub(super) struct Exchange {
    pub url: HttpUrl,
    pub transport: Arc<dyn Transport>,
    pub environment: Arc<dyn Environment>,
    pub retry: Retry,
    pub timeout: Duration,
    pub validation: Validation,
}

impl Exchange {
    /// Sends a request, again and again where that may help.
    pub fn send(&self, request: &Request) -> Result<Answer, ClientError> {
        let document = request.to_xml();
        let mut failed = 0;
        loop {
            let error = match self.send_once(&document) {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            failed += 1;
            match self.retry.delay(failed, self.environment.random()) {
                Some(delay) if error.is_temporary() => self.environment.sleep(delay),
                _ => return Err(error),
            }
        }
    }

    fn send_once(&self, document: &str) -> Result<Answer, ClientError> {
        let headers = [("content-type", "text/xml; charset=utf-8")];
        let request = HttpRequest::post(&self.url, document.as_bytes())
            .with_headers(&headers)
            .with_timeout(self.timeout);
        let (url, answer) =
            redirect::send(&*self.transport, request).map_err(|error| match error {
                SendError::Transport(error) => ClientError::Transport(error),
                SendError::Redirect(error) => ClientError::Redirect(error),
            })?;
        self.read(url, answer)
    }

    fn read(&self, url: HttpUrl, mut answer: HttpAnswer) -> Result<Answer, ClientError> {
        let content_type = answer.header("content-type").map(str::to_owned);
        let mut document = Vec::new();
        // One byte more than allowed tells that there is more.
        let limit = limits::DOCUMENT as u64 + 1;
        let body = answer.body.by_ref().take(limit).read_to_end(&mut document);

        // An HTTP error says more than whatever is wrong with its body.
        let status = answer.status;
        if !(200..300).contains(&status) {
            return Err(ClientError::Http { status, detail: detail(&document) });
        }
        body.map_err(ClientError::Cut)?;
        if document.len() > limits::DOCUMENT {
            return Err(ClientError::TooLarge);
        }
        if document.is_empty() {
            return Err(ClientError::Empty);
        }
        if self.validation == Validation::Full
            && media_type::check(content_type.as_deref()).is_err()
        {
            return Err(ClientError::ContentType(content_type.unwrap_or_default()));
        }
        let response = match self.validation {
            Validation::Full => Response::read(&document[..]),
            Validation::UpdateEngine => lenient::read(&document),
        };
        let response = response.map_err(ClientError::Document)?;
        Ok(Answer { response, document, status, content_type, url })
    }

    /// What an answer says about an application.
    pub fn app<'a>(&self, answer: &'a Answer, id: &str) -> Result<&'a response::App, ClientError> {
        let missing = || ClientError::AppMissing { id: id.to_owned() };
        let app = answer.response.app(id);
        match self.validation {
            Validation::Full => match app.ok_or_else(missing)? {
                app if app.status == AppStatus::Ok => Ok(app),
                app => Err(refused(app)),
            },
            Validation::UpdateEngine => {
                let apps = &answer.response.apps;
                let first = apps.iter().find(|app| app.update_check.is_some());
                first.or(app).or(apps.first()).ok_or_else(missing)
            }
        }
    }
}

/// The server's word that it will not deal with an application.
pub(super) fn refused(app: &response::App) -> ClientError {
    ClientError::AppStatus { id: app.id.clone(), status: app.status.clone() }
}

/// What the body of an HTTP error says: the status of an application, where it
/// is an Omaha document, or else its first line.
fn detail(document: &[u8]) -> String {
    if let Ok(response) = Response::read(document) {
        let mut refused = response.apps.iter().filter(|app| app.status != AppStatus::Ok);
        return refused.next().map(|app| format!("status {}", app.status)).unwrap_or_default();
    }
    let start = &document[..document.len().min(1024)];
    let text = String::from_utf8_lossy(start);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    // Markup is no message for people.
    if line.starts_with('<') { String::new() } else { line.to_owned() }
}
