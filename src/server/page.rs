//! Pages that the owner of a server has beside the update and the packages.

use std::net::SocketAddr;

use crate::http::response::{Response, Status};

/// A request for a page: a GET or HEAD of a path that is neither the update's
/// nor a package's.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct PageRequest<'a> {
    /// The path, without the query string: `/health`.
    pub path: &'a str,
    /// Who asks.
    pub address: SocketAddr,
}

/// A page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    content_type: &'static str,
    body: Vec<u8>,
    headers: Vec<(&'static str, &'static str)>,
    is_available: bool,
}

impl Page {
    /// A page with the status 200.
    pub fn new(content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self { content_type, body: body.into(), headers: Vec::new(), is_available: true }
    }

    /// Gives it the status 503.
    #[must_use]
    pub fn unavailable(self) -> Self {
        Self { is_available: false, ..self }
    }

    /// Adds a header, whose value must be visible ASCII and spaces.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl From<Page> for Response {
    fn from(page: Page) -> Self {
        let status = if page.is_available { Status::Ok } else { Status::ServiceUnavailable };
        page.headers
            .into_iter()
            .fold(Self::new(status, page.content_type, page.body), |response, (name, value)| {
                response.with_header(name, value)
            })
    }
}

/// What makes pages: none for a path that is not there.
pub(super) type Pages = Box<dyn FnMut(&PageRequest<'_>) -> Option<Page> + Send>;
