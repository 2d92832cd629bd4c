//! The part of a URL that names a server: `host` or `host:port`.

use std::borrow::Cow;
use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use crate::number::decimal;

/// A well-formed `host` or `host:port` (RFC 3986, section 3.2, without user
/// information), safe in a URL, in XML and in a log line.
///
/// An IPv6 address may have a zone, written `[fe80::1%eth0]` or, as in a URL
/// (RFC 6874), `[fe80::1%25eth0]`; it becomes the latter. A port that is empty,
/// as in `host:`, is none.
///
/// A request's `Host` header comes back to the client inside the codebase, so
/// nothing that is not of this form may pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    text: String,
    host_length: usize,
}

impl Authority {
    /// Longest host name (RFC 1035, section 2.3.4), and room for a port.
    const MAX_LENGTH: usize = 255 + ":65535".len();

    /// The text, with `%25` before a zone and without an empty port.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host, an IPv6 address in its brackets and with its zone.
    pub fn host(&self) -> &str {
        &self.text[..self.host_length]
    }

    /// The host without brackets and zone.
    pub fn host_without_zone(&self) -> &str {
        match self.host().strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(address) => split_zone(address).0,
            None => self.host(),
        }
    }

    /// The zone of an IPv6 address: the interface through which it is reached,
    /// by its name or number on the machine that has the interface.
    pub fn zone(&self) -> Option<&str> {
        split_zone(self.host().strip_prefix('[')?.strip_suffix(']')?).1
    }

    /// Whether this is a link-local address without a zone, which leads nowhere.
    pub fn lacks_zone(&self) -> bool {
        let address = self.host_without_zone().parse::<Ipv6Addr>();
        address.is_ok_and(|address| address.is_unicast_link_local()) && self.zone().is_none()
    }

    /// The port, if one is named.
    pub fn port(&self) -> Option<u16> {
        decimal(self.text.get(self.host_length + 1..)?)
    }
}

impl AsRef<str> for Authority {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl FromStr for Authority {
    type Err = ParseAuthorityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > Self::MAX_LENGTH {
            return Err(ParseAuthorityError::TooLong);
        }
        let (host, port) = match text.rsplit_once(':') {
            // The last colon of a bare `[::1]` stands inside the brackets.
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (text, None),
        };
        if text.contains('@') {
            return Err(ParseAuthorityError::User);
        }
        let host = canonical_host(host).ok_or(ParseAuthorityError::Host)?;
        let port = port.filter(|port| !port.is_empty());
        if port.is_some_and(|port| decimal::<u16>(port).is_none()) {
            return Err(ParseAuthorityError::Port);
        }
        let host_length = host.len();
        let text = match port {
            Some(port) => format!("{host}:{port}"),
            None => host.into_owned(),
        };
        // A zone is written longer than it may have come.
        if text.len() > Self::MAX_LENGTH {
            return Err(ParseAuthorityError::TooLong);
        }
        Ok(Self { text, host_length })
    }
}

/// A host name, an IPv4 address, or an IPv6 address in brackets, perhaps with a
/// zone. Names may hold an underscore: no standard allows it, and many networks
/// use it.
fn canonical_host(host: &str) -> Option<Cow<'_, str>> {
    if let Some(address) = host.strip_prefix('[') {
        let (address, zone) = split_zone(address.strip_suffix(']')?);
        address.parse::<Ipv6Addr>().ok()?;
        return match zone {
            Some(zone) if is_zone(zone) => Some(format!("[{address}%25{zone}]").into()),
            Some(_) => None,
            None => Some(host.into()),
        };
    }
    let is_name = !host.is_empty()
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
    is_name.then_some(host.into())
}

/// An IPv6 address and its zone, which stands behind `%` or, in a URL, `%25`.
pub(crate) fn split_zone(address: &str) -> (&str, Option<&str>) {
    match address.split_once('%') {
        // "%25" alone is the zone of that number.
        Some((address, zone)) => {
            let escaped = zone.strip_prefix("25").filter(|zone| !zone.is_empty());
            (address, Some(escaped.unwrap_or(zone)))
        }
        None => (address, None),
    }
}

