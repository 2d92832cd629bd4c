//! What a request is about, by its method and target.

use std::borrow::Cow;

use tiny_http::Method;

use crate::authority::Authority;
use crate::updater::Codebase;

/// Where update requests go: this path, and everything below it.
const UPDATE: &str = "/v1/update";

/// What a request is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route<'a> {
    /// An update request.
    Update,
    /// GET or HEAD of a package, by its path below [`Codebase::PACKAGES`].
    Package { path: &'a str, is_head: bool },
    /// GET or HEAD of anything else.
    Page { path: &'a str },
    /// Known, but not with this method; these are allowed.
    NotAllowed(&'static str),
    /// A POST of something else than an update request, or where none goes.
    NoUpdate,
    /// Nothing that is here.
    NotFound,
}

/// The target of a request: the host, if it names one, and the path.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target<'a> {
    /// From an absolute URL, which goes before the `Host` header (RFC 9112,
    /// section 3.2.2). Not yet checked.
    pub authority: Option<&'a str>,
    /// Without the query string and without empty segments: Flatcar's
    /// postinstall step of late 2023 asks for `/packages//NAME`.
    pub path: Cow<'a, str>,
}

impl<'a> Target<'a> {
    pub fn of(url: &'a str) -> Self {
        let url = url.split(['?', '#']).next().unwrap_or_default();
        let is_http = |scheme: &&str| {
            url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        };
        let Some(scheme) = ["http://", "https://"].iter().find(|scheme| is_http(scheme)) else {
            return Self { authority: None, path: without_empty_segments(url) };
        };
        let rest = &url[scheme.len()..];
        let (authority, path) = match rest.find('/') {
            Some(slash) => rest.split_at(slash),
            None => (rest, "/"),
        };
        Self { authority: Some(authority), path: without_empty_segments(path) }
    }
}

fn without_empty_segments(path: &str) -> Cow<'_, str> {
    if !path.contains("//") {
        return Cow::Borrowed(path);
    }
    let mut clean = String::with_capacity(path.len());
    for character in path.chars() {
        if character != '/' || !clean.ends_with('/') {
            clean.push(character);
        }
    }
    Cow::Owned(clean)
}

/// Finds out what a request is about.
pub(super) fn route<'a>(method: &Method, path: &'a str) -> Route<'a> {
    let below = path.strip_prefix(UPDATE);
    if below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
        return match method {
            Method::Post => Route::Update,
            _ => Route::NotAllowed("POST"),
        };
    }
    match path.strip_prefix(Codebase::PACKAGES) {
        None if matches!(method, Method::Get | Method::Head) => Route::Page { path },
        None if *method == Method::Post => Route::NoUpdate,
        None | Some("") => Route::NotFound,
        Some(path) => match method {
            Method::Get => Route::Package { path, is_head: false },
            Method::Head => Route::Package { path, is_head: true },
            _ => Route::NotAllowed("GET, HEAD"),
        },
    }
}

/// This server as the client knows it, from the target or the `Host` header.
///
/// # Errors
///
/// What is wrong, in words, when there is neither or it is malformed. Then
/// `fallback` is used if there was no header at all.
pub(super) fn authority(
    target: &Target<'_>,
    host: Option<&str>,
    fallback: Option<&Authority>,
) -> Result<Authority, &'static str> {
    match target.authority.or(host).map(str::trim) {
        Some("") | None => fallback.cloned().ok_or("the Host header is missing"),
        Some(text) => text.parse().map_err(|_| "the Host header is not HOST or HOST:PORT"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes() {
        use Method::{Get, Head, Post, Put};
        let package = |path, is_head| Route::Package { path, is_head };
        for (method, path, expected) in [
            (Post, "/v1/update", Route::Update),
            (Post, "/v1/update/", Route::Update),
            (Post, "/v1/update/extra", Route::Update),
            (Get, "/v1/update/", Route::NotAllowed("POST")),
            (Post, "/v1/updates", Route::NoUpdate),
            (Post, "/", Route::NoUpdate),
            (Put, "/", Route::NotFound),
            (Get, "/", Route::Page { path: "/" }),
            (Head, "/health", Route::Page { path: "/health" }),
            (Get, "/packages/update.gz", package("update.gz", false)),
            (Head, "/packages/update.gz", package("update.gz", true)),
            (Put, "/packages/update.gz", Route::NotAllowed("GET, HEAD")),
            (Get, "/packages/", Route::NotFound),
            (Get, "/packages", Route::Page { path: "/packages" }),
            (Get, "/packages/../etc/passwd", package("../etc/passwd", false)),
        ] {
            assert_eq!(route(&method, path), expected, "{method} {path}");
        }
    }

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
        ] {
            assert_eq!(Target::of(url), Target { authority, path: path.into() }, "{url}");
        }
    }

    #[test]
    fn only_a_well_formed_host_comes_back() {
        let here: Authority = "127.0.0.1:8000".parse().unwrap();
        let plain = Target::of("/v1/update");
        let full = Target::of("http://full:1/v1/update");
        let of = |target, host| authority(target, host, Some(&here)).map(|a| a.to_string());
        assert_eq!(of(&plain, Some("a.lan:80")), Ok("a.lan:80".to_owned()));
        assert_eq!(of(&plain, Some("a.lan:")), Ok("a.lan".to_owned()));
        assert_eq!(of(&plain, Some("[fe80::1%eth0]:80")), Ok("[fe80::1%25eth0]:80".to_owned()));
        assert_eq!(of(&full, Some("a.lan:80")), Ok("full:1".to_owned()));
        assert_eq!(of(&plain, None), Ok("127.0.0.1:8000".to_owned()));
        assert!(of(&plain, Some("a\"><url codebase=\"http://evil")).is_err());
        assert!(authority(&plain, None, None).is_err());
    }
}
