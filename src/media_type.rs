//! Whether a body claims to be an Omaha document.

use std::error::Error;
use std::fmt;

/// Accepts `text/xml` and `application/xml` in UTF-8 or without a charset, and
/// no header at all, as go-omaha does.
///
/// # Errors
///
/// When it claims to be something else.
pub(crate) fn check(content_type: Option<&str>) -> Result<(), ContentTypeError> {
    let Some(content_type) = content_type else { return Ok(()) };
    let mut parts = content_type.split(';');
    let media_type = parts.next().unwrap_or_default().trim();
    let is_xml =
        ["text/xml", "application/xml"].iter().any(|known| media_type.eq_ignore_ascii_case(known));
    if !(is_xml || content_type.trim().is_empty()) {
        return Err(ContentTypeError::MediaType);
    }
    for parameter in parts {
        let Some((name, value)) = parameter.split_once('=') else { continue };
        if name.trim().eq_ignore_ascii_case("charset")
            && !value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        {
            return Err(ContentTypeError::Charset);
        }
    }
    Ok(())
}

/// Why a `Content-Type` is not that of an Omaha document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContentTypeError {
    /// It is neither `text/xml` nor `application/xml`.
    MediaType,
    /// Its charset is not UTF-8.
    Charset,
}

impl ContentTypeError {
    /// What it should be.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::MediaType => "the content type must be text/xml or application/xml",
            Self::Charset => "the charset must be UTF-8",
        }
    }
}

impl fmt::Display for ContentTypeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Error for ContentTypeError {}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn media_types() {
        for accepted in [
            None,
            Some(""),
            Some("text/xml"),
            Some("Text/XML"),
            Some("application/xml; charset=utf-8"),
            Some("text/xml;charset=\"UTF-8\""),
            Some("text/xml; version=1; charset=utf-8"),
            Some("text/xml;"),
        ] {
            assert_eq!(check(accepted), Ok(()), "{accepted:?}");
        }
        for refused in [
            "text/plain",
            "text/xml2",
            "application/json; charset=utf-8",
            "text/xml; charset=iso-8859-1",
            "application/x-www-form-urlencoded",
            "; charset=utf-8",
        ] {
            assert!(check(Some(refused)).is_err(), "{refused}");
        }
    }
}
