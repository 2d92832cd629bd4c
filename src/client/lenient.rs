//! A response as `update_engine` reads it.
//!
//! Its rules are those of `omaha_request_action.cc`: the protocol is not
//! compared, and a value that cannot be read counts as absent. What would
//! make other clients fail is reported by [`lint`](super::lint).

use std::str::FromStr;

use crate::protocol::response::{
    Action, App, DayStart, Manifest, Metadata, Package, Response, UpdateCheck, Url,
};
use crate::protocol::xml::Node;
use crate::protocol::{AckStatus, ReadError};

/// Reads a response document.
///
/// # Errors
///
/// When it is not well-formed, beyond the [limits](crate::protocol::limits),
/// or another kind of document.
pub(super) fn read(document: &[u8]) -> Result<Response, ReadError> {
    let root = Node::read(document, "response")?;
    Ok(Response {
        server: text(&root, "server"),
        day_start: last(&root, "daystart").map(|node| DayStart {
            elapsed_seconds: parsed(node, "elapsed_seconds").unwrap_or_default(),
        }),
        apps: root.all("app").map(app).collect(),
        ..Response::default()
    })
}

fn app(node: &Node) -> App {
    let acknowledged = |node: &Node| node.get("status").map_or(AckStatus::Ok, AckStatus::from);
    App {
        id: text(node, "appid"),
        status: node.get("status").map(Into::into).unwrap_or_default(),
        ping: last(node, "ping").map(acknowledged),
        // The first one, where everything else takes the last.
        update_check: node.all("updatecheck").next().map(update_check),
        events: node.all("event").map(acknowledged).collect(),
    }
}

fn update_check(node: &Node) -> UpdateCheck {
    let url = |node: &Node| Url { codebase: text(node, "codebase") };
    UpdateCheck {
        status: node.get("status").map(Into::into).unwrap_or_default(),
        poll_interval: parsed(node, "PollInterval"),
        urls: node.all_in("urls", "url").map(url).collect(),
        manifests: node.all("manifest").map(manifest).collect(),
    }
}

fn manifest(node: &Node) -> Manifest {
    let packages = node.all_in("packages", "package").enumerate();
    Manifest {
        version: node.get("version").unwrap_or_default().into(),
        packages: packages.map(|(index, node)| package(node, index == 0)).collect(),
        actions: node.all_in("actions", "action").map(action).collect(),
        is_floor: is_true(node, "is_floor"),
        floor_reason: text(node, "floor_reason"),
        is_target: is_true(node, "is_target"),
    }
}

/// A package. `update_engine` reads the first one, `download_sysext` the others.
fn package(node: &Node, is_first: bool) -> Package {
    let size = node.get("size").unwrap_or_default();
    Package {
        name: text(node, "name"),
        sha1: parsed(node, "hash"),
        sha256: parsed(node, "hash_sha256"),
        size: if is_first { scan(size) } else { size.trim().parse().unwrap_or_default() },
        required: is_true(node, "required"),
        metadata: last(node, "metadata").map(|node| Metadata {
            content_type: text(node, "content-type"),
            content: node.text.clone(),
        }),
    }
}

fn action(node: &Node) -> Action {
    Action {
        event: text(node, "event"),
        display_version: text(node, "DisplayVersion"),
        sha256: parsed(node, "sha256"),
        needs_admin: is_true(node, "needsadmin"),
        is_delta_payload: is_true(node, "IsDeltaPayload"),
        disable_payload_backoff: is_true(node, "DisablePayloadBackoff"),
        max_failure_count_per_url: parsed(node, "MaxFailureCountPerUrl"),
        metadata_signature_rsa: text(node, "MetadataSignatureRsa"),
        metadata_size: parsed(node, "MetadataSize"),
        deadline: text(node, "deadline"),
        more_info: text(node, "MoreInfo"),
        prompt: is_true(node, "Prompt"),
    }
}

/// The last element of a name, as everything but an update check is taken.
fn last<'a>(node: &'a Node, name: &'a str) -> Option<&'a Node> {
    node.all(name).last()
}

fn text(node: &Node, name: &str) -> String {
    node.get(name).unwrap_or_default().to_owned()
}

