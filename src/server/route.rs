//! What a request is about, by its method and target.

use tiny_http::Method;

use crate::updater::Codebase;

/// Where update requests go: this path, and everything below it.
const UPDATE: &str = "/v1/update";

/// What a request is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route<'a> {
    /// An update request.
    Update,
    /// GET or HEAD of a package, by its path below [`Codebase::PACKAGES`].
    Package { path: &'a str },
    /// GET or HEAD of anything else.
    Page { path: &'a str },
    /// Known, but not with this method; these are allowed.
    NotAllowed(&'static str),
    /// A POST of something else than an update request, or where none goes.
    NoUpdate,
    /// Nothing that is here.
    NotFound,
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
            Method::Get | Method::Head => Route::Package { path },
            _ => Route::NotAllowed("GET, HEAD"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes() {
        use Method::{Get, Head, Post, Put};
        let package = |path| Route::Package { path };
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
            (Get, "/packages/update.gz", package("update.gz")),
            (Head, "/packages/update.gz", package("update.gz")),
            (Put, "/packages/update.gz", Route::NotAllowed("GET, HEAD")),
            (Get, "/packages/", Route::NotFound),
            (Get, "/packages", Route::Page { path: "/packages" }),
            (Get, "/packages/../etc/passwd", package("../etc/passwd")),
        ] {
            assert_eq!(route(&method, path), expected, "{method} {path}");
        }
    }
}
