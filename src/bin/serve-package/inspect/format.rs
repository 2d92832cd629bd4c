//! An inspection in words: first whether all is right, then what there is.

use std::fmt::Write;

use omaha::payload::{Kind, OperationCounts, PartitionInfo, Payload, Signatures};

use super::inspection::{Inspection, KeyMatch};

/// The words, line by line.
pub fn of(inspection: &Inspection) -> String {
    let Inspection { path, digests, payload, signatures, key, published, problems } = inspection;
    let mut text = format!("{}: {}", path.to_string_lossy().escape_debug(), verdict(inspection));
    let mut line = |name: &str, value: String| {
        // Writing to a string does not fail.
        let _ = write!(text, "\n  {name:<12}{value}");
    };
    if let Some(payload) = payload {
        describe(payload, &mut line);
    }
    if let Some(signatures) = signatures {
        line("signatures", self::signatures(signatures));
    }
    match key {
        Some(key) => line("signed by", signer(key)),
        None if signatures.is_some() => {
            line("signed by", "not known: no --key was given".to_owned())
        }
        None => {}
    }
    if let Some(digests) = digests {
        line("size", format!("{} bytes", digests.size));
        line("SHA-256", digests.sha256.to_hex());
        line("", digests.sha256.to_base64());
        line("SHA-1", digests.sha1.to_base64());
    }
    if let Some(published) = published {
        line("published", format!("{published:?} has this SHA-256"));
    }
    for problem in problems.iter().skip(1) {
        line("also wrong", problem.clone());
    }
    text.push('\n');
    text
}

/// The file in one sentence.
fn verdict(inspection: &Inspection) -> String {
    if let Some(problem) = inspection.problems.first() {
        return format!("WRONG: {problem}");
    }
    let what = inspection.payload.as_ref().map(kind).unwrap_or_default();
    let signed = match inspection.key {
        Some(_) => "signed by the key",
        None => "signer unknown (no --key)",
    };
    format!("right: {what}, complete and undamaged, {signed}")
}

fn kind(payload: &Payload) -> String {
    let form = if payload.is_delta() { "a delta payload" } else { "a full payload" };
    format!("{form} of {}", payload.kind())
}

fn describe(payload: &Payload, line: &mut impl FnMut(&str, String)) {
    let why = match payload.kind() {
        Kind::OperatingSystem => "it has a kernel",
        _ => "it has no kernel",
    };
    let of_delta = if payload.is_delta() { "; it applies to one earlier version only" } else { "" };
    line("kind", format!("{} ({why}{of_delta})", kind(payload)));
    let partition = payload.partition();
    let kernel = payload.kernel().unwrap_or_default();
    for (name, info) in [
        ("partition", partition.new),
        ("  before", partition.old),
        ("kernel", kernel.new),
        ("  before", kernel.old),
    ] {
        if let Some(info) = info {
            line(name, content(&info));
        }
    }
    line("operations", operations(&payload.operation_counts()));
}

fn content(info: &PartitionInfo) -> String {
    let digest = info.sha256.map(|digest| format!(", SHA-256 {digest}")).unwrap_or_default();
    format!("{} bytes{digest}", info.size)
}

fn operations(counts: &OperationCounts) -> String {
    let kinds = [
        ("REPLACE", counts.replace),
        ("REPLACE_BZ", counts.replace_bz),
        ("MOVE", counts.moves),
        ("BSDIFF", counts.bsdiff),
    ];
    let kinds = kinds.iter().filter(|(_, count)| *count > 0);
    let kinds: Vec<_> = kinds.map(|(name, count)| format!("{count} {name}")).collect();
    match counts.without_digest {
        0 => format!("{}: {}", counts.total(), kinds.join(", ")),
        some => format!("{}: {}; {some} without a digest", counts.total(), kinds.join(", ")),
    }
}

fn signatures(signatures: &Signatures) -> String {
    let versions = signatures.entries.iter().map(|entry| entry.version.to_string());
    let versions: Vec<_> = versions.collect();
    format!("{}, of version {}", versions.len(), versions.join(" and "))
}

fn signer(key: &KeyMatch) -> String {
    let KeyMatch { path, matching } = key;
    match (matching.update_engine, matching.download_sysext) {
        (true, _) => format!("{path:?}, for update_engine and download_sysext"),
        (false, Some(version)) => {
            format!("{path:?}, for download_sysext only (the entry of version {version})")
        }
        (false, None) => format!("another key than {path:?}"),
    }
}
