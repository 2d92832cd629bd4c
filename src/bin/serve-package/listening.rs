//! What the server listens on: an address, or a socket that systemd passed.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};

use omaha::server::{BindError, ListenAddress, Server, passed_listener};
use omaha::{Codebase, Updater};

use crate::args::Settings;
use crate::banner;

/// What the server listens on.
#[derive(Debug)]
pub enum Listening {
    /// An address, which is bound at the end of the start.
    Address(ListenAddress),
    /// The socket that systemd passed, and its address.
    Socket(TcpListener, SocketAddr),
}

impl Listening {
    /// The socket that systemd passed, or else the address of the settings.
    ///
    /// # Errors
    ///
    /// When what systemd passed cannot be listened on.
    pub fn new(settings: &Settings) -> Result<Self, Box<dyn Error>> {
        Ok(match passed_listener()? {
            Some(listener) => {
                let address = listener.local_addr()?;
                Self::Socket(listener, address)
            }
            None => Self::Address(settings.listen_address.clone().unwrap_or_default()),
        })
    }

    /// The host, as the operator wrote it where he did, without brackets.
    pub fn host(&self) -> String {
        match self {
            Self::Address(address) => address.host().to_owned(),
            Self::Socket(_, address) => address.ip().to_string(),
        }
    }

    fn port(&self) -> u16 {
        match self {
            Self::Address(address) => address.port(),
            Self::Socket(_, address) => address.port(),
        }
    }

    /// Whether a URL leads back to this server, so that the packages must be
    /// served after all.
    pub fn is_at(&self, codebase: &Codebase) -> bool {
        let authority = codebase.authority();
        let host = authority.map_or("", |authority| authority.host_without_zone());
        let zone = authority.and_then(|authority| authority.zone());
        codebase.path() == Codebase::PACKAGES
            && codebase.port() == Some(self.port())
            && (host.eq_ignore_ascii_case(without_zone(&self.host()))
                || host.eq_ignore_ascii_case("localhost")
                || host.eq_ignore_ascii_case(&banner::host_name())
                || is_local(host, zone))
    }

    /// What to say of a `--listen-address` that is not used, if it names
    /// another address than the socket has. (The unit always gives one.)
    pub fn ignored(&self, settings: &Settings) -> Option<String> {
        let (Self::Socket(_, socket), Some(given)) = (self, &settings.listen_address) else {
            return None;
        };
        let (ip, host) = (socket.ip(), given.host());
        let is_same = given.port() == socket.port()
            && (host.is_empty() && ip.is_unspecified()
                || host.eq_ignore_ascii_case("localhost") && ip.is_loopback()
                || host.parse() == Ok(ip));
        let line = format!(
            "--listen-address {given} is not used: systemd passed a socket, which listens on \
             {socket}; set the address in the socket unit"
        );
        (!is_same).then_some(line)
    }

    /// The server that listens there.
    ///
    /// # Errors
    ///
    /// When that is not possible.
    pub fn server(self, updater: impl Updater + 'static) -> Result<Server, Box<dyn Error>> {
        match self {
            Self::Socket(listener, _) => Ok(Server::from_listener(listener, updater)?),
            Self::Address(address) => {
                Server::bind(&address, updater).map_err(|error| AddressError(address, error).into())
            }
        }
    }
}

fn without_zone(host: &str) -> &str {
    host.split('%').next().unwrap_or(host)
}

/// Whether a host is an address that belongs to this machine: then a socket can
/// have it. What is no address is not looked up.
fn is_local(host: &str, zone: Option<&str>) -> bool {
    let Ok(address) = host.parse::<IpAddr>() else { return false };
    match zone {
        Some(zone) => UdpSocket::bind((&*format!("{address}%{zone}"), 0)).is_ok(),
        None => UdpSocket::bind((address, 0)).is_ok(),
    }
}

/// An address cannot be listened on, and what to do about it.
#[derive(Debug)]
struct AddressError(ListenAddress, BindError);

impl fmt::Display for AddressError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(address, error) = self;
        error.fmt(formatter)?;
        let text = address.to_string();
        if self.lacks_zone() {
            let (host, port) = text.rsplit_once("]:").unwrap_or_default();
            return write!(formatter, ": it needs its interface, as in {host}%eth0]:{port}");
        }
        if self.kind() == Some(io::ErrorKind::AddrInUse) {
            // The port after it, or before the last one.
            let port = address.port().checked_add(1).unwrap_or(address.port() - 1);
            let (host, _) = text.rsplit_once(':').unwrap_or_default();
            write!(formatter, "; try --listen-address {host}:{port}")?;
        }
        Ok(())
    }
}

impl AddressError {
    fn kind(&self) -> Option<io::ErrorKind> {
        let source = self.1.source()?.downcast_ref::<io::Error>();
        source.map(io::Error::kind)
    }

    /// Whether it is a link-local address without an interface.
    fn lacks_zone(&self) -> bool {
        self.0.host().parse().is_ok_and(|address: Ipv6Addr| address.is_unicast_link_local())
    }
}

impl Error for AddressError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        use io::ErrorKind::{AddrInUse, AddrNotAvailable, PermissionDenied};
        let is_said = matches!(self.kind(), Some(AddrInUse | AddrNotAvailable | PermissionDenied));
        self.1.source().filter(|_| !is_said && !self.lacks_zone())
    }
}
