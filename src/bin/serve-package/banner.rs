//! The first lines: what is served, where, and what a person does next.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::sync::Arc;

use omaha::server::Server;
use omaha::{Authority, PackageFile, is_extension_name};

use crate::args::Settings;

/// The lines before the first client is answered.
///
/// `packages` are lines about those, and `host` is the one to listen on, as the
/// operator wrote it.
pub fn lines(
    settings: &Settings,
    offered: &str,
    packages: Vec<String>,
    server: &Server,
    host: &str,
) -> Vec<String> {
    let version = env!("CARGO_PKG_VERSION");
    let whom = if settings.force { " to every machine that has another" } else { "" };
    let mut lines = vec![format!("serve-package {version}: offering version {offered}{whom}")];
    lines.extend(packages);
    if let Some(url) = &settings.package_url {
        lines.push(format!("packages are fetched from {url}"));
    }
    let address = server.address();
    lines.push(format!("listening on {address}"));
    if let Some(front) = front(settings, address.ip()) {
        let here = here(server, host);
        lines.push(format!(
            "machines reach this server through {front}, which must forward {UPDATES} to {address}; on this machine itself it is {here}{UPDATES}"
        ));
    }
    lines.extend([
        "on each machine, put the next line into /etc/flatcar/update.conf \
         (Container Linux: /etc/coreos/update.conf)"
            .to_owned(),
        format!("SERVER={}", server_url(settings, server, host)),
        "then: systemctl restart update-engine && update_engine_client -check_for_update"
            .to_owned(),
    ]);
    lines
}

/// A line for each package.
pub fn packages(packages: &[Arc<PackageFile>]) -> Vec<String> {
    let line = |package: &Arc<PackageFile>| {
        let (name, path) = (package.name(), package.path());
        let (size, sha256) = (package.size(), package.digests().sha256);
        format!("package {name} from {path:?}: {size} bytes, SHA-256 {sha256}")
    };
    packages.iter().map(line).collect()
}

/// What machines have as `SERVER=`. `host` is the one to listen on, as the
/// operator wrote it.
pub fn server_url(settings: &Settings, server: &Server, host: &str) -> String {
    let front = front(settings, server.address().ip());
    format!("{}{UPDATES}", front.unwrap_or_else(|| here(server, host)))
}

/// This server, as this machine may call it.
fn here(server: &Server, host: &str) -> String {
    let address = server.address();
    format!("http://{}:{}", reachable(address.ip(), host), address.port())
}

/// Extensions that no machine will find by the names they have.
pub fn odd_extensions(packages: &[Arc<PackageFile>]) -> impl Iterator<Item = String> {
    packages.iter().skip(1).filter_map(|package| {
        let name = package.name().as_str();
        (!is_extension_name(name)).then(|| {
            format!(
                "machines look for extensions whose names end in oem-ID.gz or flatcar-NAME.gz; \
                 none will ask for {name}"
            )
        })
    })
}

/// What machines cannot make use of.
pub fn link_local(settings: &Settings, server: &Server) -> Option<String> {
    let url = settings.package_url.as_ref();
    let lacks_zone = match url {
        Some(url) => url.authority().is_some_and(Authority::lacks_zone),
        None => {
            matches!(server.address().ip(), IpAddr::V6(address) if address.is_unicast_link_local())
        }
    };
    lacks_zone.then(|| {
        "machines cannot fetch packages from a link-local address without a zone; say which of \
         their interfaces leads here: --package-url http://[ADDRESS%25INTERFACE]:PORT/packages/"
            .to_owned()
    })
}

/// Where update requests go.
const UPDATES: &str = "/v1/update/";

/// What stands before this server, if something does: packages that are fetched
/// by https come from a reverse proxy, and where only this machine can reach
/// this server, machines cannot do without it.
fn front(settings: &Settings, address: IpAddr) -> Option<String> {
    let url = settings.package_url.as_ref()?;
    let is_https =
        url.as_str().get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"));
    let authority = url.authority().filter(|_| is_https && address.is_loopback())?;
    Some(format!("https://{authority}"))
}

/// What machines may call this one: as the operator did, or by its address or
/// name where it listens on all interfaces.
fn reachable(address: IpAddr, named: &str) -> String {
    if address.is_unspecified() {
        outward_address().map_or_else(host_name, |address| address.to_string())
    } else if named.eq_ignore_ascii_case("localhost") && address.is_loopback() {
        "localhost".to_owned()
    } else if let Some((_, zone)) = named.split_once('%') {
        // As the operator wrote it; on the machines the interface may have another name.
        format!("[{address}%25{}]", zone.strip_prefix("25").unwrap_or(zone))
    } else if address.is_ipv6() {
        format!("[{address}]")
    } else {
        address.to_string()
    }
}

/// The address that this machine has on the way to others, if it has any. No
/// packet is sent: connecting a datagram socket only looks up the route. The
/// destination is one that is kept for examples (RFC 5737).
fn outward_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

/// The name of this machine.
pub fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
