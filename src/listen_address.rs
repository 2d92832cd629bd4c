//! An address to listen on, as people write it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use crate::authority::{Authority, is_zone, split_zone};
use crate::number::decimal;

/// An address to listen on: `HOST:PORT`, `IP:PORT`, `[IPv6]:PORT`,
/// `[IPv6%ZONE]:PORT`, or `:PORT` for all interfaces. Port 0 takes any free one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenAddress {
    text: String,
    pub(crate) host: Host,
    port: u16,
}

/// What the host stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Host {
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
}
