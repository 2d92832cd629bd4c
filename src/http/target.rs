//! What a request is addressed to (RFC 9112, section 3.2).

use std::borrow::Cow;

use crate::authority::Authority;
use crate::quoted::Quoted;

/// The target of a request: the host, if it names one, and the path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target<'a> {
    /// From an absolute URL, which goes before the `Host` header (RFC 9112,
    /// section 3.2.2). Not yet checked.
    pub authority: Option<&'a str>,
    /// Without the query string, and in one form, whatever `%XX` and empty segments
    /// the client has written: Flatcar's postinstall step of late 2023 asks for
    /// `/packages//NAME`.
    pub path: Cow<'a, str>,
}

impl<'a> Target<'a> {
    pub fn of(url: &'a str) -> Self {
        let url = url.split(['?', '#']).next().unwrap_or_default();
        let is_http = |scheme: &&str| {
            url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        };
        let Some(scheme) = ["http://", "https://"].iter().find(|scheme| is_http(scheme)) else {
            return Self { authority: None, path: normalized(url) };
        };
        let rest = &url[scheme.len()..];
        let (authority, path) = match rest.find('/') {
            Some(slash) => rest.split_at(slash),
            None => (rest, "/"),
        };
        Self { authority: Some(authority), path: normalized(path) }
    }

    /// The server as the client knows it, from here or else from the `Host`
    /// header; `fallback` where neither names one.
    ///
    /// # Errors
    ///
    /// What is wrong, in words.
    pub fn authority(
        &self,
        host: Option<&str>,
        fallback: Option<&Authority>,
    ) -> Result<Authority, String> {
        let (what, host) = match self.authority {
            Some(host) => ("the host in the request's target", Some(host)),
            None => ("the Host header", host),
        };
        match host.map(str::trim) {
            Some("") | None => fallback.cloned().ok_or_else(|| format!("{what} is missing")),
            Some(host) => host
                .parse()
                .map_err(|_| format!("{what} is {}, and not HOST or HOST:PORT", Quoted(host))),
        }
    }
}

/// The path in one form: without empty segments, and with each `%XX` that stands
/// for a visible character of ASCII decoded, unless that separates segments or
/// begins such a triplet (RFC 3986, section 6.2.2.2). Proxies write `%2B` for the
/// `+` of a nightly's version.
fn normalized(path: &str) -> Cow<'_, str> {
    if !path.contains("//") && !path.contains('%') {
        return Cow::Borrowed(path);
    }
    let mut clean = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(character) = rest.chars().next() {
        rest = &rest[character.len_utf8()..];
        let digits = rest.get(..2).filter(|_| character == '%');
        let decoded = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match decoded.filter(|byte| byte.is_ascii_graphic() && !b"/%".contains(byte)) {
            Some(byte) => {
                clean.push(char::from(byte));
                rest = &rest[2..];
            }
            None if character == '/' && clean.ends_with('/') => {}
            None => clean.push(character),
        }
    }
    Cow::Owned(clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets() {
        for (url, authority, path) in [
            ("/v1/update/?x=1", None, "/v1/update/"),
            ("/a#b?c", None, "/a"),
            ("http://h:1/v1/update?x", Some("h:1"), "/v1/update"),
            ("HTTPS://h", Some("h"), "/"),
            ("*", None, "*"),
            ("", None, ""),
            ("//v1//update///?a//b", None, "/v1/update/"),
            ("/packages//oem-x.gz", None, "/packages/oem-x.gz"),
            ("http://h//packages//a", Some("h"), "/packages/a"),
            ("/packages/1%2Bn/%75pdate%2egz", None, "/packages/1+n/update.gz"),
            ("/a%2Fb%25c%20d%e4%zz%+1%4", None, "/a%2Fb%25c%20d%e4%zz%+1%4"),
        ] {
            assert_eq!(Target::of(url), Target { authority, path: path.into() }, "{url}");
        }
    }

    #[test]
    fn only_a_well_formed_host_comes_back() {
        let here: Authority = "127.0.0.1:8000".parse().unwrap();
        let plain = Target::of("/v1/update");
        let full = Target::of("http://full:1/v1/update");
        let of =
            |target: &Target<'_>, host| target.authority(host, Some(&here)).map(|a| a.to_string());
        assert_eq!(of(&plain, Some("a.lan:80")), Ok("a.lan:80".to_owned()));
        assert_eq!(of(&plain, Some("a.lan:")), Ok("a.lan".to_owned()));
        assert_eq!(of(&plain, Some("[fe80::1%eth0]:80")), Ok("[fe80::1%25eth0]:80".to_owned()));
        assert_eq!(of(&full, Some("a.lan:80")), Ok("full:1".to_owned()));
        assert_eq!(of(&plain, None), Ok("127.0.0.1:8000".to_owned()));
        assert!(of(&plain, Some("a\"><url codebase=\"http://evil")).is_err());
        assert!(plain.authority(None, None).is_err());
    }
}
