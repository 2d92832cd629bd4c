//! A network and a clock that do what a test says.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{Environment, HttpAnswer, HttpRequest, Transport, TransportError};
use crate::protocol::Request;

/// What one request is answered with.
pub enum Step {
    Answer {
        status: u16,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
        cut: Option<io::ErrorKind>,
    },
    Fail(TransportError),
}

/// An answer.
pub fn answer(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Step {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let headers = headers.iter().map(own).collect();
    Step::Answer { status, headers, body: body.as_ref().to_owned(), cut: None }
}

/// An Omaha document.
pub fn document(body: impl AsRef<[u8]>) -> Step {
    answer(200, &[("Content-Type", "text/xml; charset=utf-8")], body)
}

impl Step {
    /// The same, but the body breaks off at its end.
    pub fn cut(mut self, kind: io::ErrorKind) -> Self {
        if let Self::Answer { cut, .. } = &mut self {
            *cut = Some(kind);
        }
        self
    }
}

/// A request as it was sent.
#[derive(Clone, Debug)]
pub struct Sent {
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<Vec<u8>>,
}

impl Sent {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    pub fn request(&self) -> Request {
        Request::read(&self.body.as_ref().unwrap()[..]).unwrap()
    }
}

/// Answers requests one after another, and remembers them.
#[derive(Default)]
pub struct Script {
    steps: Mutex<VecDeque<Step>>,
    sent: Mutex<Vec<Sent>>,
}

impl std::fmt::Debug for Script {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Script")
    }
}

impl Script {
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Arc<Self> {
        let steps = Mutex::new(steps.into_iter().collect());
        Arc::new(Self { steps, ..Self::default() })
    }

    pub fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().clone()
    }
}

impl Transport for Script {
    fn send(&self, request: &HttpRequest<'_>) -> Result<HttpAnswer, TransportError> {
        let own = |(name, value): &(&'static str, &str)| ((*name).to_owned(), (*value).to_owned());
        self.sent.lock().unwrap().push(Sent {
            url: request.url.to_string(),
            headers: request.headers.iter().map(own).collect(),
            body: request.body.map(<[u8]>::to_owned),
        });
        match self.steps.lock().unwrap().pop_front() {
            Some(Step::Answer { status, headers, body, cut }) => {
                let body = io::Cursor::new(body).chain(End(cut));
                Ok(HttpAnswer::new(status, headers, body))
            }
            Some(Step::Fail(error)) => Err(error),
            None => Err(TransportError::Protocol("the script is over".to_owned())),
        }
    }
}

/// The end of a body, good or bad.
struct End(Option<io::ErrorKind>);

impl Read for End {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        match self.0.take() {
            Some(kind) => Err(kind.into()),
            None => Ok(0),
        }
    }
}

/// Remembers what was slept instead of sleeping, and is always in the middle.
#[derive(Debug, Default)]
pub struct Clock(Mutex<Vec<Duration>>);

impl Clock {
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// In seconds.
    pub fn slept(&self) -> Vec<u64> {
        self.0.lock().unwrap().iter().map(Duration::as_secs).collect()
    }
}

impl Environment for Clock {
    fn sleep(&self, duration: Duration) {
        self.0.lock().unwrap().push(duration);
    }

    fn random(&self) -> u64 {
        u64::MAX / 2 + 1
    }
}
