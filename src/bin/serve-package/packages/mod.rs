//! The packages that are served: opened, hashed, and refused if no machine could
//! install them.

mod error;

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use omaha::payload::{Kind, Payload, PayloadError};
use omaha::{PackageError, PackageFile, PackageName, PayloadFile, Version};

use crate::args::{EXTENSION, PACKAGE_FILE, PackageSource, Settings, Source, UPDATES};
use crate::digest_cache::DigestCache;
use crate::hashing::Hashing;
use crate::key_file::KeyFile;
use crate::log::Priority;
use crate::published_digest::PublishedDigest;
use error::Problem;
pub use error::{StartError, is_hidden};

/// What is served.
pub struct Packages {
    /// The operating system's, and then the extensions.
    pub packages: Vec<Arc<PackageFile>>,
    /// Whether the operating system's needs a certain version before it.
    pub is_delta: bool,
    /// What the operator should know about them.
    pub notes: Vec<(Priority, String)>,
}

/// Opens, hashes and checks everything.
///
/// # Errors
///
/// The first thing that is wrong.
pub fn open(settings: &Settings, source: &PackageSource) -> Result<Packages, StartError> {
    let names = names(source)?;
    let paths: Vec<_> = [&source.file].into_iter().chain(&source.extensions).collect();
    let hashing = Hashing::new(&paths);
    if !settings.skip_payload_check {
        refuse_twins(&paths)?;
    }
    let mut notes = Vec::new();
    let checks = Checks::new(settings, &mut notes)?;
    let (mut packages, mut is_delta) = (Vec::new(), false);
    for (index, (path, name)) in paths.iter().zip(names).enumerate() {
        let opened = checks.open(&hashing, &DigestCache::none(), index == 0, path, name)?;
        notes.extend(opened.note);
        is_delta |= index == 0 && opened.is_delta;
        packages.push(Arc::new(opened.package));
    }
    if settings.skip_payload_check {
        notes.push((Priority::Warning, NOT_CHECKED.to_owned()));
    }
    Ok(Packages { packages, is_delta, notes })
}

/// What the operator is told who wants it so.
pub const NOT_CHECKED: &str = "the packages were not checked (--skip-payload-check)";

/// What is checked of every package.
pub struct Checks<'a> {
    settings: &'a Settings,
    key: Option<KeyFile>,
    /// The key of the machine on which this runs.
    of_machine: Option<KeyFile>,
}

/// A package that was opened and checked.
pub struct Opened {
    pub package: PackageFile,
    pub is_delta: bool,
    /// What the operator should know about it.
    pub note: Option<(Priority, String)>,
    /// Whether it was not read, because it was hashed before.
    pub is_recalled: bool,
}

impl<'a> Checks<'a> {
    /// Reads the keys.
    ///
    /// # Errors
    ///
    /// When the one that was named cannot be read.
    pub fn new(
        settings: &'a Settings,
        notes: &mut Vec<(Priority, String)>,
    ) -> Result<Self, StartError> {
        let key = settings.key.as_deref().map(KeyFile::read).transpose()?;
        let of_machine = match KeyFile::of_machine() {
            _ if settings.skip_payload_check => None,
            Ok(machine) => machine.filter(|_| key.is_none()),
            Err(error) => {
                notes.push((Priority::Warning, error.to_string()));
                None
            }
        };
        Ok(Self { settings, key, of_machine })
    }

    /// Opens, hashes and checks a package: an operating system's, or an
    /// extension.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong with it.
    pub fn open(
        &self,
        hashing: &Hashing,
        cache: &DigestCache,
        is_system: bool,
        path: &Path,
        name: PackageName,
    ) -> Result<Opened, StartError> {
        let flag = match &self.settings.source {
            Source::Updates(_) => UPDATES,
            Source::Package(_) if is_system => PACKAGE_FILE,
            Source::Package(_) => EXTENSION,
        };
        let fail = |error| StartError::Open { flag, path: path.to_owned(), error: Box::new(error) };
        if self.settings.skip_payload_check {
            let recall = |known: &[u8]| PackageFile::recall(path, name.clone(), known);
            let hash = || hashing.open(path, name.clone());
            let (package, is_recalled) =
                recall_or_hash(cache, path, recall, hash, PackageFile::remember).map_err(fail)?;
            compare(&package)?;
            // One that is for one version only is taken for a delta.
            let is_delta = self.previous_version().is_some();
            return Ok(Opened { package, is_delta, note: None, is_recalled });
        }
        let recall = |known: &[u8]| PayloadFile::recall(path, name.clone(), known);
        let hash = || hashing.open_payload(path, name.clone());
        let (opened, is_recalled) =
            recall_or_hash(cache, path, recall, hash, PayloadFile::remember).map_err(fail)?;
        let refuse = |problem| StartError::Package { path: path.to_owned(), problem };
        self.check_place(is_system, &opened.payload).map_err(refuse)?;
        if let Some(key) = &self.key
            && !is_signed_by(key, &opened)
        {
            let not_signed = || Problem::NotSigned(key.path.clone());
            return Err(refuse(damage(path).map_or_else(not_signed, Problem::Damaged)));
        }
        compare(&opened.package)?;
        let note = self.of_machine.as_ref().map(|key| fit(key, &opened));
        let is_delta = opened.payload.is_delta();
        Ok(Opened { package: opened.package, is_delta, note, is_recalled })
    }

