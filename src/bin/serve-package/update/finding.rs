//! What was found before an update: everything at once.

use std::fmt;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Good to know.
    Note,
    /// The update can begin, but somebody should look.
    Warning,
    /// The update cannot begin.
    Error,
}

/// One thing that was found.
#[derive(Debug)]
pub struct Finding {
    pub severity: Severity,
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = self.severity.as_str();
        write!(formatter, "{severity}: {}", self.text)
    }
}

impl Severity {
    /// The word before a finding.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Everything that was found, in the order in which it was.
#[derive(Debug, Default)]
pub struct Findings(Vec<Finding>);

impl Findings {
    pub fn note(&mut self, text: impl Into<String>) {
        self.add(Severity::Note, text.into());
    }

    pub fn warning(&mut self, text: impl Into<String>) {
        self.add(Severity::Warning, text.into());
    }

    pub fn error(&mut self, text: impl Into<String>) {
        self.add(Severity::Error, text.into());
    }

    /// An error that the operator may override.
    pub fn error_unless(&mut self, is_forced: bool, text: &str) {
        if is_forced {
            self.warning(format!("{text} (--force)"));
        } else {
            self.error(format!("{text}; --force updates it all the same"));
        }
    }

    fn add(&mut self, severity: Severity, text: String) {
        self.0.push(Finding { severity, text });
    }

    /// How many errors there are.
    pub fn errors(&self) -> usize {
        self.0.iter().filter(|finding| finding.severity == Severity::Error).count()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.0.iter()
    }
}
