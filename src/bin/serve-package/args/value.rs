//! The values of flags.

use std::error::Error;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use omaha::Chain;
use omaha::client::HttpUrl;

use super::error::UsageError;
use super::flags::Arguments;
use crate::format::sentence;

fn value<'a>(
    arguments: &'a Arguments,
    flag: &'static str,
) -> Result<Option<&'a OsStr>, UsageError> {
    let mut values = arguments.values(flag);
    let value = values.next();
    if values.next().is_some() { Err(UsageError::Repeated(flag)) } else { Ok(value) }
}

/// The value of a flag, as the name of a file or directory.
pub fn path(arguments: &Arguments, flag: &'static str) -> Result<Option<PathBuf>, UsageError> {
    Ok(value(arguments, flag)?.map(PathBuf::from))
}

/// The values of a flag that may be given several times, as they are.
pub fn texts(arguments: &Arguments, flag: &'static str) -> Vec<String> {
    arguments.values(flag).map(|value| value.to_string_lossy().into_owned()).collect()
}

/// The values of a flag that may be given several times, as names of payloads.
pub fn payloads(arguments: &Arguments, flag: &'static str) -> Result<Vec<PathBuf>, UsageError> {
    arguments.values(flag).map(|value| payload_file(flag, value)).collect()
}

/// The value of a flag, as the name of a payload.
pub fn payload(arguments: &Arguments, flag: &'static str) -> Result<Option<PathBuf>, UsageError> {
    value(arguments, flag)?.map(|value| payload_file(flag, value)).transpose()
}

/// A file, and not a URL, which people give where they have not downloaded the
/// payload yet.
pub fn payload_file(flag: &'static str, value: &OsStr) -> Result<PathBuf, UsageError> {
    let text = value.to_string_lossy();
    let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    if matches!(scheme.as_deref(), Some("http" | "https")) {
        let reason = "this is a URL; download the payload first, and name the file".to_owned();
        return Err(UsageError::Value { flag, value: text.into_owned(), reason });
    }
    Ok(PathBuf::from(value))
}

/// The value of a flag, as what it stands for.
pub fn parsed<T: FromStr<Err: Into<Box<dyn Error>>>>(
    arguments: &Arguments,
    flag: &'static str,
) -> Result<Option<T>, UsageError> {
    let Some(value) = value(arguments, flag)? else { return Ok(None) };
    let value = value.to_string_lossy();
    value.parse().map(Some).map_err(|error: T::Err| UsageError::Value {
        flag,
        value: value.into_owned(),
        reason: sentence(&*error.into()),
    })
}

/// The URL of a server, which this program can reach.
pub fn server(url: &OsStr) -> Result<HttpUrl, UsageError> {
    let url = url.to_string_lossy();
    let wrong = |reason| UsageError::Value { flag: "URL", value: url.to_string(), reason };
    let server: HttpUrl = url.parse().map_err(|error| wrong(Chain(&error).to_string()))?;
    if server.is_https() && !cfg!(feature = "tls") {
        let reason =
            "this program was built without TLS; use http, or build it with --features tls";
        return Err(wrong(reason.to_owned()));
    }
    Ok(server)
}

/// Whether a number is written with digits only: `parse` takes a sign, too.
fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A number of things, at least one.
pub struct Count(pub usize);

impl FromStr for Count {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let count = text.parse().ok().filter(|count| is_digits(text) && *count > 0);
        count.map(Self).ok_or("must be a whole number, at least 1")
    }
}

/// A time, longer than none.
pub struct Span(pub Duration);

impl FromStr for Span {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match humantime::parse_duration(text) {
            Ok(Duration::ZERO) => Err("must be greater than zero"),
            Ok(span) => Ok(Self(span)),
            Err(_) if is_digits(text) => Err("needs a unit, such as 5s, 30m or 2h"),
            Err(_) => Err("must be a time, such as 5s, 30m or 2h"),
        }
    }
}

/// Bytes per second; none is allowed.
pub struct ByteRate(pub u64);

impl FromStr for ByteRate {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rate = text.parse().ok().filter(|_| is_digits(text));
        rate.map(Self).ok_or("must be a whole number of bytes, such as 1000")
    }
}
