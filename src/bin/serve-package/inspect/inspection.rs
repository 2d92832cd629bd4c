//! What is found out about one file.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use omaha::Digests;
use omaha::payload::{Matching, Payload, PayloadError, Signatures};

use crate::format::sentence;
use crate::key_file::KeyFile;
use crate::published_digest::PublishedDigest;

/// What was found out about a file. What is `None` could not be found out.
#[derive(Debug)]
pub struct Inspection {
    pub path: PathBuf,
    pub digests: Option<Digests>,
    /// What the manifest says, even if the rest is damaged.
    pub payload: Option<Payload>,
    pub signatures: Option<Signatures>,
    pub key: Option<KeyMatch>,
    /// Where the digest was published that the file has.
    pub published: Option<PathBuf>,
    /// Everything that is wrong, in sentences.
    pub problems: Vec<String>,
}

/// A key, and who would take the payload for signed by it.
#[derive(Debug)]
pub struct KeyMatch {
    pub path: PathBuf,
    pub matching: Matching,
}

impl Inspection {
    /// Reads a file to its end. `progress` is called with how many bytes were read, of
    /// how many.
    pub fn of(path: &Path, key: Option<&KeyFile>, mut progress: impl FnMut(u64, u64)) -> Self {
        let mut inspection = Self {
            path: path.to_owned(),
            digests: None,
            payload: None,
            signatures: None,
            key: None,
            published: None,
            problems: Vec::new(),
        };
        if let Err(error) = inspection.read(key, &mut progress) {
            inspection.problems.push(sentence(&error));
            // Of something else, or of something damaged, it is the only trace.
            inspection.digests = File::open(path).and_then(digests).ok();
        }
        inspection.compare();
        inspection
    }

    fn read(
        &mut self,
        key: Option<&KeyFile>,
        progress: &mut impl FnMut(u64, u64),
    ) -> Result<(), PayloadError> {
        let mut file = File::open(&self.path)?;
        let metadata = file.metadata()?;
        // A file that can tell its length needs not be read to the end to know it.
        let size = Some(metadata.len()).filter(|_| metadata.is_file());
        let payload = match size {
            Some(size) => Payload::read_sized(&mut file, size),
            None => Payload::read(&mut file),
        };
        let payload = &*self.payload.insert(payload?);
        if let Some(size) = size {
            payload.check_length(size)?;
        }
        let verified = payload.verify(file, |done| progress(done, payload.length()))?;
        self.digests = Some(verified.digests);
        if let Some(KeyFile { path, key }) = key {
            let matching = verified.signatures.matching(key, &verified.signed_digest);
            if !matching.is_accepted(payload.kind()) {
                let who = match matching.download_sysext {
                    Some(_) => " in the entry that update_engine takes",
                    None => "",
                };
                self.problems.push(format!("it is not signed by the key {path:?}{who}"));
            }
            self.key = Some(KeyMatch { path: path.clone(), matching });
        }
        self.signatures = Some(verified.signatures);
        Ok(())
    }

    /// Compares the digest with the one that is published, if there are both.
    fn compare(&mut self) {
        let Some(Digests { sha256, .. }) = &self.digests else { return };
        let compared = PublishedDigest::of(&self.path).and_then(|published| match published {
            Some(published) => published.compare(sha256).map(|()| Some(published.path)),
            None => Ok(None),
        });
        match compared {
            Ok(published) => self.published = published,
            Err(problem) => self.problems.push(problem),
        }
    }
}

/// The digests of anything but a device, which may have no end.
fn digests(file: File) -> io::Result<Digests> {
    if !file.metadata()?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    Digests::from_reader(file)
}
