//! What came of a check.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use omaha::client::lint::{Finding, Severity};
use omaha::client::{HttpUrl, Offer};
use omaha::protocol::ErrorCode;

use crate::format::sentence;

/// There is no update.
const NO_UPDATE: u8 = 3;

/// Everything that a check found out.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What the server offers, if it offers anything.
    pub offer: Option<Offer>,
    /// What would make real clients fail.
    pub findings: Vec<Finding>,
    /// The packages that were fetched and verified.
    pub downloads: Vec<Downloaded>,
    /// What was shown of all packages, to follow "an update is offered".
    pub shown: Option<String>,
    /// What ended the check.
    pub failure: Option<Failure>,
}

/// A package that was fetched and is right.
#[derive(Debug)]
pub struct Downloaded {
    pub name: String,
    pub url: HttpUrl,
    pub path: PathBuf,
    pub bytes: u64,
    pub elapsed: Duration,
    /// How often it was cut and continued.
    pub cuts: u32,
}

/// What ended a check.
#[derive(Debug)]
pub struct Failure {
    /// Where in the conversation, such as `update check`.
    pub at: String,
    pub reason: String,
    /// `update_engine`'s number, where it is about the server.
    pub code: Option<ErrorCode>,
}

impl Failure {
    pub fn new(at: impl Into<String>, reason: impl ToString) -> Self {
        Self { at: at.into(), reason: reason.to_string(), code: None }
    }

    /// With an error and what caused it as the reason.
    pub fn because(at: impl Into<String>, error: &(dyn Error + 'static)) -> Self {
        Self::new(at, sentence(error))
    }

    pub fn with_code(self, code: ErrorCode) -> Self {
        Self { code: Some(code), ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.at, self.reason)
    }
}

impl Outcome {
    /// The exit status.
    pub fn status(&self, strict: bool) -> u8 {
        if self.is_failure(strict) {
            crate::FAILURE
        } else if self.offer.is_none() {
            NO_UPDATE
        } else {
            0
        }
    }

    /// Whether `update_engine` would stumble over something that was found.
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity() == Severity::Error)
    }

    /// The outcome in a word, for programs.
    pub fn word(&self, strict: bool) -> &'static str {
        match (self.is_failure(strict), &self.offer) {
            (true, _) => "failure",
            (false, None) => "no-update",
            (false, Some(_)) => "update",
        }
    }

    /// The outcome in words, for people.
    pub fn conclusion(&self, strict: bool) -> String {
        let warnings = match self.findings.len() {
            0 => "",
            1 => ", with 1 warning",
            number => &format!(", with {number} warnings"),
        };
        if self.failure.is_some() {
            "result: failure".to_owned()
        } else if self.has_errors() {
            "result: failure: update_engine would not accept this answer".to_owned()
        } else if self.is_failure(strict) {
            "result: failure: there are warnings, and --strict".to_owned()
        } else if self.offer.is_none() {
            format!("result: no update{warnings}")
        } else {
            let shown = self.shown.as_deref().unwrap_or_default();
            format!("result: an update is offered{shown}{warnings}")
        }
    }

    fn is_failure(&self, strict: bool) -> bool {
        self.failure.is_some() || self.has_errors() || (strict && !self.findings.is_empty())
    }
}
