//! Where to listen: the address as people write it, and the socket.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs};
use std::str::FromStr;

use rustix::net::sockopt;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, ipproto, listen, socket_with};

use crate::authority::{Authority, is_zone, split_zone};
use crate::number::decimal;

/// Connections that wait while others are accepted; the kernel lowers it to
/// `net.core.somaxconn` (4096 since Linux 5.4).
const BACKLOG: i32 = 4096;

/// What the kernel holds of a client's request before it is read. Requests are
/// small, and what waits here costs memory that no limit counts.
const RECEIVE_BUFFER: usize = 64 * 1024;

/// An address to listen on: `HOST:PORT`, `IP:PORT`, `[IPv6]:PORT`,
/// `[IPv6%ZONE]:PORT`, or `:PORT` for all interfaces. Port 0 takes any free one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenAddress {
    text: String,
    host: Host,
    port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    /// All interfaces, IPv6 and IPv4.
    Any,
    /// The loopback interface; needs no name service.
    Localhost,
    Ip(IpAddr),
    /// An IPv6 address and the name or number of an interface.
    Scoped(Ipv6Addr, String),
    Name(String),
}

impl ListenAddress {
    /// The host as it was written, without brackets; empty for all interfaces.
    pub fn host(&self) -> &str {
        let (host, _) = self.text.rsplit_once(':').unwrap_or_default();
        host.trim_start_matches('[').trim_end_matches(']')
    }

    /// The port as it was written; 0 for any free one.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The addresses to try, best first.
    fn candidates(&self) -> io::Result<Vec<SocketAddr>> {
        let with_port = |ip: IpAddr| SocketAddr::new(ip, self.port);
        let of = |v6: Ipv6Addr, v4: Ipv4Addr| (with_port(v6.into()), with_port(v4.into()));
        Ok(match &self.host {
            Host::Any => {
                // The IPv6 socket takes IPv4 too; the second is for hosts without IPv6.
                let (v6, v4) = of(Ipv6Addr::UNSPECIFIED, Ipv4Addr::UNSPECIFIED);
                vec![v6, v4]
            }
            Host::Localhost => {
                let (v6, v4) = of(Ipv6Addr::LOCALHOST, Ipv4Addr::LOCALHOST);
                vec![v4, v6]
            }
            Host::Ip(ip) => vec![with_port(*ip)],
            // The C library knows the interfaces.
            Host::Scoped(ip, zone) => self.look_up(&format!("{ip}%{zone}"), || {
                format!("there is no network interface {zone}, or it cannot have this address")
            })?,
            Host::Name(name) => self.look_up(name, || format!("no address is known for {name}"))?,
        })
    }

    fn look_up(&self, host: &str, failure: impl FnOnce() -> String) -> io::Result<Vec<SocketAddr>> {
        let addresses = (host, self.port).to_socket_addrs();
        // Its errors have no numbers, and each C library's own words.
        addresses
            .map(Iterator::collect)
            .map_err(|_| io::Error::new(io::ErrorKind::NotFound, failure()))
    }

    /// Opens the listening socket.
    ///
    /// # Errors
    ///
    /// When no address the host stands for can be listened on; the error is
    /// that of the first one, unless only a later one says more than that the
    /// address family is missing.
    pub(super) fn bind(&self) -> Result<TcpListener, BindError> {
        let fail = |source| BindError::new(self, source);
        let mut first_error = None;
        for candidate in self.candidates().map_err(fail)? {
            match listen_on(candidate) {
                Ok(listener) => return Ok(listener),
                // Without this kind of address the next candidate decides.
                Err(error) if is_family_missing(&error) => {
                    first_error.get_or_insert(error);
                }
                Err(error) => return Err(fail(error)),
            }
        }
        Err(fail(
            first_error.unwrap_or_else(|| {
                io::Error::new(io::ErrorKind::NotFound, "the name has no address")
            }),
        ))
    }
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
    bind(&socket, &address)?;
    listen(&socket, BACKLOG)?;
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

impl Default for ListenAddress {
    /// `localhost:8000`, what update.conf examples have always said.
    fn default() -> Self {
        Self { text: "localhost:8000".to_owned(), host: Host::Localhost, port: 8000 }
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl FromStr for ListenAddress {
    type Err = ParseListenAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.contains("://") {
            return Err(ParseListenAddressError::Scheme);
        }
        let (host, port) = text.rsplit_once(':').ok_or(ParseListenAddressError::NoPort)?;
        if port.ends_with(']') {
            return Err(ParseListenAddressError::NoPort);
        }
        let port = decimal(port).ok_or(ParseListenAddressError::Port)?;
        let host = if host.is_empty() {
            Host::Any
        } else if host.eq_ignore_ascii_case("localhost") {
            Host::Localhost
        } else if let Some(bracketed) = host.strip_prefix('[') {
            let address = bracketed.strip_suffix(']').ok_or(ParseListenAddressError::Host)?;
            let (address, zone) = split_zone(address);
            let address = address.parse().map_err(|_| ParseListenAddressError::Host)?;
            match zone {
                None => Host::Ip(IpAddr::V6(address)),
                Some(zone) if is_zone(zone) => Host::Scoped(address, zone.to_owned()),
                Some(_) => return Err(ParseListenAddressError::Host),
            }
        } else if host.contains(':') {
            return Err(ParseListenAddressError::Brackets);
        } else if let Ok(address) = host.parse::<Ipv4Addr>() {
            Host::Ip(IpAddr::V4(address))
        } else if host.parse::<Authority>().is_ok() {
            Host::Name(host.to_owned())
        } else {
            return Err(ParseListenAddressError::Host);
        };
        Ok(Self { text: text.to_owned(), host, port })
    }
}

/// Why a text is not a [`ListenAddress`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseListenAddressError {
    /// It is a URL.
    Scheme,
    /// There is no port.
    NoPort,
    /// The port is not a number from 0 to 65535.
    Port,
    /// An IPv6 address without brackets.
    Brackets,
    /// Neither a host name nor an IP address.
    Host,
}

impl fmt::Display for ParseListenAddressError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Scheme => "write HOST:PORT, without http://",
            Self::NoPort => "the port is missing; write HOST:PORT, such as localhost:8000",
            Self::Port => "the port is not a number from 0 to 65535",
            Self::Brackets => "an IPv6 address needs brackets, as in [::1]:8000",
            Self::Host => "the host is neither a name nor an IP address",
        })
    }
}

