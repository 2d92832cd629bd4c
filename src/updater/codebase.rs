//! Where packages are fetched from.

use std::fmt;
use std::str::FromStr;

use crate::authority::{Authority, ParseAuthorityError};

/// What a package's name is appended to: always ends in `/`, because the
/// `update_engine` of 2019 joins the two as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Codebase {
    text: String,
    /// The URL's authority and where its path begins; none for a path.
    url: Option<(Authority, usize)>,
}

impl Codebase {
    /// Where the server of the feature `server` offers its packages.
    pub const PACKAGES: &str = "/packages/";

    /// Whether this is a path on whatever server the client asked, and not a
    /// whole URL.
    pub fn is_path(&self) -> bool {
        self.url.is_none()
    }

    /// The server's name and port; none for a path.
    pub fn authority(&self) -> Option<&Authority> {
        self.url.as_ref().map(|(authority, _)| authority)
    }

    /// The path, from its first `/`.
    pub fn path(&self) -> &str {
        let start = self.url.as_ref().map_or(0, |(_, start)| *start);
        &self.text[start..]
    }

    /// The port of the URL, named or the scheme's own; none for a path.
    pub fn port(&self) -> Option<u16> {
        let (authority, _) = self.url.as_ref()?;
        let of_scheme = if self.text.starts_with("https:") { 443 } else { 80 };
        Some(authority.port().unwrap_or(of_scheme))
    }

    /// The path or URL.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// The path [`Codebase::PACKAGES`] of the server that is asked.
impl Default for Codebase {
    fn default() -> Self {
        Self { text: Self::PACKAGES.to_owned(), url: None }
    }
}

impl AsRef<str> for Codebase {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Codebase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// Takes an `http` or `https` URL or an absolute path, and adds a missing
/// final `/`.
impl FromStr for Codebase {
    type Err = ParseCodebaseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let slash = if text.ends_with('/') { "" } else { "/" };
        if let Some(character) = text.chars().find(|c| !may_stand_in_path(*c)) {
            return Err(ParseCodebaseError::Character(character));
        }
        if text.starts_with('/') && !text.starts_with("//") {
            return Ok(Self { text: format!("{text}{slash}"), url: None });
        }
        let (scheme, rest) = text.split_once("://").ok_or(ParseCodebaseError::Scheme)?;
        if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
            return Err(ParseCodebaseError::Scheme);
        }
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let authority: Authority = authority.parse().map_err(ParseCodebaseError::Authority)?;
        let start = format!("{scheme}://{authority}");
        let text = format!("{start}{path}{slash}");
        Ok(Self { text, url: Some((authority, start.len())) })
    }
}

/// Visible ASCII, without what RFC 3986 excludes and without the beginning of
/// a query or a fragment, to which no name could be appended.
fn may_stand_in_path(character: char) -> bool {
    character.is_ascii_graphic()
        && !matches!(character, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}' | '?' | '#')
}

/// Why a text is not a [`Codebase`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseCodebaseError {
    /// It begins with neither `http://`, `https://` nor `/`.
    Scheme,
    /// The host or port is malformed.
    Authority(ParseAuthorityError),
    /// A character that is not allowed there.
    Character(char),
}

impl fmt::Display for ParseCodebaseError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheme => formatter.write_str("it must begin with http:// or https://"),
            Self::Authority(_) => formatter.write_str("the host or the port is malformed"),
            Self::Character(character) => write!(
                formatter,
                "{character:?} cannot stand in it, because package names are appended to it"
            ),
        }
    }
}

impl std::error::Error for ParseCodebaseError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Authority(error) => Some(error),
            Self::Scheme | Self::Character(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        let codebase: Codebase = "https://mirror.example:8443/flatcar/4152.2.0".parse().unwrap();
        assert_eq!(codebase.as_str(), "https://mirror.example:8443/flatcar/4152.2.0/");
        assert_eq!(codebase.path(), "/flatcar/4152.2.0/");
        assert_eq!(codebase.port(), Some(8443));
        assert!(!codebase.is_path());

        let codebase: Codebase = "HTTP://10.0.0.1".parse().unwrap();
        assert_eq!((codebase.path(), codebase.port()), ("/", Some(80)));
        let codebase: Codebase = "http://[fe80::1%eth0]:/x".parse().unwrap();
        assert_eq!((codebase.as_str(), codebase.path()), ("http://[fe80::1%25eth0]/x/", "/x/"));
        let codebase: Codebase = "https://a/".parse().unwrap();
        assert_eq!((codebase.as_str(), codebase.port()), ("https://a/", Some(443)));
    }

    #[test]
    fn paths() {
        let codebase: Codebase = "/updates".parse().unwrap();
        assert_eq!((codebase.path(), codebase.port()), ("/updates/", None));
        assert_eq!(Codebase::default().as_str(), "/packages/");
    }

    #[test]
    fn refused() {
        for text in [
            "",
            "mirror",
            "ftp://a/",
            "http:/a",
            "http://",
            "http:///a",
            "//a/b",
            "http://a b/",
            "http://a/?x=",
            "http://a/#x",
            "http://u@a/",
            "http://a:x/",
            "http://a/\"",
            "file:///x",
        ] {
            assert!(text.parse::<Codebase>().is_err(), "{text:?}");
        }
    }
}
