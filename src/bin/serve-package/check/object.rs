//! The outcome as one JSON object. Its members are described in
//! `dist/manual/check.md`; new ones may be added, and none is renamed.

use std::path::Path;

use omaha::client::lint::Finding;
use omaha::client::{Offer, OfferedPackage};

use super::outcome::{Downloaded, Failure, Outcome};
use crate::args::CheckSettings;
use crate::format::Milliseconds;
use crate::json::{self, Object, list};

/// The object, with the outcome in a word and the exit status.
pub fn of(settings: &CheckSettings, outcome: &Outcome, word: &str, status: u8) -> String {
    let server = settings.server.clone().or_update_path();
    let mut object = Object::new()
        .text("result", word)
        .plain("status", status)
        .text("server", server.as_str())
        .plain("asked", asked(settings))
        .plain("findings", list(&outcome.findings, finding));
    if let Some(update) = &outcome.offer {
        object = object.plain("update", offer(update));
    }
    if settings.download.is_some() {
        object = object.plain("downloads", list(&outcome.downloads, downloaded));
    }
    if let Some(failure) = &outcome.failure {
        object = object.plain("error", error(failure));
    }
    object.finish()
}

fn asked(settings: &CheckSettings) -> String {
    Object::new()
        .text("app_id", &settings.app_id)
        .text("version", &settings.app_version)
        .text("track", &settings.track)
        .text("board", &settings.board)
        .text("oem", &settings.oem)
        .text("machine_id", &settings.machine_id)
        .finish()
}

fn finding(finding: &Finding) -> String {
    let severity = finding.severity().as_str();
    let object = Object::new().text("code", finding.rule().code()).text("severity", severity);
    let object = match finding.line() {
        Some(line) => object.plain("line", line),
        None => object,
    };
    object.text("found", finding.found()).text("consequence", finding.rule().consequence()).finish()
}

fn offer(offer: &Offer) -> String {
    let action_sha256 = offer.packages().first().and_then(OfferedPackage::action_sha256);
    Object::new()
        .text("version", offer.version().as_str())
        .plain("codebases", list(offer.codebases(), |codebase| json::text(codebase)))
        .text_if("action_sha256", &hex(action_sha256))
        .plain("packages", list(offer.packages(), package))
        .finish()
}

fn package(package: &OfferedPackage) -> String {
    Object::new()
        .text("name", package.name())
        .plain("size", package.size())
        .text_if("sha1", &hex(package.sha1()))
        .text_if("sha256", &hex(package.package().sha256))
        .finish()
}

/// A digest, or nothing.
fn hex(digest: Option<impl ToString>) -> String {
    digest.map(|digest| digest.to_string()).unwrap_or_default()
}

fn downloaded(download: &Downloaded) -> String {
    let Downloaded { name, url, path, bytes, elapsed, cuts } = download;
    Object::new()
        .text("name", name)
        .text("url", url.as_str())
        .text("path", &lossy(path))
        .plain("bytes", bytes)
        .plain("seconds", Milliseconds(*elapsed))
        .plain("cuts", cuts)
        .finish()
}

fn lossy(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn error(failure: &Failure) -> String {
    let object = Object::new().text("at", &failure.at).text("reason", &failure.reason);
    match failure.code {
        Some(code) => object.plain("code", code.code()).finish(),
        None => object.finish(),
    }
}
