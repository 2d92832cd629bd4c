//! What connections may do, and when one has had enough.

use std::fmt;
use std::time::Duration;

/// Bytes that are thrown away so that a client which sends more than it may
/// still gets to read the response.
const MAX_UNWANTED: u64 = 8 * 1024 * 1024;

/// How long a body may take, or a response that is not a download.
const EXCHANGE: Duration = Duration::from_secs(60);

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

/// A connection, as the limits look at it.
pub(super) trait Judged {
    fn phase(&self) -> Phase;
    /// How long it has been in this phase, or in this window of a download.
    fn age(&self, now: Duration) -> Duration;
    /// Bytes that the client took in that time.
    fn taken(&self) -> u64;
    /// Whether the client has taken everything that it was sent.
    fn has_taken_all(&self) -> bool;
    /// Whether something has come of the next request.
    fn has_begun(&self) -> bool;
    /// Bytes of a body that is discarded.
    fn unwanted(&self) -> u64;
}

/// Judges a connection.
pub(super) fn judge(connection: &impl Judged, now: Duration, limits: &Limits) -> Verdict {
    let (phase, age) = (connection.phase(), connection.age(now));
    match phase {
        Phase::New | Phase::Waiting if age > limits.idle_timeout => {
            if !connection.has_taken_all() {
                // What it has not taken yet of its responses would be lost.
                let is_over = age > EXCHANGE;
                return if is_over { Verdict::Violates(Violation::Unread) } else { Verdict::Fine };
            }
            // Who has had its responses, and asks nothing more, did nothing wrong.
            match phase == Phase::Waiting && !connection.has_begun() {
                true => Verdict::Close,
                false => Verdict::Violates(Violation::Idle),
            }
        }
        Phase::Body if age > EXCHANGE => Verdict::Violates(Violation::SlowBody),
        Phase::Answering if age > EXCHANGE => Verdict::Violates(Violation::Unread),
        Phase::Closing if connection.unwanted() > MAX_UNWANTED => {
            Verdict::Violates(Violation::LongBody)
        }
        Phase::Closing if age > CLOSING => Verdict::Close,
        Phase::Downloading if age > RATE_WINDOW => {
            if connection.taken() < limits.min_rate.saturating_mul(age.as_secs()) {
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

    /// A connection that has been in a phase for so many seconds.
    struct Example {
        phase: Phase,
        seconds: u64,
        taken: u64,
        unwanted: u64,
        has_taken_all: bool,
        has_begun: bool,
    }

    impl Judged for Example {
        fn phase(&self) -> Phase {
            self.phase
        }

        fn age(&self, now: Duration) -> Duration {
            now + Duration::from_secs(self.seconds)
        }

        fn taken(&self) -> u64 {
            self.taken
        }

        fn has_taken_all(&self) -> bool {
            self.has_taken_all
        }

        fn has_begun(&self) -> bool {
            self.has_begun
        }

        fn unwanted(&self) -> u64 {
            self.unwanted
        }
    }

    fn example(phase: Phase, seconds: u64, taken: u64, unwanted: u64) -> Example {
        Example { phase, seconds, taken, unwanted, has_taken_all: true, has_begun: true }
    }

    /// What is said of it by default.
    fn said(phase: Phase, seconds: u64, taken: u64, unwanted: u64) -> Verdict {
        let example = example(phase, seconds, taken, unwanted);
        judge(&example, Duration::ZERO, &Limits::default())
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
    fn who_has_had_its_responses_did_nothing_wrong() {
        let said = |seconds, has_taken_all, has_begun| {
            let example = example(Phase::Waiting, seconds, 0, 0);
            let example = Example { has_taken_all, has_begun, ..example };
            judge(&example, Duration::ZERO, &Limits::default())
        };
        assert_eq!(said(30, true, false), Verdict::Fine);
        assert_eq!(said(31, true, false), Verdict::Close);
        for has_begun in [false, true] {
            assert_eq!(said(60, false, has_begun), Verdict::Fine);
            assert_eq!(said(61, false, has_begun), Verdict::Violates(Violation::Unread));
        }
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
        let said = |phase, seconds| judge(&example(phase, seconds, 1, 0), Duration::ZERO, &limits);
        assert_eq!(limits.max_downloads(), 1);
        assert_eq!(said(Phase::New, 0), Verdict::Fine);
        assert_eq!(said(Phase::New, 1), Verdict::Violates(Violation::Idle));
        let slow = Verdict::Violates(Violation::SlowDownload);
        assert_eq!(said(Phase::Downloading, 99), slow);
    }
}
