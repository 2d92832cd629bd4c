//! The first lines: what is served, where, and what a person does next.

use std::sync::Arc;

use omaha::PackageFile;
use omaha::server::Server;

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
    let (host, port) = (host(settings, server), address.port());
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

/// What machines may call this one: as the operator did, or by its name where
/// it listens on all interfaces.
fn host(settings: &Settings, server: &Server) -> String {
    let address = server.address().ip();
    let named = settings.listen_address.host();
    if address.is_unspecified() {
        host_name()
    } else if named.eq_ignore_ascii_case("localhost") && address.is_loopback() {
        "localhost".to_owned()
    } else if address.is_ipv6() {
        format!("[{address}]")
    } else {
        address.to_string()
    }
}

/// The name of this machine.
pub fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
