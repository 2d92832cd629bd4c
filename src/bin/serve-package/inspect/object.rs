//! An inspection as one JSON object. Its members are described in
//! `dist/manual/inspect.md`; new ones may be added, and none is renamed.

use omaha::payload::{Kind, PartitionInfo, Payload};

use super::inspection::Inspection;
use crate::json::{self, Object, list};

/// The object.
pub fn of(inspection: &Inspection) -> String {
    let Inspection { path, digests, payload, signatures, key, published, problems } = inspection;
    let mut object = Object::new()
        .text("file", &path.to_string_lossy())
        .plain("right", problems.is_empty())
        .plain("problems", list(problems, |problem| json::text(problem)));
    if let Some(digests) = digests {
        object = object
            .plain("size", digests.size)
            .text("sha256", &digests.sha256.to_hex())
            .text("sha256_base64", &digests.sha256.to_base64())
            .text("sha1_base64", &digests.sha1.to_base64());
    }
    if let Some(payload) = payload {
        object = object.plain("payload", self::payload(payload));
    }
    if let Some(signatures) = signatures {
        let versions = list(&signatures.entries, |entry| entry.version.to_string());
        object = object.plain("signature_versions", versions);
    }
    if let Some(key) = key {
        let who = Object::new()
            .text("file", &key.path.to_string_lossy())
            .plain("update_engine", key.matching.update_engine)
            .plain("download_sysext", key.matching.download_sysext.is_some());
        object = object.plain("key", who.finish());
    }
    if let Some(published) = published {
        object = object.text("published", &published.to_string_lossy());
    }
    object.finish()
}

fn payload(payload: &Payload) -> String {
    let counts = payload.operation_counts();
    let (partition, kernel) = (payload.partition(), payload.kernel().unwrap_or_default());
    let kind = match payload.kind() {
        Kind::OperatingSystem => "operating-system",
        _ => "extension",
    };
    let mut object = Object::new()
        .text("kind", kind)
        .plain("delta", payload.is_delta())
        .plain("length", payload.length())
        .plain("block_size", payload.block_size())
        .plain("signatures_offset", payload.signed_length())
        .plain("signatures_size", payload.signatures_size())
        .plain("replace", counts.replace)
        .plain("replace_bz", counts.replace_bz)
        .plain("move", counts.moves)
        .plain("bsdiff", counts.bsdiff);
    for (name, info) in [
        ("partition", partition.new),
        ("old_partition", partition.old),
        ("kernel", kernel.new),
        ("old_kernel", kernel.old),
    ] {
        if let Some(info) = info {
            object = object.plain(name, content(&info));
        }
    }
    object.finish()
}

fn content(info: &PartitionInfo) -> String {
    let digest = info.sha256.map(|digest| digest.to_hex()).unwrap_or_default();
    Object::new().plain("size", info.size).text_if("sha256", &digest).finish()
}
