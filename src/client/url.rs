//! Where requests go.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::authority::{Authority, ParseAuthorityError};

/// An `http` or `https` URL: scheme, perhaps a user, host, perhaps a port, path,
/// perhaps a query. No fragment, which is never sent.
///
/// ```
/// use omaha::client::HttpUrl;
///
/// // The value of `SERVER=` on a machine.
/// let url: HttpUrl = "https://public.update.flatcar-linux.net/v1/update/".parse()?;
/// assert_eq!((url.host(), url.port()), ("public.update.flatcar-linux.net", 443));
///
/// let url: HttpUrl = "http://localhost:8000".parse()?;
/// assert!(!url.has_path());
/// assert_eq!(url.or_update_path().as_str(), "http://localhost:8000/v1/update/");
/// # Ok::<(), omaha::client::ParseUrlError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpUrl {
    text: String,
    is_https: bool,
    user_info: Option<String>,
    authority: Authority,
    zone: Option<String>,
    /// Where the path begins.
    path: usize,
}

impl HttpUrl {
    /// The path of update checks, which the server of this crate, Nebraska and
    /// go-omaha have.
    pub const UPDATE_PATH: &str = "/v1/update/";

    /// Where a package is, by its codebase and its name. A codebase without
    /// its final `/` gets one, and one without a scheme is `http`, as for
    /// libcurl and so for `update_engine`.
    ///
    /// # Errors
    ///
    /// When the result is not such a URL.
    pub fn of_package(codebase: &str, name: &str) -> Result<Self, ParseUrlError> {
        let slash = if codebase.ends_with('/') { "" } else { "/" };
        Self::of_codebase(&format!("{codebase}{slash}{name}"))
    }

    /// A codebase, perhaps without a scheme.
    pub(super) fn of_codebase(codebase: &str) -> Result<Self, ParseUrlError> {
        if has_scheme(codebase) { codebase.parse() } else { format!("http://{codebase}").parse() }
    }

    /// Whether it has a path, more than the `/` that every URL has.
    pub fn has_path(&self) -> bool {
        let path = self.path_and_query();
        path.find('?').unwrap_or(path.len()) > 1
    }

    /// The same with the path [`UPDATE_PATH`](Self::UPDATE_PATH) if it has
    /// none, as go-omaha's client has it. Machines do not do that.
    #[must_use]
    pub fn or_update_path(self) -> Self {
        if self.has_path() {
            return self;
        }
        let (start, rest) = self.text.split_at(self.path);
        let query = rest.strip_prefix('/').unwrap_or(rest);
        Self { text: format!("{start}{}{query}", Self::UPDATE_PATH), ..self }
    }

    /// The whole URL.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the scheme is `https`.
    pub fn is_https(&self) -> bool {
        self.is_https
    }

    /// The user's name and perhaps `:` and a password, as they are written:
    /// with `%XX` where a character is not allowed in a URL.
    pub fn user_info(&self) -> Option<&str> {
        self.user_info.as_deref()
    }

    /// Host and port, without the zone: the value of the header `Host`.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The host, an IPv6 address without its brackets and its zone.
    pub fn host(&self) -> &str {
        self.authority.host().trim_start_matches('[').trim_end_matches(']')
    }

    /// The zone of an IPv6 address: the interface of this machine through
    /// which a link-local address is reached, by name or number. Written
    /// `[fe80::1%eth0]` or, as RFC 6874 has it, `[fe80::1%25eth0]`.
    pub fn zone(&self) -> Option<&str> {
        self.zone.as_deref()
    }

    /// The port, named or the scheme's own.
    pub fn port(&self) -> u16 {
        self.authority.port().unwrap_or(if self.is_https { 443 } else { 80 })
    }

    /// The path, from its first `/`, and the query.
    pub fn path_and_query(&self) -> &str {
        &self.text[self.path..]
    }

    /// What a `Location` header of this URL's answer leads to.
    ///
    /// # Errors
    ///
    /// When that is not such a URL.
    pub fn resolve(&self, location: &str) -> Result<Self, ParseUrlError> {
        // A fragment is for the reader of a page, not for the server.
        let location = location.split('#').next().unwrap_or_default();
        let text = if has_scheme(location) {
            location.to_owned()
        } else if location.starts_with("//") {
            format!("{}:{location}", if self.is_https { "https" } else { "http" })
        } else if location.starts_with('/') {
            format!("{}{location}", &self.text[..self.path])
        } else {
            let query = self.text.find('?').unwrap_or(self.text.len());
            let keep = match location.chars().next() {
                None => self.text.len(),
                Some('?') => query,
                Some(_) => self.text[..query].rfind('/').map_or(query, |slash| slash + 1),
            };
            format!("{}{location}", &self.text[..keep])
        };
        text.parse()
    }
}

impl AsRef<str> for HttpUrl {
    fn as_ref(&self) -> &str {
        self.as_str()
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
        let (user_info, host) = match authority.rsplit_once('@') {
            Some((user_info, host)) => (Some(user_info.to_owned()), host),
            None => (None, authority),
        };
        let (without_zone, zone) = split_zone(host)?;
        let start = format!("http{}://{authority}", if is_https { "s" } else { "" });
        let slash = if path.starts_with('/') { "" } else { "/" };
        Ok(Self {
            path: start.len(),
            text: format!("{start}{slash}{path}"),
            is_https,
            user_info,
            authority: without_zone.parse().map_err(ParseUrlError::Authority)?,
            zone,
        })
    }
}

/// Whether a scheme stands before `://`, and not the beginning of a path or a
/// query that holds another URL.
pub(super) fn has_scheme(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, _)| {
        !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// Takes the zone out of `[ADDRESS%ZONE]:PORT`.
fn split_zone(host: &str) -> Result<(Cow<'_, str>, Option<String>), ParseUrlError> {
    let parts = host.starts_with('[').then(|| host.split_once('%')).flatten();
    let Some((address, rest)) = parts else { return Ok((host.into(), None)) };
    let Some((zone, port)) = rest.split_once(']') else { return Err(ParseUrlError::Zone) };
    // The percent sign itself, escaped, unless that is all there is.
    let zone = zone.strip_prefix("25").filter(|zone| !zone.is_empty()).unwrap_or(zone);
    let is_right = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    if zone.is_empty() || !zone.bytes().all(is_right) {
        return Err(ParseUrlError::Zone);
    }
    Ok((format!("{address}]{port}").into(), Some(zone.to_owned())))
}

/// Visible ASCII, without what RFC 3986 excludes and without the beginning of
/// a fragment, which is never sent.
fn may_stand_in_url(character: char) -> bool {
    character.is_ascii_graphic()
        && !matches!(character, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}' | '#')
}

/// Why a text is not an [`HttpUrl`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseUrlError {
    /// It begins with neither `http://` nor `https://`.
    Scheme,
    /// The host or port is malformed.
    Authority(ParseAuthorityError),
    /// The zone of an IPv6 address is empty or not the name of an interface.
    Zone,
    /// A character that is not allowed in a URL.
    Character(char),
}

impl fmt::Display for ParseUrlError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheme => formatter.write_str("it must begin with http:// or https://"),
            Self::Authority(_) => formatter.write_str("the host or the port is malformed"),
            Self::Zone => {
                formatter.write_str("the zone must be the name of an interface: [fe80::1%eth0]")
            }
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
            Self::Scheme | Self::Zone | Self::Character(_) => None,
        }
    }
}

#[cfg(test)]
mod tests;