/// The name or number of an interface, of characters that a URL may contain as they are
/// (RFC 6874).
pub(crate) fn is_zone(zone: &str) -> bool {
    let may_stand =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'~');
    !zone.is_empty() && zone.bytes().all(may_stand)
}

/// Why a text is not an [`Authority`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseAuthorityError {
    /// Longer than any host name with a port.
    TooLong,
    /// The host is empty or holds a character that no host name has.
    Host,
    /// The port is not a number from 0 to 65535.
    Port,
    /// There is a user, and perhaps a password.
    User,
}

impl fmt::Display for ParseAuthorityError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::TooLong => "the host name is too long",
            Self::Host => "the host is not a name, an IPv4 address or an [IPv6] address",
            Self::Port => "the port is not a number from 0 to 65535",
            Self::User => "a user and a password cannot stand in it",
        })
    }
}

impl std::error::Error for ParseAuthorityError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_formed() {
        for (text, host, port) in [
            ("localhost", "localhost", None),
            ("localhost:8000", "localhost", Some(8000)),
            ("10.0.0.1:80", "10.0.0.1", Some(80)),
            ("[::1]", "[::1]", None),
            ("[fe80::1]:8000", "[fe80::1]", Some(8000)),
            ("my_host.example.", "my_host.example.", None),
        ] {
            let authority: Authority = text.parse().unwrap();
            assert_eq!((authority.host(), authority.port()), (host, port), "{text}");
        }
    }

    #[test]
    fn refused() {
        let long = "a".repeat(300);
        for text in [
            "",
            ":80",
            "a b",
            "a\"b",
            "a<b>",
            "a/b",
            "user@host",
            "user:password@host:80",
            "a:b",
            "a:99999",
            "a:-1",
            "a:+1",
            "::1",
            "[::1",
            "[x]",
            "[fe80::1%]",
            "[fe80::1%25et h]",
            "[fe80::1%eth0\"]",
            "10.0.0.1%eth0",
            "[%eth0]",
            "a:80:90",
            "a\r\nb",
            "é",
            &long,
        ] {
            assert!(text.parse::<Authority>().is_err(), "{text:?}");
        }
    }

    /// The longest one can be read again: `%` becomes `%25`.
    #[test]
    fn a_long_zone() {
        let with_zone = |length| format!("[::1%{}]", "z".repeat(length)).parse::<Authority>();
        let room = Authority::MAX_LENGTH - "[::1%25]".len();
        let longest = with_zone(room).unwrap();
        assert_eq!(longest.as_str().parse().as_ref(), Ok(&longest));
        assert_eq!(with_zone(room + 1), Err(ParseAuthorityError::TooLong));
    }

    /// RFC 3986, section 3.2.3, allows it.
    #[test]
    fn an_empty_port_is_none() {
        for (text, expected) in [("host:", "host"), ("[::1]:", "[::1]")] {
            let authority: Authority = text.parse().unwrap();
            assert_eq!((authority.as_str(), authority.port()), (expected, None));
        }
        assert!("host::".parse::<Authority>().is_err());
        assert!(":".parse::<Authority>().is_err());
    }

    #[test]
    fn zones() {
        for (text, canonical, zone) in [
            ("[fe80::1%eth0]:8000", "[fe80::1%25eth0]:8000", "eth0"),
            ("[fe80::1%25eth0.7]", "[fe80::1%25eth0.7]", "eth0.7"),
            ("[fe80::1%2]", "[fe80::1%252]", "2"),
            ("[fe80::1%25]", "[fe80::1%2525]", "25"),
        ] {
            let authority: Authority = text.parse().unwrap();
            assert_eq!((authority.as_str(), authority.zone()), (canonical, Some(zone)));
            assert_eq!(authority.host_without_zone(), "fe80::1");
            assert!(!authority.lacks_zone());
            assert_eq!(canonical.parse(), Ok(authority));
        }
        for (text, lacks) in [
            ("[fe80::1]:80", true),
            ("[febf::1]", true),
            ("[fd00::1]", false),
            ("[::1]", false),
            ("169.254.0.1", false),
            ("a.lan", false),
        ] {
            assert_eq!(text.parse::<Authority>().unwrap().lacks_zone(), lacks, "{text}");
        }
    }
}
