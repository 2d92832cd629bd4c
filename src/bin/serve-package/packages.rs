//! The packages that are served: opened, hashed, and refused if no machine could
//! install them.

use std::error::Error;
use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use omaha::payload::{Kind, Payload};
use omaha::{PackageError, PackageFile, PackageName, ParsePackageNameError, PayloadFile};

use crate::args::{EXTENSION, PACKAGE_FILE, Settings};
use crate::format::Plain;
use crate::hashing::Hashing;
use crate::key::{KeyFile, KeyFileError};
use crate::log::Priority;
use crate::published::Published;

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
pub fn open(settings: &Settings) -> Result<Packages, StartError> {
    let names = names(settings)?;
    let paths: Vec<_> = [&settings.package_file].into_iter().chain(&settings.extensions).collect();
    let hashing = Hashing::new(paths.iter().map(|path| path.as_path()));
    if settings.skip_payload_check {
        return open_anything(settings, &hashing, &paths, names);
    }
    refuse_twins(&paths)?;
    let key = settings.key.as_deref().map(KeyFile::read).transpose()?;
    let (mut packages, mut is_delta, mut notes) = (Vec::new(), false, Vec::new());
    let machine = match KeyFile::of_machine() {
        Ok(machine) => machine.filter(|_| key.is_none()),
        Err(error) => {
            notes.push((Priority::Warning, error.to_string()));
            None
        }
    };
    for (index, (path, name)) in paths.iter().zip(names).enumerate() {
        let opened = hashing.open_payload(path, name);
        let opened = opened.map_err(|error| StartError::open(index, path, error))?;
        let refuse = |problem| StartError::Package { path: (*path).clone(), problem };
        let is_system = index == 0;
        check_place(settings, is_system, &opened.payload).map_err(refuse)?;
        if let Some(key) = &key
            && !is_signed_by(key, &opened)
        {
            return Err(refuse(Problem::NotSigned(key.path.clone())));
        }
        compare(&opened.package)?;
        notes.extend(machine.as_ref().map(|key| fit(key, &opened)));
        is_delta |= is_system && opened.payload.is_delta();
        packages.push(Arc::new(opened.package));
    }
    Ok(Packages { packages, is_delta, notes })
}

/// Opens and hashes what need not be a payload. A payload that is for one version
/// only is then taken for a delta.
fn open_anything(
    settings: &Settings,
    hashing: &Hashing,
    paths: &[&PathBuf],
    names: Vec<PackageName>,
) -> Result<Packages, StartError> {
    let mut packages = Vec::new();
    for (index, (path, name)) in paths.iter().zip(names).enumerate() {
        let package = hashing.open(path, name);
        let package = package.map_err(|error| StartError::open(index, path, error))?;
        compare(&package)?;
        packages.push(Arc::new(package));
    }
    let note = "the packages were not checked (--skip-payload-check)";
    Ok(Packages {
        packages,
        is_delta: settings.previous_version.is_some(),
        notes: vec![(Priority::Warning, note.to_owned())],
    })
}

