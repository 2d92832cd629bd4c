//! From settings to a running server.

use std::error::Error;
use std::fmt;
use std::net::{IpAddr, UdpSocket};
use std::path::Path;
use std::sync::Arc;

use omaha::server::{Activity, ListenAddress, Server};
use omaha::{Codebase, PackageFile, PackageName, TrivialUpdater, Update};

use crate::args::Settings;
use crate::log::{Log, Priority};
use crate::{limits, report, signals};

/// What the operating system's package is called, whatever its file is: the
/// name that go-omaha's clients and scripts know.
const PAYLOAD: &str = "update.gz";

/// Serves until a signal stops it.
///
/// # Errors
///
/// When a package cannot be served, the address cannot be had, or serving
/// fails later.
pub fn run(settings: &Settings) -> Result<(), Box<dyn Error>> {
    let log = Log::new();
    limits::raise_descriptors();

    let packages = open(settings)?;
    let codebase = settings.package_url.clone().unwrap_or_default();
    let update = Update::of_packages(settings.package_version.clone(), codebase.clone(), &packages);
    let mut updater = TrivialUpdater::new(update).force(settings.force);
    let serves_packages = codebase.is_path() || points_here(&codebase, &settings.listen_address);
    if serves_packages {
        updater = updater.watching(packages.iter().cloned());
    }
    let mut server = Server::bind(&settings.listen_address, updater)?.with_observer(
        move |activity: &Activity<'_>| {
            let (priority, text) = report::line(activity);
            log.line(priority, &text);
        },
    );
    if serves_packages {
        server = server.with_packages(packages.iter().cloned());
    }
    signals::stop_on_signal(server.handle(), log)?;

    for line in introduction(settings, &packages, &server) {
        log.line(Priority::Info, &line);
    }
    server.run()?;
    log.line(Priority::Notice, "stopped");
    Ok(())
}

/// Opens and hashes the operating system's package and the extensions.
fn open(settings: &Settings) -> Result<Vec<Arc<PackageFile>>, Box<dyn Error>> {
    let mut names: Vec<PackageName> = vec![PAYLOAD.parse()?];
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

/// Whether a URL leads back to this server, so that the packages must be
/// served after all.
fn points_here(codebase: &Codebase, listen: &ListenAddress) -> bool {
    let host = codebase.authority().map_or("", |authority| authority.host());
    let host = host.trim_start_matches('[').trim_end_matches(']');
    codebase.path() == Codebase::PACKAGES
        && codebase.port() == Some(listen.port())
        && (host.eq_ignore_ascii_case(listen.host())
            || host.eq_ignore_ascii_case("localhost")
            || host.eq_ignore_ascii_case(&host_name())
            || host.parse().is_ok_and(is_local))
}

/// Whether an address belongs to this machine: then a socket can have it.
fn is_local(address: IpAddr) -> bool {
    UdpSocket::bind((address, 0)).is_ok()
}

fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// What is served, where, and the two lines that a person needs next.
fn introduction(
    settings: &Settings,
    packages: &[Arc<PackageFile>],
    server: &Server,
) -> Vec<String> {
    let mut lines = vec![format!(
        "serve-package {}: offering version {}{}",
        env!("CARGO_PKG_VERSION"),
        settings.package_version,
        if settings.force { " to every machine that has another" } else { "" },
    )];
    for package in packages {
        let (name, path) = (package.name(), package.path());
        let (size, sha256) = (package.size(), package.digests().sha256.to_hex());
        lines.push(format!("package {name} from {path:?}: {size} bytes, SHA-256 {sha256}"));
    }
    if let Some(url) = &settings.package_url {
        lines.push(format!("packages are fetched from {url}"));
    }
    let address = server.address();
    lines.push(format!("listening on {address}"));

    let host = match settings.listen_address.host() {
        "" => host_name(),
        _ if address.ip().is_unspecified() => host_name(),
        host if host.contains(':') => format!("[{host}]"),
        host => host.to_owned(),
    };
    let port = address.port();
    lines.push(format!(
        "on each machine, put this line into /etc/flatcar/update.conf \
         (Container Linux: /etc/coreos/update.conf): SERVER=http://{host}:{port}/v1/update/"
    ));
    lines.push(
        "then: systemctl restart update-engine && update_engine_client -check_for_update"
            .to_owned(),
    );
    lines
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
