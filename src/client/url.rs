//! Where requests go.

use std::fmt;
use std::str::FromStr;

use crate::authority::{Authority, ParseAuthorityError};

/// An `http` or `https` URL: scheme, host, perhaps a port, path, perhaps a
/// query. No user information and no fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpUrl {
    text: String,
    is_https: bool,
    authority: Authority,
    /// Where the path begins.
    path: usize,
}

impl HttpUrl {
    /// Where a package is, by its codebase and its name. A codebase without
    /// its final `/` gets one.
    ///
    /// # Errors
    ///
    /// When the result is not such a URL.
    pub fn of_package(codebase: &str, name: &str) -> Result<Self, ParseUrlError> {
        let slash = if codebase.ends_with('/') { "" } else { "/" };
        format!("{codebase}{slash}{name}").parse()
    }

    /// The whole URL.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the scheme is `https`.
    pub fn is_https(&self) -> bool {
        self.is_https
    }

    /// The host, an IPv6 address without its brackets.
    pub fn host(&self) -> &str {
        self.authority.host().trim_start_matches('[').trim_end_matches(']')
    }

    /// The port, named or the scheme's own.
    pub fn port(&self) -> u16 {
        self.authority.port().unwrap_or(if self.is_https { 443 } else { 80 })
    }

    /// The path, from its first `/`, and the query.
    pub fn path_and_query(&self) -> &str {
        self.text.get(self.path..).unwrap_or_default()
    }

    /// What a `Location` header of this URL's answer leads to.
    ///
    /// # Errors
    ///
    /// When that is not such a URL.
    pub fn resolve(&self, location: &str) -> Result<Self, ParseUrlError> {
        // A fragment is for the reader of a page, not for the server.
        let location = location.split('#').next().unwrap_or_default();
        let up_to = |end: usize| self.text.get(..end).unwrap_or_default();
        let is_absolute = location.split_once("://").is_some_and(|(scheme, _)| {
            !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
        let text = if is_absolute {
            location.to_owned()
        } else if location.starts_with("//") {
            format!("{}:{location}", if self.is_https { "https" } else { "http" })
        } else if location.starts_with('/') {
            format!("{}{location}", up_to(self.path))
        } else {
            let query = self.text.find('?').unwrap_or(self.text.len());
            let keep = match location.chars().next() {
                None => self.text.len(),
                Some('?') => query,
                Some(_) => up_to(query).rfind('/').map_or(query, |slash| slash + 1),
            };
            format!("{}{location}", up_to(keep))
        };
        text.parse()
    }
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl FromStr for HttpUrl {
    type Err = ParseUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (scheme, rest) = text.split_once("://").ok_or(ParseUrlError::Scheme)?;
        let is_https = scheme.eq_ignore_ascii_case("https");
        if !is_https && !scheme.eq_ignore_ascii_case("http") {
            return Err(ParseUrlError::Scheme);
        }
        if let Some(character) = rest.chars().find(|c| !may_stand_in_url(*c)) {
            return Err(ParseUrlError::Character(character));
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if authority.contains('@') {
            return Err(ParseUrlError::User);
        }
        let authority: Authority = authority.parse().map_err(ParseUrlError::Authority)?;
        let slash = if path.starts_with('/') { "" } else { "/" };
        let start = format!("http{}://{authority}", if is_https { "s" } else { "" });
        Ok(Self { path: start.len(), text: format!("{start}{slash}{path}"), is_https, authority })
    }
}

/// Visible ASCII, without what RFC 3986 excludes and without the beginning of
/// a fragment, which is never sent.
fn may_stand_in_url(character: char) -> bool {
    character.is_ascii_graphic()
        && !matches!(character, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}' | '#')
}

/// The URL of an update server: what stands in `SERVER=` on a machine. One
/// without a path gains `/v1/update/`, as go-omaha's client has it.
///
/// ```
/// use omaha::client::ServerUrl;
///
/// let url: ServerUrl = "http://localhost:8000".parse()?;
/// assert_eq!(url.to_string(), "http://localhost:8000/v1/update/");
/// let url: ServerUrl = "https://public.update.flatcar-linux.net/v1/update".parse()?;
/// assert_eq!(url.to_string(), "https://public.update.flatcar-linux.net/v1/update");
/// # Ok::<(), omaha::client::ParseUrlError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerUrl(HttpUrl);

impl ServerUrl {
    /// What a URL without a path gains.
    pub const PATH: &str = "/v1/update/";

    /// The URL that requests are sent to.
    pub fn as_url(&self) -> &HttpUrl {
        &self.0
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl FromStr for ServerUrl {
    type Err = ParseUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url: HttpUrl = text.parse()?;
        let (path, query) = match url.path_and_query().split_once('?') {
            Some((path, query)) => (path, format!("?{query}")),
            None => (url.path_and_query(), String::new()),
        };
        if path == "/" {
            return url.resolve(&format!("{}{query}", Self::PATH)).map(Self);
        }
        Ok(Self(url))
    }
}

/// Why a text is not an [`HttpUrl`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseUrlError {
    /// It begins with neither `http://` nor `https://`.
    Scheme,
    /// It holds a user's name or a password.
    User,
    /// The host or port is malformed.
    Authority(ParseAuthorityError),
    /// A character that cannot stand in a URL.
    Character(char),
}

impl fmt::Display for ParseUrlError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheme => formatter.write_str("it must begin with http:// or https://"),
            Self::User => formatter
                .write_str("it names a user, but Omaha has no use for one; leave out USER@"),
            Self::Authority(error) => write!(formatter, "{error}"),
            Self::Character('#') => formatter.write_str("a URL that is sent has no '#'"),
            Self::Character(character) => {
                write!(formatter, "{character:?} cannot stand in a URL; write it as %XX")
            }
        }
    }
}