/// What the packages are called, each by another name.
fn names(settings: &Settings) -> Result<Vec<PackageName>, StartError> {
    let mut names = vec![settings.package_name.clone()];
    for path in &settings.extensions {
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

/// Whether a payload is where its kind belongs.
fn check_place(settings: &Settings, is_system: bool, payload: &Payload) -> Result<(), Problem> {
    match (is_system, payload.kind()) {
        (true, Kind::Extension) => Err(Problem::Extension),
        (false, Kind::OperatingSystem) => Err(Problem::OperatingSystem),
        _ if !payload.is_delta() => Ok(()),
        (true, _) if settings.previous_version.is_some() => Ok(()),
        (true, _) => Err(Problem::Delta),
        (false, _) => Err(Problem::DeltaExtension),
    }
}

fn is_signed_by(key: &KeyFile, opened: &PayloadFile) -> bool {
    let matching = opened.signatures.matching(&key.key, &opened.signed_digest);
    matching.is_accepted(opened.payload.kind())
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
fn compare(package: &PackageFile) -> Result<(), StartError> {
    let compared = Published::of(package.path()).and_then(|published| {
        published.map_or(Ok(()), |published| published.compare(&package.digests().sha256))
    });
    compared.map_err(|problem| StartError::Package {
        path: package.path().to_owned(),
        problem: Problem::Published(problem),
    })
}

/// Why the packages cannot be served.
#[derive(Debug)]
pub enum StartError {
    /// An extension has no name.
    NoName(PathBuf),
    /// An extension's name cannot stand in a URL.
    Name(ParsePackageNameError),
    /// Two have one name.
    SameName(PackageName),
    /// One cannot be read, or is not a payload.
    Open { flag: &'static str, path: PathBuf, error: Box<PackageError> },
    /// The key cannot be read.
    Key(KeyFileError),
    /// One is a payload that is wrong here.
    Package { path: PathBuf, problem: Problem },
}

/// Why a payload is wrong where it was given.
#[derive(Debug)]
pub enum Problem {
    Twice,
    Extension,
    OperatingSystem,
    Delta,
    DeltaExtension,
    NotSigned(PathBuf),
    Published(String),
}

impl StartError {
    /// Of the package with this number, of which the operating system's is 0.
    fn open(index: usize, path: &Path, error: PackageError) -> Self {
        let flag = if index == 0 { PACKAGE_FILE } else { EXTENSION };
        Self::Open { flag, path: path.to_owned(), error: Box::new(error) }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoName(path) => {
                write!(formatter, "{:?}: an extension needs a file name", lossy(path))
            }
            Self::Name(error) => error.fmt(formatter),
            Self::SameName(name) => {
                write!(formatter, "two packages would be called {name}; rename one of the files")
            }
            Self::Open { error, .. } if error.payload().is_some() => {
                write!(formatter, "{error} (--skip-payload-check serves it anyway)")
            }
            Self::Open { flag, path, error } => {
                let Some(reason) = error.source().and_then(|source| source.downcast_ref()) else {
                    return write!(formatter, "{flag} {error}");
                };
                write!(formatter, "cannot read {flag} {path:?}: {}", Plain(reason))?;
                if is_hidden(path, reason) {
                    formatter.write_str(
                        "; the service cannot see /home, /root and /tmp: \
                         put it into /var/lib/serve-package",
                    )?;
                }
                Ok(())
            }
            Self::Key(error) => error.fmt(formatter),
            Self::Package { path, problem } => write!(formatter, "{path:?}: {problem}"),
        }
    }
}

fn lossy(path: &Path) -> String {
    path.display().to_string()
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Twice => formatter.write_str("the file is given twice"),
            Self::Extension => formatter.write_str(
                "it is the payload of an extension, and --package-file expects that of an \
                 operating system; give it with --extension",
            ),
            Self::OperatingSystem => formatter.write_str(
                "it is the payload of an operating system, and --extension expects that of an \
                 extension",
            ),
            Self::Delta => formatter.write_str(
                "it is a delta payload, which applies to one version only, and a full one is \
                 expected; --previous-version says which version it is for",
            ),
            Self::DeltaExtension => {
                formatter.write_str("it is a delta payload, and --extension expects a full one")
            }
            Self::NotSigned(key) => {
                write!(
                    formatter,
                    "it is not signed by the key {key:?}, so no machine with this key installs it"
                )
            }
            Self::Published(problem) => formatter.write_str(problem),
        }
    }
}

/// What caused it stands in its text.
impl Error for StartError {}

/// Whether the sandbox of the unit may be the reason. systemd gives each of
/// its services an invocation id (`systemd.exec(5)`).
fn is_hidden(path: &Path, error: &io::Error) -> bool {
    let is_refused = matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied | io::ErrorKind::NotADirectory
    );
    is_refused
        && std::env::var_os("INVOCATION_ID").is_some()
        && ["/home", "/root", "/tmp", "/var/tmp"].iter().any(|folder| path.starts_with(folder))
}

impl From<KeyFileError> for StartError {
    fn from(error: KeyFileError) -> Self {
        Self::Key(error)
    }
}
