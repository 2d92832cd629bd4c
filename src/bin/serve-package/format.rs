//! Values as people read them.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use omaha::Escaped;
use omaha::protocol::VersionText;
use rustix::io::Errno;

/// Text from a client, fit for one line of a log, without quotes.
pub struct OneLine<'a>(pub &'a str);

/// Longer than a machine id in braces or any version in use.
const MAX_QUOTED: usize = 100;

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        Escaped::new(self.0, MAX_QUOTED).fmt(formatter)
    }
}

/// A sentence of ours that quotes a client: as [`OneLine`], and longer.
pub struct Quoting<'a>(pub &'a str);

/// Longer than our sentences with what they quote.
const MAX_QUOTING: usize = 600;

impl fmt::Display for Quoting<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        Escaped::new(self.0, MAX_QUOTING).fmt(formatter)
    }
}

/// A version that a machine reports. In quotes, if it is no version and holds
/// more than a name does.
pub struct Reported<'a>(pub &'a VersionText);

impl fmt::Display for Reported<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            VersionText::Version(version) => version.fmt(formatter),
            other => omaha::Quoted::unless_plain(other.as_str()).fmt(formatter),
        }
    }
}

/// Bytes per second, in megabytes: "36.4 MB/s".
pub struct Rate(pub u64, pub Duration);

impl fmt::Display for Rate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The clock may not have moved at all for a small package.
        let nanoseconds = self.1.as_nanos().max(1000);
        let tenths = (u128::from(self.0) * 20_000 / nanoseconds).div_ceil(2);
        write!(formatter, "{}.{} MB/s", tenths / 10, tenths % 10)
    }
}

/// Seconds with one decimal: "2.5 s". Floating point would cost the binary 20 KB.
pub struct Seconds(pub Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = (self.0.as_millis() + 50) / 100;
        write!(formatter, "{}.{} s", tenths / 10, tenths % 10)
    }
}

/// Seconds with three decimals, without a unit: "2.503".
pub struct Milliseconds(pub Duration);

impl fmt::Display for Milliseconds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{:03}", self.0.as_secs(), self.0.subsec_millis())
    }
}

/// What the system says went wrong. The words are ours: those of the C library
/// differ from one to the next, and its numbers do not help.
pub struct Plain<'a>(pub &'a io::Error);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match Errno::from_io_error(self.0) {
            Some(Errno::NOENT) => "no such file",
            Some(Errno::ACCESS | Errno::PERM) => "permission denied",
            Some(Errno::NOTDIR) => "a part of the path is not a directory",
            Some(Errno::ISDIR) => "it is a directory",
            Some(Errno::LOOP) => "its symbolic links form a loop",
            Some(Errno::NAMETOOLONG) => "the name is too long",
            Some(Errno::ROFS) => "the file system is read-only",
            Some(Errno::NOSPC | Errno::DQUOT) => "the disk is full",
            Some(Errno::IO) => "the disk reports an error",
            Some(Errno::STALE) => "the network file system has lost it",
            Some(Errno::MFILE | Errno::NFILE) => "too many files are open",
            Some(Errno::NOMEM | Errno::NOBUFS) => "out of memory",
            Some(Errno::CONNRESET | Errno::PIPE) => "the connection was closed",
            Some(Errno::TIMEDOUT) => "it stopped answering",
            Some(Errno::HOSTUNREACH | Errno::NETUNREACH) => "the network cannot reach it",
            _ => return formatter.write_str(&without_numbers(self.0.to_string())),
        };
        formatter.write_str(words)
    }
}

/// A text without the numbers that Rust puts behind the system's messages.
pub fn without_numbers(mut text: String) -> String {
    const BEGINNING: &str = " (os error ";
    while let Some(start) = text.find(BEGINNING)
        && let Some(length) = text[start..].find(')')
    {
        text.replace_range(start..=start + length, "");
    }
    text
}

/// An error and everything behind it, in one sentence.
pub fn sentence(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let plain = error.downcast_ref().map(|error| Plain(error).to_string());
        text = format!("{text}: {}", plain.unwrap_or_else(|| error.to_string()));
        source = error.source();
    }
    without_numbers(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_words() {
        let plain = |errno: Errno| Plain(&errno.into()).to_string();
        assert_eq!(plain(Errno::NOENT), "no such file");
        // One that has no words of ours has those of the C library.
        let other = plain(Errno::XDEV);
        assert!(!other.is_empty() && !other.contains("os error"), "{other}");
        for (text, expected) in [
            ("", ""),
            ("no number", "no number"),
            ("a: Gone (os error 2); b: Gone (os error 22) at x", "a: Gone; b: Gone at x"),
            ("cut (os error 2", "cut (os error 2"),
        ] {
            assert_eq!(without_numbers(text.to_owned()), expected);
        }
    }

    /// An error with a message and another one behind it.
    #[derive(Debug)]
    struct Above(String, io::Error);

    impl fmt::Display for Above {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str(&self.0)
        }
    }

    impl Error for Above {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.1)
        }
    }

    #[test]
    fn every_error_once() {
        let error = || io::Error::from(Errno::NOENT);
        let above = Above("cannot open it".to_owned(), error());
        assert_eq!(sentence(&above), "cannot open it: no such file");
    }

    #[test]
    fn no_client_forges_a_line() {
        let text = "id\n<3>forged\r\u{1b}[31m\u{202e}\0";
        assert_eq!(OneLine(text).to_string(), "id\\n<3>forged\\r\\u{1b}[31m\\u{202e}\\0");
    }

    #[test]
    fn long_text_is_cut() {
        let shown = OneLine(&"a".repeat(1000)).to_string();
        assert_eq!(shown, format!("{}…", "a".repeat(MAX_QUOTED)));
    }

    #[test]
    fn versions_that_are_none() {
        for (text, shown) in [
            ("4152.2.0+nightly-1", "4152.2.0+nightly-1"),
            ("ForcedUpdate", "ForcedUpdate"),
            ("main", "main"),
            ("1, it is 3 o'clock", "\"1, it is 3 o'clock\""),
        ] {
            assert_eq!(Reported(&VersionText::from(text)).to_string(), shown);
        }
    }

    #[test]
    fn rates() {
        assert_eq!(Rate(364_000_000, Duration::from_secs(10)).to_string(), "36.4 MB/s");
        assert_eq!(Rate(364_499_999, Duration::from_secs(10)).to_string(), "36.4 MB/s");
        assert_eq!(Rate(364_500_000, Duration::from_secs(10)).to_string(), "36.5 MB/s");
        assert_eq!(Rate(0, Duration::from_secs(10)).to_string(), "0.0 MB/s");
        assert_eq!(Rate(u64::MAX, Duration::MAX).to_string(), "0.0 MB/s");
        assert_eq!(Seconds(Duration::from_millis(1949)).to_string(), "1.9 s");
        assert_eq!(Seconds(Duration::from_millis(1950)).to_string(), "2.0 s");
        assert_eq!(Milliseconds(Duration::from_micros(1_050_999)).to_string(), "1.050");
        assert!(Rate(100, Duration::ZERO).to_string().ends_with(" MB/s"));
    }
}
