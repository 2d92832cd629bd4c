//! From settings to a running server.

use std::error::Error;
use std::fmt;
use std::net::{IpAddr, UdpSocket};
use std::path::Path;
use std::sync::Arc;

use omaha::server::{Activity, ListenAddress, Observer, Server, passed_listener};
use omaha::{Codebase, PackageFile, PackageName, TrivialUpdater, Update};

use crate::args::Settings;
use crate::goal::{Goal, Outcome};
use crate::log::{Log, Priority};
use crate::rollout::RolloutUpdater;
use crate::state_dir::Writer;
use crate::watch::{self, Watch};
use crate::{events, introduction, known, limits, pages, ready_file, signals, systemd};

/// Serves until the run has come to its end.
///
/// # Errors
///
/// When a package cannot be served, the address cannot be had, or serving
/// fails later.
pub fn run(settings: &Settings, log: Log) -> Result<Outcome, Box<dyn Error>> {
    limits::raise_descriptors();
    systemd::status("hashing the packages");
    let packages = open(settings)?;
    let tracker = known::tracker(settings, &packages)?;
    let watch =
        Arc::new(Watch::new(log, Goal::new(settings), settings.events, Arc::clone(&tracker)));
    let state_dir = known::restore(settings, &tracker, log)?;
    let server = prepare(settings, &packages, &watch)?;
    watch.control(server.handle());
    if let Some(state_dir) = state_dir {
        watch.write_to(Writer::start(state_dir, tracker, log)?);
    }
    signals::stop_on_signal(server.handle(), Arc::clone(&watch))?;

    for line in introduction::lines(settings, &packages, &server) {
        log.line(Priority::Info, &line);
    }
    for line in introduction::odd_extensions(&packages) {
        log.line(Priority::Warning, &line);
    }
    let address = server.address();
    if settings.events {
        let offered = settings.package_version.as_str();
        events::write(events::serving(offered, &address.to_string()));
    }
    // The socket listens: whoever connects now is answered.
    if let Some(path) = &settings.ready_file {
        ready_file::write(path, address)?;
    }
    server.run()?;

    Ok(watch.finish())
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
    let paths = [&settings.package_file].into_iter().chain(&settings.extensions);
    let open = |(path, name): (_, _)| Ok(Arc::new(PackageFile::open(path, name)?));
    paths.map(std::path::PathBuf::as_path).zip(names).map(open).collect()
}

fn file_name(path: &Path) -> Result<&str, StartError> {
    let name = path.file_name().and_then(|name| name.to_str());
    name.ok_or_else(|| StartError::NoName(path.display().to_string()))
}

/// Puts the server together.
fn prepare(
    settings: &Settings,
    packages: &[Arc<PackageFile>],
    watch: &Arc<Watch>,
) -> Result<Server, Box<dyn Error>> {
    let codebase = settings.package_url.clone().unwrap_or_default();
    let served_here = codebase.is_path() || points_here(&codebase, &settings.listen_address);
    let served = if served_here { packages } else { &[] };

    let update = Update::of_packages(settings.package_version.clone(), codebase, packages);
    let updater =
        TrivialUpdater::new(update).force(settings.force).watching(served.iter().cloned());
    watch.watch_packages(served);
    let updater = RolloutUpdater::new(updater, Arc::clone(watch));
    let (observer, every) = (Arc::clone(watch), systemd::interval());
    let every = watch.goal().interval().map_or(every, |interval| every.min(interval));
    let server = listen(settings, updater)?
        .with_packages(served.iter().cloned())
        .with_limits(settings.limits)
        .with_observer(move |activity: &Activity<'_>| observer.observe(activity))
        .with_heartbeat(every, watch::heartbeat(watch));
    let url = introduction::server_url(settings, &server);
    watch.know_url(url.clone());
    Ok(server.with_pages(pages::pages(settings.status, url, Arc::clone(watch))))
}

/// On the socket that systemd passed, or else on the address.
fn listen(settings: &Settings, updater: RolloutUpdater) -> Result<Server, Box<dyn Error>> {
    match passed_listener()? {
        Some(listener) => Ok(Server::from_listener(listener, updater)?),
        None => Ok(Server::bind(&settings.listen_address, updater)?),
    }
}

/// Whether a URL leads back to this server, so that the packages must be
/// served after all.
fn points_here(codebase: &Codebase, listen: &ListenAddress) -> bool {
    let host = codebase.authority().map_or("", |authority| authority.host());
    let host = host.trim_start_matches('[').trim_end_matches(']');
    codebase.path() == Codebase::PACKAGES
        && codebase.port() == Some(listen.port())
        && (host.eq_ignore_ascii_case(listen.host())
            || host.eq_ignore_ascii_case("localhost")
            || host.eq_ignore_ascii_case(&introduction::host_name())
            || host.parse().is_ok_and(is_local))
}

/// Whether an address belongs to this machine: then a socket can have it.
fn is_local(address: IpAddr) -> bool {
    UdpSocket::bind((address, 0)).is_ok()
}

/// Why it cannot start, where no other error says so.
#[derive(Debug)]
enum StartError {
    NoName(String),
    SameName(PackageName),
}

impl fmt::Display for StartError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoName(path) => write!(formatter, "{path:?}: an extension needs a file name"),
            Self::SameName(name) => {
                write!(formatter, "two packages would be called {name}; rename one of the files")
            }
        }
    }
}

impl Error for StartError {}