impl std::error::Error for ParseListenAddressError {}

/// Why an address cannot be listened on.
#[derive(Debug)]
pub struct BindError {
    address: String,
    source: io::Error,
}

impl BindError {
    pub(super) fn new(address: &ListenAddress, source: io::Error) -> Self {
        Self { address: address.text.clone(), source }
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

    fn parse(text: &str) -> Result<(Host, u16), ParseListenAddressError> {
        text.parse().map(|address: ListenAddress| (address.host, address.port))
    }

    #[test]
    fn forms() {
        let v6 = IpAddr::V6(Ipv6Addr::LOCALHOST);
        let v4 = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
        assert_eq!(parse("localhost:8000"), Ok((Host::Localhost, 8000)));
        assert_eq!(parse(":80"), Ok((Host::Any, 80)));
        assert_eq!(parse("10.0.0.1:0"), Ok((Host::Ip(v4), 0)));
        assert_eq!(parse("[::1]:65535"), Ok((Host::Ip(v6), 65535)));
        let scoped = |zone: &str| Host::Scoped("fe80::1".parse().unwrap(), zone.to_owned());
        assert_eq!(parse("[fe80::1%eth0]:80"), Ok((scoped("eth0"), 80)));
        assert_eq!(parse("[fe80::1%25eth0]:80"), Ok((scoped("eth0"), 80)));
        assert_eq!(parse("rack1.lan:1"), Ok((Host::Name("rack1.lan".into()), 1)));
        assert_eq!(ListenAddress::default(), "localhost:8000".parse().unwrap());
    }

    #[test]
    fn refusals() {
        use ParseListenAddressError::{Brackets, Host, NoPort, Port, Scheme};
        for (text, error) in [
            ("", NoPort),
            ("localhost", NoPort),
            ("[::1]", NoPort),
            ("8000", NoPort),
            ("localhost:", Port),
            ("localhost:x", Port),
            ("localhost:65536", Port),
            ("localhost:+80", Port),
            ("localhost:-1", Port),
            ("::1:80", Brackets),
            ("[::1:80", Host),
            ("[10.0.0.1]:80", Host),
            ("[fe80::1%]:80", Host),
            ("[fe80::1%a b]:80", Host),
            ("a b:80", Host),
            ("http://a:80", Scheme),
        ] {
            assert_eq!(parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn the_host_as_written() {
        for (text, host) in [(":80", ""), ("[::1]:80", "::1"), ("a.lan:80", "a.lan")] {
            assert_eq!(text.parse::<ListenAddress>().unwrap().host(), host);
        }
    }

    #[test]
    fn localhost_needs_no_name_service() {
        let address: ListenAddress = "localhost:0".parse().unwrap();
        let listener = address.bind().unwrap();
        assert!(listener.local_addr().unwrap().ip().is_loopback());
    }

    /// By number, because every machine has the first interface: the loopback.
    #[test]
    fn zones_are_looked_up() {
        let of = |text: &str| text.parse::<ListenAddress>().unwrap().candidates();
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
        let listener = ":0".parse::<ListenAddress>().unwrap().bind().unwrap();
        let port = listener.local_addr().unwrap().port();
        std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    }

    #[test]
    fn an_address_in_use_is_named() {
        let taken = "127.0.0.1:0".parse::<ListenAddress>().unwrap().bind().unwrap();
        let text = taken.local_addr().unwrap().to_string();
        let error = text.parse::<ListenAddress>().unwrap().bind().unwrap_err();
        assert!(error.to_string().starts_with(&format!("cannot listen on {text}: ")));
    }
}
