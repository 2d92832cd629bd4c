//! How the operating system's package is served.

use super::{Finding, Findings, Rule};
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
    let range = format!("bytes={}-", package.size.saturating_sub(1));
    let headers = [("accept-encoding", "identity"), ("range", range.as_str())];
    let request = HttpRequest::get(url).with_headers(&headers);
    let Ok((_, answer)) = redirect::send(transport, request) else { return findings.0 };
    if answer.status == 200 {
        let found = format!(
            "asked for a part of package {}, the server sends all of it",
            Quoted(&package.name)
        );
        findings.add_at(Rule::Ranges, None, found);
    }
    if matches!(answer.status, 200 | 206) && answer.header("content-length").is_none() {
        let found = format!("package {} has no Content-Length", Quoted(&package.name));
        findings.add_at(Rule::ContentLength, None, found);
    }
    findings.0
}
