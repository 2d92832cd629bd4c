//! Applications, their update checks, and where packages come from.

use super::{Findings, Node, Rule, Severity, manifest};
use crate::Chain;
use crate::client::HttpUrl;
use crate::client::app_status::Explained;
use crate::client::url::has_scheme;
use crate::quoted::Quoted;

/// Seconds that `update_engine` takes as they are: 45 minutes to 4 hours.
const POLL_INTERVAL: std::ops::RangeInclusive<u64> = 45 * 60..=4 * 60 * 60;

pub(super) fn check_all(response: &Node, findings: &mut Findings) {
    let mut checks = response.all_in("app", "updatecheck");
    let first = checks.next();
    let is_offer = first.is_some_and(|check| check.get("status") == Some("ok"));
    if let Some(second) = checks.next() {
        let found = format!("there are {} update checks", checks.count() + 2);
        findings.add(Rule::UpdateChecks, second, found);
    }
    for app in response.all("app") {
        match app.get("status") {
            None | Some("ok") => {}
            Some(status) => {
                let found = format!("the application's status is {}", Explained(&status.into()));
                findings.add(Rule::AppStatus, app, found);
            }
        }
        for check in app.all("updatecheck") {
            let is_first = first.is_some_and(|first| std::ptr::eq(first, check));
            let mut own = Findings::default();
            check_update(check, &mut own);
            // The others are not update_engine's.
            own.0.retain(|finding| is_first || finding.severity() == Severity::Warning);
            findings.0.append(&mut own.0);
        }
        if is_offer {
            check_complete(app, findings);
        }
    }
}

/// What `download_sysext` needs of every application.
fn check_complete(app: &Node, findings: &mut Findings) {
    let id = app.get("appid").unwrap_or_default();
    if !is_braced_uuid(id) {
        let found = format!("appid {} is not a UUID in braces", Quoted(id));
        findings.add(Rule::AppIdForm, app, found);
    }
    if app.get("status").is_none() {
        findings.add(Rule::AppIncomplete, app, "an <app> has no status");
    }
    let manifest = || app.all_in("updatecheck", "manifest");
    for (name, there) in [
        ("updatecheck", app.all("updatecheck").next().is_some()),
        ("urls", app.all_in("updatecheck", "urls").next().is_some()),
        ("manifest", manifest().next().is_some()),
        ("packages", manifest().all(|manifest| manifest.all("packages").next().is_some())),
        ("actions", manifest().all(|manifest| manifest.all("actions").next().is_some())),
    ] {
        if !there {
            let found = format!("application {} has no <{name}>", Quoted(id));
            findings.add(Rule::AppIncomplete, app, found);
            // What is within it is missing as well.
            break;
        }
    }
}

fn is_braced_uuid(text: &str) -> bool {
    let inner = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
    inner.is_some_and(|inner| {
        let is_hex = |group: &str| group.bytes().all(|byte| byte.is_ascii_hexdigit());
        inner.split('-').map(str::len).eq([8, 4, 4, 4, 12]) && inner.split('-').all(is_hex)
    })
}

fn check_update(check: &Node, findings: &mut Findings) {
    // What is no number at all is found among the values.
    if let Some(interval) = check.get("PollInterval")
        && interval.trim().parse().is_ok_and(|seconds| !POLL_INTERVAL.contains(&seconds))
    {
        let found = format!("PollInterval is {} seconds", Quoted(interval));
        findings.add(Rule::PollInterval, check, found);
    }
    match check.get("status") {
        None => findings.add(Rule::StatusMissing, check, "<updatecheck> has no status"),
        Some("ok") => {
            check_urls(check, findings);
            manifest::check_all(check, findings);
        }
        Some(_) => {}
    }
}

fn check_urls(check: &Node, findings: &mut Findings) {
    if check.all_in("urls", "url").next().is_none() {
        findings.add(Rule::Codebase, check, "the update has no <url>");
    }
    for url in check.all_in("urls", "url") {
        let codebase = url.get("codebase").unwrap_or_default();
        if codebase.is_empty() {
            findings.add(Rule::Codebase, url, "a <url> has no codebase");
            continue;
        }
        let parsed = match HttpUrl::of_codebase(codebase) {
            Ok(parsed) => parsed,
            Err(error) => {
                let (codebase, error) = (Quoted(codebase), Chain(&error));
                let found = format!("codebase {codebase} is not a URL to fetch from: {error}");
                findings.add(Rule::CodebaseUrl, url, found);
                continue;
            }
        };
        if !has_scheme(codebase) {
            let host = parsed.host();
            let is_host = parsed.authority().port().is_some()
                || host.contains(['.', ':'])
                || host.eq_ignore_ascii_case("localhost");
            // Anything else is the beginning of a path.
            let rule = if is_host { Rule::CodebaseScheme } else { Rule::CodebaseUrl };
            let found = format!("codebase {} has no http://", Quoted(codebase));
            findings.add(rule, url, found);
        }
        if let Some(user_info) = parsed.user_info() {
            let user = user_info.split(':').next().unwrap_or_default();
            let found = format!("a codebase names the user {}", Quoted(user));
            findings.add(Rule::CodebaseUser, url, found);
        }
        if !codebase.ends_with('/') {
            let found = format!("codebase {} does not end in a slash", Quoted(codebase));
            findings.add(Rule::CodebaseSlash, url, found);
        }
    }
}
