//! What in an answer would make real clients fail.
//!
//! The types of [`protocol`](crate::protocol) are liberal: they take digests in
//! base64 or hex, and booleans in a dozen forms. Real clients are not, so the
//! answer is examined once more, as it is written.
//!
//! ```
//! use omaha::client::lint::{self, Rule};
//!
//! let document = r#"<response protocol="3.0">
//!   <app appid="{e96281a6-d1af-4bde-9a0a-97b76e56dc57}" status="ok">
//!     <updatecheck status="ok">
//!       <urls><url codebase="http://localhost/packages"/></urls>
//!       <manifest version="1.2.3">
//!         <packages><package name="update.gz" size="7" required="true"/></packages>
//!         <actions><action event="postinstall" DisablePayloadBackoff="true"
//!             sha256="hDMe6URkmp7VzM/yNpxBDPMPOKAhT9FJvJ7cDVnbOYE="/></actions>
//!       </manifest>
//!     </updatecheck>
//!   </app>
//! </response>"#;
//! let findings = lint::document(document.as_bytes());
//! assert_eq!(findings.len(), 1);
//! assert_eq!(findings[0].rule(), Rule::CodebaseSlash);
//! assert_eq!(
//!     findings[0].to_string(),
//!     "line 4: codebase \"http://localhost/packages\" does not end in a slash: \
//!      CoreOS's update_engine and download_sysext append the package's name without a slash",
//! );
//! ```

mod app;
mod download;
mod manifest;
mod package;
mod rule;
mod values;

use std::fmt;

pub use download::download;
pub use rule::{Rule, Severity};

use super::{Answer, HttpUrl};
use crate::media_type;
use crate::protocol::Protocol;
use crate::protocol::xml::Node;
use crate::quoted::Quoted;

/// A violation of a [`Rule`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    rule: Rule,
    line: Option<u64>,
    found: String,
}

impl Finding {
    /// A violation that is not about a line of the document.
    pub fn new(rule: Rule, found: impl Into<String>) -> Self {
        Self { rule, line: None, found: found.into() }
    }

    /// The rule.
    pub fn rule(&self) -> Rule {
        self.rule
    }

    /// How bad it is.
    pub fn severity(&self) -> Severity {
        self.rule.severity()
    }

    /// The line of the document, from 1, unless it is not about the document.
    pub fn line(&self) -> Option<u64> {
        self.line
    }

    /// What was found, in words, with the value.
    pub fn found(&self) -> &str {
        &self.found
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(formatter, "line {line}: ")?;
        }
        write!(formatter, "{}: {}", self.found, self.rule.consequence())
    }
}

/// Looks at the answer to an update check of one application: how it came, and
/// the document. `server` is the value of `SERVER=` on a machine.
pub fn answer(answer: &Answer, server: &HttpUrl, app_id: &str) -> Vec<Finding> {
    let mut findings = Findings::default();
    let asked = server.clone().or_update_path();
    if !server.has_path() {
        let found = format!("{server} has no path, so {asked} was asked");
        findings.add_at(Rule::ServerPath, None, found);
    }
    if answer.url != asked {
        let found = format!("the request was redirected to {}", answer.url);
        findings.add_at(Rule::Redirected, None, found);
    }
    if let Some(content_type) = &answer.content_type
        && media_type::check(Some(content_type)).is_err()
    {
        let found = format!("the content type is {}", Quoted(content_type));
        findings.add_at(Rule::ContentType, None, found);
    }
    if answer.response.app(app_id).is_none()
        && let Some(other) = answer.response.apps.first()
    {
        let found = format!("the answer is about application {}", Quoted(&other.id));
        findings.add_at(Rule::AppId, None, found);
    }
    findings.0.extend(document(&answer.document));
    findings.0
}

/// Looks at a response document. Of one that is not well-formed, or beyond the
/// [limits](crate::protocol::limits) of everything that is read, nothing is
/// said: [`Response::read`](crate::protocol::Response::read) says why.
pub fn document(document: &[u8]) -> Vec<Finding> {
    let mut findings = Findings::default();
    if let Ok(response) = Node::read(document, "response") {
        match response.get("protocol") {
            Some(protocol) if protocol == Protocol::V3.as_str() => {}
            other => {
                let found = format!("protocol is {}", Quoted(other.unwrap_or_default()));
                findings.add(Rule::Protocol, &response, found);
            }
        }
        findings.names(&response);
        values::check_all(&response, &mut findings);
        app::check_all(&response, &mut findings);
    }
    findings.0
}

/// What was found so far.
#[derive(Debug, Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, rule: Rule, node: &Node, found: impl Into<String>) {
        self.add_at(rule, Some(node.line), found.into());
    }

    fn add_at(&mut self, rule: Rule, line: Option<u64>, found: String) {
        self.0.push(Finding { rule, line, found });
    }

    /// Namespaces, and names in the wrong case.
    fn names(&mut self, root: &Node) {
        let mut namespace_is_said = false;
        root.walk(&mut |node| {
            if node.has_namespace && !namespace_is_said {
                // Usually it is the root's, and then everybody's.
                namespace_is_said = true;
                let found = format!("<{}> belongs to an XML namespace", node.name.escape_debug());
                self.add(Rule::Namespace, node, found);
            }
            if let Some(right) = miswritten(&node.name, ELEMENTS) {
                let found = format!("<{}> should be <{right}>", node.name);
                self.add(Rule::NameCase, node, found);
            }
            for name in node.attribute_names() {
                if let Some(right) = miswritten(name, ATTRIBUTES) {
                    let found = format!("attribute {name} of <{}> should be {right}", node.name);
                    self.add(Rule::NameCase, node, found);
                }
            }
        });
    }
}

/// The right name, if this one differs in case only.
fn miswritten(name: &str, known: &[&'static str]) -> Option<&'static str> {
    if known.contains(&name) {
        return None;
    }
    known.iter().find(|right| right.eq_ignore_ascii_case(name)).copied()
}

/// The elements that clients look for.
const ELEMENTS: &[&str] = &[
    "response",
    "app",
    "updatecheck",
    "urls",
    "url",
    "manifest",
    "packages",
    "package",
    "actions",
    "action",
];

/// The attributes that clients look for.
const ATTRIBUTES: &[&str] = &[
    "appid",
    "status",
    "PollInterval",
    "codebase",
    "version",
    "name",
    "size",
    "required",
    "hash",
    "hash_sha256",
    "event",
    "sha256",
    "DisablePayloadBackoff",
    "IsDeltaPayload",
    "MaxFailureCountPerUrl",
];

#[cfg(test)]
mod tests;
