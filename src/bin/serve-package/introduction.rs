//! The first lines: what is served, where, and what a person does next.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::sync::Arc;

use omaha::server::Server;
use omaha::{PackageFile, is_extension_name};

use crate::args::Settings;

/// What is told before the first client is answered.
pub fn lines(settings: &Settings, packages: &[Arc<PackageFile>], server: &Server) -> Vec<String> {
    let version = env!("CARGO_PKG_VERSION");
    let offered = &settings.package_version;
    let whom = if settings.force { " to every machine that has another" } else { "" };
    let mut lines = vec![format!("serve-package {version}: offering version {offered}{whom}")];
    for package in packages {
        let (name, path) = (package.name(), package.path());
        let (size, sha256) = (package.size(), package.digests().sha256);
        lines.push(format!("package {name} from {path:?}: {size} bytes, SHA-256 {sha256}"));
    }
    if let Some(url) = &settings.package_url {
        lines.push(format!("packages are fetched from {url}"));
    }
    let address = server.address();
    lines.push(format!("listening on {address}"));
    lines.extend([
        "on each machine, put the next line into /etc/flatcar/update.conf \
         (Container Linux: /etc/coreos/update.conf)"
            .to_owned(),
        format!("SERVER={}", server_url(settings, server)),
        "then: systemctl restart update-engine && update_engine_client -check_for_update"
            .to_owned(),
    ]);
    lines
}

/// What machines have as `SERVER=`.
pub fn server_url(settings: &Settings, server: &Server) -> String {
    format!("http://{}:{}/v1/update/", host(settings, server), server.address().port())
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

/// What machines may call this one: as the operator did, or by its address or
/// name where it listens on all interfaces.
fn host(settings: &Settings, server: &Server) -> String {
    let address = server.address().ip();
    let named = settings.listen_address.host();
    if address.is_unspecified() {
        outward_address().map_or_else(host_name, |address| address.to_string())
    } else if named.eq_ignore_ascii_case("localhost") && address.is_loopback() {
        "localhost".to_owned()
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
