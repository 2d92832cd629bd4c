//! What connections may do, and when one has had enough.

use std::fmt;
use std::time::Duration;

/// Bytes that are thrown away so that a client which sends more than it may
/// still gets to read the response.
const MAX_UNWANTED: u64 = 8 * 1024 * 1024;

/// How long a body may take, or a response that is not a download.
pub(super) const EXCHANGE: Duration = Duration::from_secs(60);

/// How long a client may take to close its end after the last response.
const CLOSING: Duration = Duration::from_secs(30);

/// Over how long the rate of a download is taken. A link that fails for a
/// minute is not a link.
const RATE_WINDOW: Duration = Duration::from_secs(60);

/// What connections may do. The defaults suit a rack of 500 machines that all
/// update at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Connections at a time, at least one; fewer where the descriptors do not
    /// suffice. Three quarters of them may be downloads.
    pub max_connections: usize,
    /// How long a connection may be without a complete request. It is looked at
    /// four times a second.
    pub idle_timeout: Duration,
    /// Minimum average rate of a download in bytes per second, over each minute.
    pub min_rate: u64,
}

impl Default for Limits {
    /// 1000 connections, 30 seconds, 1000 bytes per second.
    fn default() -> Self {
        Self { max_connections: 1000, idle_timeout: Duration::from_secs(30), min_rate: 1000 }
    }
}

impl Limits {
    /// Sets [`max_connections`](Self::max_connections).
    #[must_use]
    pub fn with_max_connections(self, max_connections: usize) -> Self {
        Self { max_connections, ..self }
    }

    /// Sets [`idle_timeout`](Self::idle_timeout).
    #[must_use]
    pub fn with_idle_timeout(self, idle_timeout: Duration) -> Self {
        Self { idle_timeout, ..self }
    }

    /// Sets [`min_rate`](Self::min_rate).
    #[must_use]
    pub fn with_min_rate(self, min_rate: u64) -> Self {
        Self { min_rate, ..self }
    }

    /// Downloads at a time, so that update checks always find a connection.
    pub(super) fn max_downloads(&self) -> usize {
        (self.max_connections * 3 / 4).max(1)
    }
}

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing yet: it was accepted, and its first request is on its way.
    New,
    /// Nothing, or sending the head of a request.
    Waiting,
    /// Sending the body of a request.
    Body,
    /// Taking a response that is not a download.
    Answering,
    /// Taking a download.
    Downloading,
    /// Taking the end of the last response, before it is closed.
    Closing,
}

/// The limit that a connection has met, for which it was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Violation {
    /// No complete request came in time.
    Idle,
    /// A body did not end in time.
    SlowBody,
    /// A body that is discarded did not end.
    LongBody,
    /// A response was not taken in time.
    Unread,
    /// A download was taken too slowly.
    SlowDownload,
    /// There were too many connections, and this one was idle or slow for
    /// longest.
    Crowded,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Idle => "no complete request arrived in time",
            Self::SlowBody => "the body of the request arrived too slowly",
            Self::LongBody => "the body of the request did not end",
            Self::Unread => "the answer was not read",
            Self::SlowDownload => "the download was read too slowly",
            Self::Crowded => "there were too many connections",
        })
    }
}

/// What the limits say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Fine,
    /// Fine, and the rate of the download is to be taken from here on.
    NewWindow,
    /// It is to be closed, and did nothing wrong.
    Close,
    Violates(Violation),
}

/// Judges a connection that has been in a phase, or in this window of a download,
/// for so long. It has sent this many `unwanted` bytes of a body that is
/// discarded, and `taken` so many of its download in that time.
pub(super) fn judge(
    phase: Phase,
    age: Duration,
    unwanted: u64,
    taken: impl FnOnce() -> u64,
    limits: &Limits,
) -> Verdict {
    match phase {
        Phase::New | Phase::Waiting if age > limits.idle_timeout => {
            Verdict::Violates(Violation::Idle)
        }
        Phase::Body if age > EXCHANGE => Verdict::Violates(Violation::SlowBody),
        Phase::Answering if age > EXCHANGE => Verdict::Violates(Violation::Unread),
        Phase::Closing if unwanted > MAX_UNWANTED => Verdict::Violates(Violation::LongBody),
        Phase::Closing if age > CLOSING => Verdict::Close,
        Phase::Downloading if age > RATE_WINDOW => {
            if taken() < limits.min_rate.saturating_mul(age.as_secs()) {
                Verdict::Violates(Violation::SlowDownload)
            } else {
                Verdict::NewWindow
            }
        }
        _ => Verdict::Fine,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of a connection that has been in a phase for so long.
    fn said(phase: Phase, seconds: u64, taken: u64, unwanted: u64) -> Verdict {
        let age = Duration::from_secs(seconds);
        judge(phase, age, unwanted, || taken, &Limits::default())
    }

    #[test]
    fn requests_and_responses() {
        use Verdict::{Close, Fine, Violates};
        for phase in [Phase::New, Phase::Waiting] {
            assert_eq!(said(phase, 30, 0, 0), Fine);
            assert_eq!(said(phase, 31, 0, 0), Violates(Violation::Idle));
        }
        assert_eq!(said(Phase::Body, 60, 0, 0), Fine);
        assert_eq!(said(Phase::Body, 61, 0, 0), Violates(Violation::SlowBody));
        assert_eq!(said(Phase::Answering, 60, 0, 0), Fine);
        assert_eq!(said(Phase::Answering, 61, 0, 0), Violates(Violation::Unread));
        assert_eq!(said(Phase::Closing, 30, 0, MAX_UNWANTED), Fine);
        assert_eq!(said(Phase::Closing, 31, 0, 0), Close);
        assert_eq!(said(Phase::Closing, 1, 0, MAX_UNWANTED + 1), Violates(Violation::LongBody));
    }

    #[test]
    fn a_slow_but_honest_download_is_left_alone() {
        assert_eq!(said(Phase::Downloading, 60, 0, 0), Verdict::Fine);
        assert_eq!(said(Phase::Downloading, 61, 61 * 32_000, 0), Verdict::NewWindow);
        assert_eq!(said(Phase::Downloading, 61, 61 * 1_000, 0), Verdict::NewWindow);
        let slow = Verdict::Violates(Violation::SlowDownload);
        assert_eq!(said(Phase::Downloading, 61, 60, 0), slow);
    }

    #[test]
    fn limits_that_are_set() {
        let limits = Limits::default()
            .with_max_connections(1)
            .with_idle_timeout(Duration::ZERO)
            .with_min_rate(u64::MAX);
        let said = |phase, seconds| judge(phase, Duration::from_secs(seconds), 0, || 1, &limits);
        assert_eq!(limits.max_downloads(), 1);
        assert_eq!(said(Phase::New, 0), Verdict::Fine);
        assert_eq!(said(Phase::New, 1), Verdict::Violates(Violation::Idle));
        let slow = Verdict::Violates(Violation::SlowDownload);
        assert_eq!(said(Phase::Downloading, 99), slow);
    }
}
