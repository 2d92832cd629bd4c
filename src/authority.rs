//! The part of a URL that names a server: `host` or `host:port`.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

/// A well-formed `host` or `host:port` (RFC 3986, section 3.2, without user
/// information), safe to stand in a URL, in XML and in a log line.
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

    /// The text as it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host, an IPv6 address in its brackets.
    pub fn host(&self) -> &str {
        self.text.get(..self.host_length).unwrap_or_default()
    }

    /// The port, if one is named.
    pub fn port(&self) -> Option<u16> {
        self.text.get(self.host_length + 1..)?.parse().ok()
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
        if !is_host(host) {
            return Err(ParseAuthorityError::Host);
        }
        if let Some(port) = port {
            let digits = port.bytes().all(|byte| byte.is_ascii_digit());
            if !digits || port.parse::<u16>().is_err() {
                return Err(ParseAuthorityError::Port);
            }
        }
        Ok(Self { text: text.to_owned(), host_length: host.len() })
    }
}

/// A host name, an IPv4 address, or an IPv6 address in brackets. Names may
/// hold an underscore: no standard allows it, and many networks use it.
fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[') {
        return address
            .strip_suffix(']')
            .is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
    }
    !host.is_empty()
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
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
}

impl fmt::Display for ParseAuthorityError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::TooLong => "it is longer than a host name can be",
            Self::Host => "the host is not a name, an IPv4 address or an [IPv6] address",
            Self::Port => "the port is not a number from 0 to 65535",
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
            "a:b",
            "a:99999",
            "a:-1",
            "a:+1",
            "::1",
            "[::1",
            "[x]",
            "a:80:90",
            "a\r\nb",
            "é",
            &long,
        ] {
            assert!(text.parse::<Authority>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_empty_port_is_refused() {
        assert_eq!("host:".parse::<Authority>(), Err(ParseAuthorityError::Port));
    }
}
