//! How packages are served.

use super::{Finding, Findings, Rule};
use crate::client::quoted::Quoted;
use crate::client::{HttpRequest, HttpUrl, Transport};
use crate::protocol::response::Package;

/// Redirects that are followed.
const MAX_REDIRECTS: usize = 10;

/// Asks for the last byte of a package, to see whether a download that was cut
/// could be resumed. A server that does not answer has no findings: the
/// download itself tells more.
pub fn download(transport: &dyn Transport, url: &HttpUrl, package: &Package) -> Vec<Finding> {
    let mut findings = Findings::default();
    let range = format!("bytes={}-", package.size.saturating_sub(1));
    let headers = [("accept-encoding", "identity"), ("range", range.as_str())];
    let mut url = url.clone();
    for _ in 0..=MAX_REDIRECTS {
        let request = HttpRequest { url: &url, body: None, headers: &headers, timeout: None };
        let Ok(answer) = transport.send(&request) else { break };
        let target = answer.header("location").and_then(|location| url.resolve(location).ok());
        match (answer.status, target) {
            (300..400, Some(target)) => {
                url = target;
                continue;
            }
            (200, _) => {
                let found = format!(
                    "asked for a part of package {}, the server sends all of it",
                    Quoted(&package.name)
                );
                findings.add_at(Rule::Ranges, None, found);
            }
            _ => {}
        }
        if matches!(answer.status, 200 | 206) && answer.header("content-length").is_none() {
            let found = format!("package {} comes without Content-Length", Quoted(&package.name));
            findings.add_at(Rule::ContentLength, None, found);
        }
        break;
    }
    findings.0
}
