//! Following redirects: one loop for update checks and for downloads.

use std::error::Error;
use std::fmt;

use super::{HttpAnswer, HttpRequest, HttpUrl, ParseUrlError, Transport, TransportError};
use crate::quoted::Quoted;

/// Redirects of one request that are followed: as many as `update_engine`
/// follows (`kMaxRedirects` in `libcurl_http_fetcher.cc`).
pub(super) const MAX_REDIRECTS: usize = 10;

/// Sends a request, follows redirects, and returns the answer and the URL that
/// it came from.
pub(super) fn send(
    transport: &dyn Transport,
    request: HttpRequest<'_>,
) -> Result<(HttpUrl, HttpAnswer), SendError> {
    let mut url = request.url.clone();
    let mut followed = 0;
    loop {
        let answer = transport.send(&HttpRequest { url: &url, ..request })?;
        let status = answer.status;
        if !matches!(status, 301 | 302 | 303 | 307 | 308) {
            return Ok((url, answer));
        }
        let location = answer.header("location").map(str::to_owned);
        let target = location.as_deref().map(|location| url.resolve(location));
        let reason = match target {
            None => RedirectReason::NoLocation,
            Some(Err(error)) => RedirectReason::Url(error),
            // These make a GET of the POST, and that is no update check.
            Some(Ok(_)) if request.body.is_some() && !matches!(status, 307 | 308) => {
                RedirectReason::Method
            }
            Some(Ok(_)) if followed == MAX_REDIRECTS => RedirectReason::TooMany,
            Some(Ok(target)) => {
                url = target;
                followed += 1;
                continue;
            }
        };
        return Err(RedirectError { status, location, reason }.into());
    }
}

/// Why there is no answer that is not a redirect.
#[derive(Debug)]
pub(super) enum SendError {
    Transport(TransportError),
    Redirect(RedirectError),
}

impl From<TransportError> for SendError {
    fn from(error: TransportError) -> Self {
        Self::Transport(error)
    }
}

impl From<RedirectError> for SendError {
    fn from(error: RedirectError) -> Self {
        Self::Redirect(error)
    }
}

/// A redirect that is not followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedirectError {
    status: u16,
    location: Option<String>,
    reason: RedirectReason,
}

/// Why a redirect is not followed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedirectReason {
    /// It makes a `GET` of the `POST` (301, 302, 303), so it cannot lead to
    /// the answer to an update check. `update_engine` follows it and fails.
    Method,
    /// It does not say where it leads.
    NoLocation,
    /// It leads to something that is not an http or https URL.
    Url(ParseUrlError),
    /// Ten redirects came before it.
    TooMany,
}

impl RedirectError {
    /// The HTTP status: 301, 302, 303, 307 or 308.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The header `Location`, as it came.
    pub fn location(&self) -> Option<&str> {
        self.location.as_deref()
    }

    /// Why it is not followed.
    pub fn reason(&self) -> &RedirectReason {
        &self.reason
    }
}

impl fmt::Display for RedirectError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the answer has HTTP status {}, a redirect", self.status)?;
        if let Some(location) = &self.location {
            write!(formatter, " to {}", Quoted(location))?;
        }
        formatter.write_str(match self.reason {
            RedirectReason::Method => {
                ", which turns the POST into a GET; use the URL that it leads to"
            }
            RedirectReason::NoLocation => " without the header Location",
            RedirectReason::Url(_) => ", which is no URL to follow",
            RedirectReason::TooMany => ", after 10 others",
        })
    }
}

impl Error for RedirectError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.reason {
            RedirectReason::Url(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Chain;
    use crate::client::testing::{Script, Step, answer};

    fn send(steps: Vec<Step>, body: Option<&[u8]>) -> (Result<String, String>, usize) {
        let script = Script::new(steps);
        let url: HttpUrl = "http://server/a".parse().unwrap();
        let request =
            body.map_or_else(|| HttpRequest::get(&url), |body| HttpRequest::post(&url, body));
        let result = super::send(&*script, request);
        let result = result.map(|(url, _)| url.to_string()).map_err(|error| match error {
            SendError::Redirect(error) => Chain(&error).to_string(),
            SendError::Transport(error) => panic!("{error}"),
        });
        (result, script.sent().len())
    }

    fn to(status: u16, location: &str) -> Step {
        answer(status, &[("Location", location)], "")
    }

    #[test]
    fn what_is_followed() {
        for (status, body) in [
            (301, None),
            (302, None),
            (303, None),
            (307, None),
            (308, None),
            (307, Some(&b"x"[..])),
            (308, Some(b"x")),
        ] {
            let (result, sent) = send(vec![to(status, "b"), answer(404, &[], "")], body);
            assert_eq!((result.as_deref(), sent), (Ok("http://server/b"), 2), "{status}");
        }
        // Not redirects, whatever they carry.
        for status in [200, 300, 304, 305, 404] {
            let (result, _) = send(vec![to(status, "b")], None);
            assert_eq!(result.as_deref(), Ok("http://server/a"), "{status}");
        }
    }

    #[test]
    fn ten_are_followed_and_no_more() {
        let around = |count| (0..count).map(|_| to(308, "/around"));
        let (result, sent) = send(around(10).chain([answer(200, &[], "")]).collect(), None);
        assert_eq!((result.as_deref(), sent), (Ok("http://server/around"), 11));
        for body in [None, Some(&b"x"[..])] {
            let (result, sent) = send(around(20).collect(), body);
            let error = result.unwrap_err();
            assert_eq!(
                error,
                "the answer has HTTP status 308, a redirect to \"/around\", after 10 others"
            );
            assert_eq!(sent, 11);
        }
    }

    #[test]
    fn what_is_refused_is_said_as_it_was() {
        for (step, body, said) in [
            (
                to(302, "http://elsewhere/"),
                Some(&b"x"[..]),
                "the answer has HTTP status 302, a redirect to \"http://elsewhere/\", which turns the POST into a GET; use the URL that it leads to",
            ),
            (
                to(307, "ftp://a/"),
                None,
                "the answer has HTTP status 307, a redirect to \"ftp://a/\", which is no URL to \
                 follow: it must begin with http:// or https://",
            ),
            (
                answer(301, &[], ""),
                None,
                "the answer has HTTP status 301, a redirect without the header Location",
            ),
        ] {
            let (result, sent) = send(vec![step], body);
            assert_eq!((result.unwrap_err().as_str(), sent), (said, 1));
        }
    }
}
