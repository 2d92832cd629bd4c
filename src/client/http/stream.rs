//! A connection to a server, with TLS or without.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};

use super::limits::Limits;
#[cfg(feature = "tls")]
use super::tls;
use crate::client::HttpUrl;
use crate::client::transport::TransportError;

/// A connection.
pub enum Stream {
    Plain(TcpStream),
    #[cfg(feature = "tls")]
    Tls(Box<tls::Stream>),
}

impl Stream {
    /// The socket, for its timeouts.
    pub fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(socket) => socket,
            #[cfg(feature = "tls")]
            Self::Tls(stream) => stream.get_ref(),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(into),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => stream.read(into),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(bytes),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.flush(),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => stream.flush(),
        }
    }
}

/// Makes connections.
#[derive(Default)]
pub struct Connector {
    #[cfg(feature = "tls")]
    tls: tls::Connector,
}

impl Connector {
    /// Connects to the first address of the host that answers.
    pub fn connect(&self, url: &HttpUrl, limits: &Limits) -> Result<Stream, TransportError> {
        if url.is_https() && !cfg!(feature = "tls") {
            return Err(TransportError::NoTls);
        }
        let socket = connect(url, limits)?;
        // Each request is written in one piece, so there is nothing to wait for.
        let _ = socket.set_nodelay(true);
        #[cfg(feature = "tls")]
        if url.is_https() {
            const DOING: &str = "beginning TLS";
            let wait = Some(limits.wait(DOING)?);
            let timeouts =
                socket.set_read_timeout(wait).and_then(|()| socket.set_write_timeout(wait));
            timeouts.map_err(|source| TransportError::Io { doing: DOING, source })?;
            return Ok(Stream::Tls(Box::new(self.tls.connect(url.host(), socket)?)));
        }
        Ok(Stream::Plain(socket))
    }
}

/// The addresses of a host. `localhost` is this machine (RFC 6761, section
/// 6.3), in the order that libcurl has, whether there is a name service or an
/// `/etc/hosts`, or neither.
fn addresses(url: &HttpUrl, resolve: Resolve) -> io::Result<Vec<SocketAddr>> {
    let (host, port) = (url.host(), url.port());
    if host.eq_ignore_ascii_case("localhost") {
        return Ok(vec![(Ipv6Addr::LOCALHOST, port).into(), (Ipv4Addr::LOCALHOST, port).into()]);
    }
    match url.zone() {
        // The system's resolver knows what a zone is.
        Some(zone) => resolve(&format!("{host}%{zone}"), port),
        None => resolve(host, port),
    }
}

/// What looks up the addresses of a host.
type Resolve = fn(&str, u16) -> io::Result<Vec<SocketAddr>>;

/// Asks the system.
fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    (host, port).to_socket_addrs().map(Iterator::collect)
}

fn connect(url: &HttpUrl, limits: &Limits) -> Result<TcpStream, TransportError> {
    let host = url.host();
    let unknown = |source| TransportError::Resolve { host: host.to_owned(), source };
    let addresses = addresses(url, resolve).map_err(unknown)?;
    let mut last = unknown(io::ErrorKind::NotFound.into());
    for address in addresses {
        let wait = limits.wait("connecting")?;
        match TcpStream::connect_timeout(&address, wait) {
            Ok(socket) => return Ok(socket),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                last = limits.exceeded("connecting");
            }
            Err(source) => last = TransportError::Connect { to: address.to_string(), source },
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(url: &str, resolve: Resolve) -> Vec<SocketAddr> {
        super::addresses(&url.parse().unwrap(), resolve).unwrap()
    }

    #[test]
    fn localhost_needs_no_name_service() {
        let both = addresses("http://LocalHost:8000/", |host, _| panic!("{host} is looked up"));
        assert_eq!(both, ["[::1]:8000".parse().unwrap(), "127.0.0.1:8000".parse().unwrap()]);
    }

    #[test]
    fn a_zone_is_an_interface() {
        for zone in ["1", "lo"] {
            let [SocketAddr::V6(address)] =
                addresses(&format!("http://[fe80::1%{zone}]:8000/"), resolve)[..]
            else {
                panic!("one address")
            };
            assert_eq!((address.scope_id(), address.port()), (1, 8000), "{zone}");
        }
    }
}
