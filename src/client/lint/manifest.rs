//! Manifests and their actions.

use super::{Findings, Node, Rule, package};
use crate::digest::Sha256;
use crate::quoted::Quoted;

pub(super) fn check_all(check: &Node, findings: &mut Findings) {
    let mut manifests = check.all("manifest");
    let Some(first) = manifests.next() else {
        return findings.add(Rule::Package, check, "the update has no <manifest>");
    };
    if let Some(second) = manifests.next() {
        let number = check.all("manifest").count();
        findings.add(Rule::Manifests, second, format!("there are {number} manifests"));
    }
    for manifest in check.all("manifest") {
        if manifest.get("version").is_none_or(str::is_empty) {
            findings.add(Rule::ManifestVersion, manifest, "a <manifest> has no version");
        }
    }
    package::check_all(first, findings);
    check_actions(first, findings);
}

fn check_actions(manifest: &Node, findings: &mut Findings) {
    let is_postinstall = |action: &&Node| action.get("event") == Some("postinstall");
    let actions = || manifest.all_in("actions", "action");
    let postinstall = actions().find(is_postinstall);
    match postinstall {
        Some(action) => check_postinstall(action, findings),
        None => findings.add(Rule::Action, manifest, "there is no postinstall action"),
    }
    let others =
        actions().filter(|action| !postinstall.is_some_and(|one| std::ptr::eq(one, *action)));
    for action in others {
        if Sha256::from_base64(action.get("sha256").unwrap_or_default()).is_err() {
            let found = "an <action> besides the first postinstall has no sha256 in base64";
            findings.add(Rule::OtherActionDigest, action, found);
        }
    }
    for action in actions() {
        let event = action.get("event").unwrap_or_default();
        if !matches!(event, "preinstall" | "install" | "postinstall" | "update") {
            let found = format!("there is an action for event {}", Quoted(event));
            findings.add(Rule::ActionEvent, action, found);
        }
    }
}

/// The action that `update_engine` reads.
fn check_postinstall(action: &Node, findings: &mut Findings) {
    match action.get("sha256") {
        None | Some("") => {
            findings.add(Rule::ActionDigest, action, "the postinstall action has no sha256");
        }
        Some(digest) if Sha256::from_base64(digest).is_err() => {
            let form = if Sha256::from_hex(digest).is_ok() { "hex" } else { "something else" };
            let found = format!(
                "sha256 {} of the postinstall action is {form}, not base64",
                Quoted(digest)
            );
            findings.add(Rule::ActionDigestForm, action, found);
        }
        Some(_) => {}
    }
    // Exactly this word: update_engine compares the text.
    match action.get("DisablePayloadBackoff") {
        Some("true") => {}
        None => findings.add(Rule::Backoff, action, "DisablePayloadBackoff=\"true\" is missing"),
        Some(other) => {
            let found = format!("DisablePayloadBackoff is {}, not \"true\"", Quoted(other));
            findings.add(Rule::Backoff, action, found);
        }
    }
}
