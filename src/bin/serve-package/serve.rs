//! From settings to a running server.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use omaha::server::{Activity, Observer, Server};
use omaha::{PackageError, PackageFile, PackageName, TrivialUpdater, Update};

use crate::args::{EXTENSION, PACKAGE_FILE, Settings};
use crate::goal::{Goal, Outcome};
use crate::hashing::Hashing;
use crate::listening::Listening;
use crate::log::{Log, Priority};
use crate::watch::{self, Watch};
use crate::words::Plain;
use crate::{events, introduction, limits, ready_file, signals, systemd};

/// Serves until the run has come to its end.
///
/// # Errors
///
/// When a package cannot be served, the address cannot be had, or serving
/// fails later.
pub fn run(settings: &Settings, log: Log) -> Result<Outcome, Box<dyn Error>> {
    limits::raise_descriptors();
    let offered = settings.package_version.to_string();
    let watch = Arc::new(Watch::new(log, Goal::new(settings), settings.events, offered.clone()));

    if let Some(path) = &settings.ready_file {
        ready_file::remove(path)?;
    }
    let listening = Listening::new(settings)?;
    let packages = open(settings)?;
    let ignored = listening.ignored(settings);
    let host = listening.host();
    let server = prepare(settings, listening, &packages, &watch)?;
    watch.control(server.handle());
    signals::stop_on_signal(server.handle(), Arc::clone(&watch))?;

    for line in introduction::lines(settings, &packages, &server, &host) {
        log.line(Priority::Info, &line);
    }
    if let Some(line) = ignored {
        log.line(Priority::Notice, &line);
    }
    let link_local = introduction::link_local(settings, &server);
    for line in introduction::odd_extensions(&packages).chain(link_local) {
        log.line(Priority::Warning, &line);
    }
    let address = server.address();
    if settings.events {
        events::write(events::serving(&offered, &address.to_string()));
    }
    // The socket listens: whoever connects now is answered.
    if let Some(path) = &settings.ready_file {
        ready_file::write(path, address)?;
    }
    server.run()?;

    watch.summarize();
    let (outcome, counts) = (watch.goal().outcome(), watch.counts());
    if settings.events {
        events::write(events::stopped(outcome.as_str(), counts));
    }
    log.line(Priority::Notice, &watch::farewell(counts));
    Ok(outcome)
}

/// Opens and hashes the operating system's package and the extensions.
fn open(settings: &Settings) -> Result<Vec<Arc<PackageFile>>, Box<dyn Error>> {
    let mut names = vec![settings.package_name.clone()];
    for path in &settings.extensions {
        let name: PackageName = file_name(path)?.parse()?;
        if names.contains(&name) {
            return Err(StartError::SameName(name).into());
        }
        names.push(name);
    }
    let extensions = settings.extensions.iter().map(|path| (EXTENSION, path));
    let paths = [(PACKAGE_FILE, &settings.package_file)].into_iter().chain(extensions);
    let hashing = Hashing::new(paths.clone().map(|(_, path)| path.as_path()));
    let open = |((flag, path), name): ((_, &PathBuf), _)| {
        let package = hashing.open(path, name);
        let fail = |error| StartError::Package { flag, path: path.clone(), error };
        Ok(Arc::new(package.map_err(fail)?))
    };
    paths.zip(names).map(open).collect()
}

fn file_name(path: &Path) -> Result<&str, StartError> {
    let name = path.file_name().and_then(|name| name.to_str());
    name.ok_or_else(|| StartError::NoName(path.display().to_string()))
}

/// Puts the server together.
fn prepare(
    settings: &Settings,
    listening: Listening,
    packages: &[Arc<PackageFile>],
    watch: &Arc<Watch>,
) -> Result<Server, Box<dyn Error>> {
    let codebase = settings.package_url.clone().unwrap_or_default();
    let served_here = codebase.is_path() || listening.is_at(&codebase);
    let served = if served_here { packages } else { &[] };

    let update = Update::of_packages(settings.package_version.clone(), codebase, packages);
    let updater =
        TrivialUpdater::new(update).force(settings.force).watching(served.iter().cloned());
    let observer = Arc::clone(watch);
    let mut server = listening
        .server(updater)?
        .with_packages(served.iter().cloned())
        .with_limits(settings.limits)
        .with_observer(move |activity: &Activity<'_>| observer.observe(activity));
    if let Some(every) = systemd::interval().into_iter().chain(watch.goal().interval()).min() {
        server = server.with_heartbeat(every, watch::heartbeat(watch));
    }
    Ok(server)
}

/// Why it cannot start, where no other error says so.
#[derive(Debug)]
enum StartError {
    NoName(String),
    SameName(PackageName),
    Package { flag: &'static str, path: PathBuf, error: PackageError },
}

impl fmt::Display for StartError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoName(path) => write!(formatter, "{path:?}: an extension needs a file name"),
            Self::SameName(name) => {
                write!(formatter, "two packages would be called {name}; rename one of the files")
            }
            Self::Package { flag, path, error } => {
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
        }
    }
}

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
