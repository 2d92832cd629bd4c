//! The outcome as one JSON object. Its members are described in the README;
//! new ones may be added, and none is renamed.

use std::path::Path;

use omaha::client::lint::{Finding, Severity};
use omaha::protocol::response::{Manifest, Package, UpdateCheck};

use super::outcome::{Downloaded, Failure, Outcome};
use crate::args::CheckSettings;
use crate::json::{self, Object, list};

/// The object.
pub fn of(settings: &CheckSettings, outcome: &Outcome) -> String {
    let mut object = Object::new()
        .text("result", outcome.word(settings.strict))
        .plain("status", outcome.status(settings.strict))
        .text("server", settings.server.as_url().as_str())
        .plain("asked", asked(settings))
        .plain("findings", list(&outcome.findings, finding));
    if let Some(update) = &outcome.update {
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
    let severity = match finding.rule.severity() {
        Severity::Warning => "warning",
        Severity::Error => "error",
    };
    let object = Object::new().text("code", finding.rule.code()).text("severity", severity);
    let object = match finding.line {
        Some(line) => object.plain("line", line),
        None => object,
    };
    object.text("found", &finding.found).text("consequence", finding.rule.consequence()).finish()
}

fn offer(update: &UpdateCheck) -> String {
    let none = Manifest::default();
    let manifest = update.manifests.first().unwrap_or(&none);
    let postinstall = manifest.actions.iter().find(|action| action.event == "postinstall");
    let sha256 = postinstall.and_then(|action| action.sha256).map(|digest| digest.to_hex());
    Object::new()
        .text("version", manifest.version.as_str())
        .plain("codebases", list(&update.urls, |url| json::text(&url.codebase)))
        .text_if("action_sha256", sha256.as_deref().unwrap_or_default())
        .plain("packages", list(&manifest.packages, package))
        .finish()
}

fn package(package: &Package) -> String {
    let hex = |digest: Option<String>| digest.unwrap_or_default();
    Object::new()
        .text("name", &package.name)
        .plain("size", package.size)
        .text_if("sha1", &hex(package.sha1.map(|digest| digest.to_hex())))
        .text_if("sha256", &hex(package.sha256.map(|digest| digest.to_hex())))
        .finish()
}

fn downloaded(download: &Downloaded) -> String {
    let Downloaded { name, url, path, bytes, elapsed, cuts } = download;
    Object::new()
        .text("name", name)
        .text("url", url)
        .text("path", &lossy(path))
        .plain("bytes", bytes)
        .plain("seconds", format_args!("{:.3}", elapsed.as_secs_f64()))
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