impl std::error::Error for ParseUrlError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Authority(error) => Some(error),
            Self::Scheme | Self::User | Self::Character(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts() {
        let url: HttpUrl = "HTTPS://[::1]:8443/a/b?c=d".parse().unwrap();
        assert_eq!((url.host(), url.port(), url.is_https()), ("::1", 8443, true));
        assert_eq!(url.path_and_query(), "/a/b?c=d");
        assert_eq!(url.as_str(), "https://[::1]:8443/a/b?c=d");
        let url: HttpUrl = "http://host?x".parse().unwrap();
        assert_eq!((url.as_str(), url.port()), ("http://host/?x", 80));
    }

    #[test]
    fn a_server_without_a_path_gains_one() {
        for (text, expected) in [
            ("http://a", "http://a/v1/update/"),
            ("http://a:8000/", "http://a:8000/v1/update/"),
            ("http://a?x=1", "http://a/v1/update/?x=1"),
            ("http://a/v1/update", "http://a/v1/update"),
            ("http://a//", "http://a//"),
        ] {
            assert_eq!(text.parse::<ServerUrl>().unwrap().to_string(), expected);
        }
    }

    #[test]
    fn refused() {
        for (text, error) in [
            ("", ParseUrlError::Scheme),
            ("localhost:8000", ParseUrlError::Scheme),
            ("ftp://a", ParseUrlError::Scheme),
            ("http:/a", ParseUrlError::Scheme),
            ("http://", ParseUrlError::Authority(ParseAuthorityError::Host)),
            ("http:///x", ParseUrlError::Authority(ParseAuthorityError::Host)),
            ("http://a:x", ParseUrlError::Authority(ParseAuthorityError::Port)),
            ("http://user:secret@a", ParseUrlError::User),
            ("http://a/b c", ParseUrlError::Character(' ')),
            ("http://a/#x", ParseUrlError::Character('#')),
            ("http://a/\r\nX: y", ParseUrlError::Character('\r')),
            ("http://é", ParseUrlError::Character('é')),
        ] {
            assert_eq!(text.parse::<ServerUrl>(), Err(error), "{text:?}");
        }
    }

    #[test]
    fn packages() {
        for codebase in ["http://a/p", "http://a/p/"] {
            let url = HttpUrl::of_package(codebase, "update.gz").unwrap();
            assert_eq!(url.as_str(), "http://a/p/update.gz");
        }
        assert!(HttpUrl::of_package("", "update.gz").is_err());
        assert!(HttpUrl::of_package("http://a/", "up date").is_err());
    }

    #[test]
    fn redirects() {
        let url: HttpUrl = "http://a:1/x/y?z".parse().unwrap();
        for (location, expected) in [
            ("https://b/c", "https://b/c"),
            ("//b/c", "http://b/c"),
            ("/c?d", "http://a:1/c?d"),
            ("c", "http://a:1/x/c"),
            ("?d", "http://a:1/x/y?d"),
            ("/c#e", "http://a:1/c"),
            ("/c?u=http://q/", "http://a:1/c?u=http://q/"),
        ] {
            assert_eq!(url.resolve(location).unwrap().as_str(), expected, "{location}");
        }
        assert_eq!(url.resolve("ftp://b/"), Err(ParseUrlError::Scheme));
    }
}
