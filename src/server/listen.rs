//! The socket of a server that listens.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs};

use rustix::net::sockopt;
use rustix::net::{AddressFamily, SocketFlags, SocketType, ipproto, listen, socket_with};

use crate::listen_address::{Host, ListenAddress};

/// Connections that wait while others are accepted; the kernel lowers it to
/// `net.core.somaxconn` (4096 since Linux 5.4).
pub(super) const BACKLOG: usize = 4096;

/// What the kernel holds of a client's request before it is read. Requests are
/// small, and what waits here costs memory that no limit counts.
const RECEIVE_BUFFER: usize = 64 * 1024;

/// Opens the listening socket.
///
/// # Errors
///
/// When no address that the host stands for can be listened on; the error is
/// that of the first one, unless only a later one says more than that the
/// address family is missing.
pub(super) fn bind(address: &ListenAddress) -> Result<TcpListener, BindError> {
    let fail = |source| BindError::new(address, source);
    let mut first_error = None;
    for candidate in candidates(address).map_err(fail)? {
        match listen_on(candidate) {
            Ok(listener) => return Ok(listener),
            // Without this kind of address the next candidate decides.
            Err(error) if is_family_missing(&error) => {
                first_error.get_or_insert(error);
            }
            Err(error) => return Err(fail(error)),
        }
    }
    let unknown = || io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    Err(fail(first_error.unwrap_or_else(unknown)))
}

/// The addresses to try, best first.
fn candidates(address: &ListenAddress) -> io::Result<Vec<SocketAddr>> {
    let with_port = |ip: IpAddr| SocketAddr::new(ip, address.port());
    Ok(match &address.host {
        // The IPv6 socket takes IPv4 too; the second is for hosts without IPv6.
        Host::Any => {
            [Ipv6Addr::UNSPECIFIED.into(), Ipv4Addr::UNSPECIFIED.into()].map(with_port).into()
        }
        Host::Localhost => {
            [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()].map(with_port).into()
        }
        Host::Ip(ip) => vec![with_port(*ip)],
        // The C library knows the interfaces.
        Host::Scoped(ip, zone) => look_up(&format!("{ip}%{zone}"), address.port(), || {
            format!("there is no network interface {zone}, or it cannot have this address")
        })?,
        Host::Name(name) => {
            look_up(name, address.port(), || format!("no address is known for {name}"))?
        }
    })
}

fn look_up(host: &str, port: u16, failure: impl FnOnce() -> String) -> io::Result<Vec<SocketAddr>> {
    // Its errors have no numbers, and each C library's own words.
    let addresses = (host, port).to_socket_addrs().map(Iterator::collect);
    addresses.map_err(|_| io::Error::new(io::ErrorKind::NotFound, failure()))
}

/// IPv6 is compiled out (`EAFNOSUPPORT`) or switched off (`EADDRNOTAVAIL`).
fn is_family_missing(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let errno = Errno::from_io_error(error);
    errno == Some(Errno::AFNOSUPPORT) || errno == Some(Errno::ADDRNOTAVAIL)
}

fn listen_on(address: SocketAddr) -> io::Result<TcpListener> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let socket = socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC, Some(ipproto::TCP))?;
    // A restarted server must not wait for the old one's connections to expire.
    sockopt::set_socket_reuseaddr(&socket, true)?;
    if address.is_ipv6() {
        sockopt::set_ipv6_v6only(&socket, false)?;
    }
    rustix::net::bind(&socket, &address)?;
    listen(&socket, BACKLOG.try_into().unwrap_or(i32::MAX))?;
    Ok(TcpListener::from(socket))
}

/// Prepares a listening socket for an event loop. On Linux, connections inherit
/// the listener's options.
pub(super) fn prepare(listener: &TcpListener) -> io::Result<()> {
    // The loop waits for all its connections at once.
    listener.set_nonblocking(true)?;
    sockopt::set_socket_recv_buffer_size(listener, RECEIVE_BUFFER)?;
    // Answers are written whole; the end of one must not wait for an acknowledgement.
    sockopt::set_tcp_nodelay(listener, true)?;
    // Notices a machine that vanished in the middle of a transfer.
    sockopt::set_socket_keepalive(listener, true)?;
    Ok(())
}

/// Why an address cannot be listened on.
#[derive(Debug)]
pub struct BindError {
    address: String,
    source: io::Error,
}

impl BindError {
    pub(super) fn new(address: &ListenAddress, source: io::Error) -> Self {
        Self { address: address.to_string(), source }
    }
}

impl fmt::Display for BindError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "cannot listen on {}", self.address)?;
        formatter.write_str(match self.source.kind() {
            io::ErrorKind::AddrInUse => ": another program listens there",
            io::ErrorKind::AddrNotAvailable => ": it is not an address of this machine",
            io::ErrorKind::PermissionDenied => ": ports below 1024 need privileges",
            // The source says it.
            _ => "",
        })
    }
}

impl std::error::Error for BindError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn localhost_needs_no_name_service() {
        let address: ListenAddress = "localhost:0".parse().unwrap();
        let listener = bind(&address).unwrap();
        assert!(listener.local_addr().unwrap().ip().is_loopback());
    }

    /// By number, because every machine has the first interface: the loopback.
    #[test]
    fn zones_are_looked_up() {
        let of = |text: &str| candidates(&text.parse().unwrap());
        let addresses = of("[fe80::1%1]:80").unwrap();
        assert!(
            addresses.iter().all(|a| matches!(a, SocketAddr::V6(a) if a.scope_id() == 1)),
            "{addresses:?}"
        );
        let error = of("[fe80::1%no-such-one]:80").unwrap_err().to_string();
        assert!(error.contains("there is no network interface no-such-one"), "{error}");
    }

    #[test]
    fn all_interfaces_take_ipv4() {
        let listener = bind(&":0".parse().unwrap()).unwrap();
        let port = listener.local_addr().unwrap().port();
        std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    }

    #[test]
    fn an_address_in_use_is_named() {
        let taken = bind(&"127.0.0.1:0".parse().unwrap()).unwrap();
        let text = taken.local_addr().unwrap().to_string();
        let error = bind(&text.parse().unwrap()).unwrap_err();
        assert!(error.to_string().starts_with(&format!("cannot listen on {text}: ")));
    }
}
