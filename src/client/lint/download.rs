//! How the operating system's package is served.

use super::{Finding, Findings, Rule};
use crate::client::download::is_rest;
use crate::client::redirect;
use crate::client::{HttpRequest, HttpUrl, Transport};
use crate::protocol::response::Package;
use crate::quoted::Quoted;

/// Asks for the last byte of the operating system's package, to see whether a
/// download that was cut could be resumed. A server that does not answer has
/// no findings: the download itself tells more.
///
/// Extensions need nothing of this: `download_sysext` fetches them whole, again
/// and again.
pub fn download(transport: &dyn Transport, url: &HttpUrl, package: &Package) -> Vec<Finding> {
    let mut findings = Findings::default();
    let last = package.size.saturating_sub(1);
    let range = format!("bytes={last}-");
    let headers = [("accept-encoding", "identity"), ("range", range.as_str())];
    let request = HttpRequest::get(url).with_headers(&headers);
    let Ok((_, answer)) = redirect::send(transport, request) else { return findings.0 };
    let found = match answer.status {
        200 => Some("sends all of it".to_owned()),
        206 => {
            let range = answer.header("content-range").unwrap_or_default();
            let is_right = is_rest(range, last, package.size);
            (!is_right).then(|| format!("sends the part {}", Quoted(range)))
        }
        status => Some(format!("answers with HTTP status {status}")),
    };
    if let Some(found) = found {
        let name = Quoted(&package.name);
        let found = format!("asked for a part of package {name}, the server {found}");
        findings.add_at(Rule::Ranges, None, found);
    }
    if matches!(answer.status, 200 | 206) && answer.header("content-length").is_none() {
        let found = format!("package {} has no Content-Length", Quoted(&package.name));
        findings.add_at(Rule::ContentLength, None, found);
    }
    findings.0
}