    fn previous_version(&self) -> Option<&Version> {
        match &self.settings.source {
            Source::Package(source) => source.previous_version.as_ref(),
            Source::Updates(_) => None,
        }
    }

    /// Whether a payload is where its kind belongs.
    fn check_place(&self, is_system: bool, payload: &Payload) -> Result<(), Problem> {
        let is_folder = matches!(self.settings.source, Source::Updates(_));
        match (is_system, payload.kind()) {
            (true, Kind::Extension) if is_folder => Err(Problem::Misnamed("extension")),
            (false, Kind::OperatingSystem) if is_folder => {
                Err(Problem::Misnamed("operating system"))
            }
            (true, Kind::Extension) => Err(Problem::Extension),
            (false, Kind::OperatingSystem) => Err(Problem::OperatingSystem),
            _ if !payload.is_delta() => Ok(()),
            _ if is_folder => Err(Problem::DeltaInFolder),
            (true, _) if self.previous_version().is_some() => Ok(()),
            (true, _) => Err(Problem::Delta),
            (false, _) => Err(Problem::DeltaExtension),
        }
    }
}

/// What was found out about a package before, or else what is found out now and
/// kept for the next time; and whether it was known before.
fn recall_or_hash<T>(
    cache: &DigestCache,
    path: &Path,
    recall: impl FnOnce(&[u8]) -> Option<T>,
    hash: impl FnOnce() -> Result<T, PackageError>,
    remember: impl FnOnce(&T) -> Vec<u8>,
) -> Result<(T, bool), PackageError> {
    if let Some(known) = cache.read(path).and_then(|known| recall(&known)) {
        return Ok((known, true));
    }
    let found = hash()?;
    cache.write(path, || remember(&found));
    Ok((found, false))
}

/// What the packages are called, each by another name.
fn names(source: &PackageSource) -> Result<Vec<PackageName>, StartError> {
    let mut names = vec![source.name.clone()];
    for path in &source.extensions {
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| StartError::NoName(path.clone()))?;
        let name: PackageName = name.parse().map_err(StartError::Name)?;
        if names.contains(&name) {
            return Err(StartError::SameName(name));
        }
        names.push(name);
    }
    Ok(names)
}

/// Refuses one file under two names. What cannot be asked is told when it is
/// opened.
fn refuse_twins(paths: &[&PathBuf]) -> Result<(), StartError> {
    let mut seen = Vec::new();
    for path in paths {
        let Ok(metadata) = fs::metadata(path) else { continue };
        let identity = (metadata.dev(), metadata.ino());
        if seen.contains(&identity) {
            let problem = Problem::Twice;
            return Err(StartError::Package { path: (*path).clone(), problem });
        }
        seen.push(identity);
    }
    Ok(())
}

fn is_signed_by(key: &KeyFile, opened: &PayloadFile) -> bool {
    let matching = opened.signatures.matching(&key.key, &opened.signed_digest);
    matching.is_accepted(opened.payload.kind())
}

/// The damage because of which no signature fits, if there is some.
fn damage(path: &Path) -> Option<PayloadError> {
    let mut file = File::open(path).ok()?;
    let error = Payload::read(&mut file).ok()?.verify(file, |_| {}).err()?;
    matches!(error, PayloadError::Damaged { .. }).then_some(error)
}

/// Whether a package fits the key of the machine on which this runs; others may
/// have another one.
fn fit(key: &KeyFile, opened: &PayloadFile) -> (Priority, String) {
    let (name, path) = (opened.package.name(), &key.path);
    if is_signed_by(key, opened) {
        (Priority::Info, format!("package {name} is signed by this machine's key {path:?}"))
    } else {
        let text = format!(
            "package {name} is not signed by this machine's key {path:?}; only a machine with \
             another key can install it"
        );
        (Priority::Warning, text)
    }
}

/// Compares a package with the digest that lies beside it, if one does.
///
/// # Errors
///
/// When that is another one, or cannot be read.
pub fn compare(package: &PackageFile) -> Result<(), StartError> {
    let compared = PublishedDigest::of(package.path()).and_then(|published| {
        published.map_or(Ok(()), |published| published.compare(&package.digests().sha256))
    });
    compared.map_err(|problem| StartError::Package {
        path: package.path().to_owned(),
        problem: Problem::Published(problem),
    })
}
