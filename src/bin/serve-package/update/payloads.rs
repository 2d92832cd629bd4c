//! The payloads that were given: whole, in their places, signed for this
//! machine, and all that it needs.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use omaha::payload::{Kind, Payload};
use omaha::{PackageFile, PackageName};

use super::finding::Findings;
use super::root::Root;
use crate::args::Request;
use crate::format::sentence;
use crate::key_file::KeyFile;
use crate::published_digest::PublishedDigest;

/// The machine's key.
const KEY: &str = "/usr/share/update_engine/update-payload-key.pub.pem";

/// What go-omaha's clients and scripts know the operating system's package as.
const SYSTEM_NAME: &str = "update.gz";

/// The payloads that are right.
#[derive(Debug, Default)]
pub struct Payloads {
    /// The operating system's, if it is right, and then the extensions.
    pub packages: Vec<Arc<PackageFile>>,
    /// Bytes that the installed extensions take.
    pub extensions_size: u64,
}

/// Opens and checks every payload. What is wrong becomes a finding.
pub fn open(request: &Request, root: &Root, findings: &mut Findings) -> Payloads {
    let key = machine_key(root, findings);
    let mut payloads = Payloads::default();
    let mut seen: Vec<(u64, u64)> = Vec::new();
    let extensions = request.extensions.iter().map(|path| (path, Kind::Extension));
    for (path, kind) in
        [(&request.package_file, Kind::OperatingSystem)].into_iter().chain(extensions)
    {
        if let Ok(metadata) = fs::metadata(path) {
            let identity = (metadata.dev(), metadata.ino());
            if seen.contains(&identity) {
                findings.error(format!("{path:?}: the file is given twice"));
                continue;
            }
            seen.push(identity);
        }
        match open_one(path, kind, key.as_ref()) {
            Ok(opened) => {
                let new = opened.payload.partition().new;
                if kind == Kind::Extension {
                    let size = new.map_or(0, |partition| partition.size);
                    payloads.extensions_size = payloads.extensions_size.saturating_add(size);
                }
                payloads.packages.push(Arc::new(opened.package));
            }
            Err(problem) => findings.error(problem),
        }
    }
    refuse_same_names(&payloads.packages, findings);
    payloads
}

fn machine_key(root: &Root, findings: &mut Findings) -> Option<KeyFile> {
    let path = root.path(KEY);
    if !path.exists() {
        findings.warning(format!(
            "there is no {KEY}, so it cannot be told whether the machine takes the signatures"
        ));
        return None;
    }
    KeyFile::read(&path).map_err(|error| findings.error(sentence(&error))).ok()
}

/// Opens one payload and reads all of it.
fn open_one(path: &Path, place: Kind, key: Option<&KeyFile>) -> Result<omaha::PayloadFile, String> {
    let opened = PackageFile::open_payload(path, name(path, place)?, &|_| {});
    let opened = opened.map_err(|error| sentence(&error))?;
    let (kind, fail) = (opened.payload.kind(), |text: &str| Err(format!("{path:?}: {text}")));
    match (place, kind) {
        (Kind::OperatingSystem, Kind::Extension) => {
            return fail("it is an extension; give it with --extension");
        }
        (Kind::Extension, Kind::OperatingSystem) => {
            return fail("it is an operating system; give it with --package-file");
        }
        _ => {}
    }
    if opened.payload.is_delta() {
        return fail("it is a delta payload, for one earlier version only; get the full one");
    }
    if let Some(key) = key {
        let matching = opened.signatures.matching(&key.key, &opened.signed_digest);
        if !matching.is_accepted(kind) {
            return fail(&format!(
                "it is not signed with this machine's key, {KEY}; a production image takes \
                 the payloads of the release server only"
            ));
        }
    }
    let published = PublishedDigest::of(path).and_then(|published| match published {
        Some(published) => published.compare(&opened.package.digests().sha256),
        None => Ok(()),
    });
    if let Err(problem) = published {
        return fail(&problem);
    }
    match undamaged(path) {
        Ok(()) => Ok(opened),
        Err(problem) => fail(&problem),
    }
}

/// Compares the data of every operation with its digest.
fn undamaged(path: &Path) -> Result<(), String> {
    let mut file = File::open(path).map_err(|error| sentence(&error))?;
    let payload = Payload::read(&mut file).map_err(|error| sentence(&error))?;
    payload.verify(&mut file, |_| {}).map(drop).map_err(|error| sentence(&error))
}

/// What a payload is called when it is served.
fn name(path: &Path, place: Kind) -> Result<PackageName, String> {
    let name = match place {
        Kind::Extension => path.file_name().and_then(|name| name.to_str()),
        _ => Some(SYSTEM_NAME),
    };
    let name = name.ok_or_else(|| format!("{path:?}: an extension needs a file name"))?;
    name.parse().map_err(|error| format!("{path:?}: {error}"))
}

fn refuse_same_names(packages: &[Arc<PackageFile>], findings: &mut Findings) {
    for (index, package) in packages.iter().enumerate() {
        if packages.iter().take(index).any(|other| other.name() == package.name()) {
            findings.error(format!("two packages would be called {}", package.name()));
        }
    }
}