fn parsed<T: FromStr>(node: &Node, name: &str) -> Option<T> {
    node.get(name)?.trim().parse().ok()
}

/// `update_engine` compares with the word itself.
fn is_true(node: &Node, name: &str) -> bool {
    node.get(name) == Some("true")
}

/// The size of the operating system's package as `update_engine` reads it: with
/// `sscanf` and the conversion `%i`, for which a number that begins with `0` is
/// octal and one that begins with `0x` is hexadecimal, and which stops at the
/// first character that is no digit. 0 for what is none, and for less.
pub(super) fn scan(text: &str) -> u64 {
    let text = text.trim_start_matches([' ', '\t', '\n', '\u{b}', '\u{c}', '\r']);
    let text = text.strip_prefix('+').unwrap_or(text);
    let hex = text.strip_prefix("0x").or(text.strip_prefix("0X"));
    let (digits, radix) = match hex {
        Some(digits) => (digits, 16),
        None if text.starts_with('0') => (text, 8),
        None => (text, 10),
    };
    let digits = digits.chars().map_while(|digit| digit.to_digit(radix));
    let value = digits.fold(0_i64, |value, digit| {
        value.saturating_mul(radix.into()).saturating_add(digit.into())
    });
    value.unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::xml::limits;

    #[test]
    fn sizes_as_sscanf_reads_them() {
        for (text, size) in [
            ("29", 29),
            (" +29", 29),
            ("0029", 2),
            ("0035", 29),
            ("0x1D", 29),
            ("0X1d", 29),
            ("29 bytes", 29),
            ("0", 0),
            ("", 0),
            ("-29", 0),
            ("abc", 0),
            ("99999999999999999999", i64::MAX.unsigned_abs()),
        ] {
            assert_eq!(scan(text), size, "{text:?}");
        }
    }

    #[test]
    fn what_is_right_is_read_as_strictly_read() {
        let document = r#"<?xml version="1.0"?><response protocol="3.0" server="s">
            <daystart elapsed_seconds="7"/>
            <app appid="{a}" status="error-x"><ping status="ok"/><updatecheck status="ok" PollInterval="60">
                <urls><url codebase="http://a/"/><url codebase="http://b/"/></urls>
                <manifest version="1.2.3" is_floor="true" floor_reason="r" is_target="true"><packages>
                    <package name="u" hash="L9ThxnotKPzthJ7hu3bnORuT6xI=" size="3" required="true">
                        <metadata content-type="text/plain">a &amp; b</metadata></package>
                    <package name="v" size="0029" hash_sha256="b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c"/>
                </packages><actions><action event="postinstall" DisplayVersion="d" needsadmin="true"
                    sha256="tbudgBSg+bHWHiHnlteNzN8TUvI80ygS9IULh4rklEw=" IsDeltaPayload="true"
                    DisablePayloadBackoff="true" MaxFailureCountPerUrl="2" MetadataSignatureRsa="m"
                    MetadataSize="4" deadline="now" MoreInfo="i" Prompt="true"/></actions></manifest>
            </updatecheck><event status="ok"/><event status="error"/></app><app/></response>"#;
        assert_eq!(
            read(document.as_bytes()).unwrap(),
            Response::read(document.as_bytes()).unwrap()
        );
    }

    #[test]
    fn what_is_not_counts_as_absent() {
        let document = r#"<response protocol="2.0"><app><updatecheck status="ok" PollInterval="soon">
            <manifest><packages><package size="0029" hash="abc" required="maybe"/></packages>
            <actions><action sha256="?" MaxFailureCountPerUrl="abc"/></actions></manifest>
            </updatecheck></app></response>"#;
        let response = read(document.as_bytes()).unwrap();
        let check = response.apps[0].update_check.as_ref().unwrap();
        let Manifest { packages, actions, .. } = &check.manifests[0];
        assert_eq!((check.poll_interval, packages[0].size, packages[0].sha1), (None, 2, None));
        assert_eq!((actions[0].sha256, actions[0].max_failure_count_per_url), (None, None));
    }

    #[test]
    fn the_limits_hold() {
        let deep = format!("<response>{}", "<a>".repeat(limits::DEPTH));
        let error = read(deep.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("nested elements"), "{error}");
    }
}
