//! The rules, as a pure function of what is known of a connection.

use std::fmt;
use std::time::Duration;

use super::Limits;
use crate::server::sys::Traffic;

/// Bytes of a body, read or thrown away: eight times what a request may have,
/// so that a client which sends too much still gets to read its answer.
const MAX_BODY: u64 = 8 * 1024 * 1024;

/// How long a body, or an answer that is not a download, may take: the longest
/// body needs 32 s at 32 kB/s.
const EXCHANGE: Duration = Duration::from_secs(60);

/// Over how long the rate of a download is taken. A link that fails for a
/// minute is not a link.
const RATE_WINDOW: Duration = Duration::from_secs(60);

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server) enum Phase {
    /// Nothing yet: it was accepted, and its first request is on its way.
    New,
    /// Nothing, or sending the head of a request, behind the
    /// [gate](crate::server::gate).
    Waiting,
    /// Sending the body of a request.
    Body,
    /// Taking an answer that is not a download.
    Answering,
    /// Taking a download.
    Sending,
}

/// A point in the life of a connection, from which the rules count.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    pub phase: Phase,
    /// On the guard's clock.
    pub since: Duration,
    pub traffic: Traffic,
}

/// What a connection did wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Offence {
    /// No complete request came in time.
    Idle,
    /// A body did not end in time.
    SlowBody,
    /// A body that nobody wants did not end.
    LongBody,
    /// An answer was not taken in time.
    Unread,
    /// A download was taken too slowly.
    SlowDownload,
    /// There were too many connections, and this one was idle or slow for
    /// longest.
    Crowded,
}

impl fmt::Display for Offence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Idle => "no complete request came in time",
            Self::SlowBody => "the body of the request came too slowly",
            Self::LongBody => "the body of the request did not end",
            Self::Unread => "the answer was not read",
            Self::SlowDownload => "the download was read too slowly",
            Self::Crowded => "there were too many connections",
        })
    }
}

/// What the rules say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    Fine,
    /// Fine, and the rate of the download is to be taken from here on.
    NewWindow,
    Offence(Offence),
}

/// Judges a connection: what it has done since the mark.
pub(super) fn judge(mark: &Mark, now: Duration, traffic: Traffic, limits: &Limits) -> Judgement {
    let age = now.saturating_sub(mark.since);
    let received = traffic.received.saturating_sub(mark.traffic.received);
    match mark.phase {
        Phase::New | Phase::Waiting if age > limits.idle_timeout => {
            Judgement::Offence(Offence::Idle)
        }
        Phase::Body if received > MAX_BODY => Judgement::Offence(Offence::LongBody),
        Phase::Body if age > EXCHANGE => Judgement::Offence(Offence::SlowBody),
        Phase::Answering if age > EXCHANGE => Judgement::Offence(Offence::Unread),
        Phase::Sending if age > RATE_WINDOW => {
            let taken = traffic.acknowledged.saturating_sub(mark.traffic.acknowledged);
            if taken < limits.min_rate.saturating_mul(age.as_secs()) {
                Judgement::Offence(Offence::SlowDownload)
            } else {
                Judgement::NewWindow
            }
        }
        _ => Judgement::Fine,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// What is said of a connection that for `seconds` has been in a phase and
    /// has received and taken so many bytes.
    fn said(phase: Phase, seconds: u32, received: u64, taken: u64) -> Judgement {
        let before = Traffic { received: 1_000, acknowledged: 1_000 };
        let mark = Mark { phase, since: SECOND, traffic: before };
        let now = SECOND + SECOND * seconds;
        let traffic = Traffic { received: 1_000 + received, acknowledged: 1_000 + taken };
        judge(&mark, now, traffic, &Limits::default())
    }

    #[test]
    fn bodies_and_answers() {
        assert_eq!(said(Phase::Body, 40, 1_048_576, 0), Judgement::Fine);
        assert_eq!(said(Phase::Body, 61, 100, 0), Judgement::Offence(Offence::SlowBody));
        assert_eq!(said(Phase::Body, 1, 9_000_000, 0), Judgement::Offence(Offence::LongBody));
        assert_eq!(said(Phase::Answering, 59, 0, 0), Judgement::Fine);
        assert_eq!(said(Phase::Answering, 61, 0, 0), Judgement::Offence(Offence::Unread));
    }

    #[test]
    fn a_slow_but_honest_download_is_left_alone() {
        assert_eq!(said(Phase::Sending, 60, 0, 0), Judgement::Fine);
        assert_eq!(said(Phase::Sending, 61, 0, 61 * 32_000), Judgement::NewWindow);
        assert_eq!(said(Phase::Sending, 61, 0, 61 * 1_000), Judgement::NewWindow);
        assert_eq!(said(Phase::Sending, 61, 0, 60), Judgement::Offence(Offence::SlowDownload));
    }
}
