//! Keeps a flood of one kind of line from filling the journal.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use omaha::server::{Activity, Violation};

use crate::log::Priority;

/// How many lines of a kind may come at once, and how often one more after that.
#[derive(Clone, Copy, Debug)]
struct Allowance {
    burst: u32,
    every: Duration,
}

/// What machines do in a proper update: a rack of 500, each with a check, five
/// reports and two downloads, all at once.
const ROUTINE: Allowance = Allowance { burst: 5000, every: Duration::from_millis(100) };

/// What goes wrong, for each cause.
const TROUBLE: Allowance = Allowance { burst: 20, every: Duration::from_secs(10) };

/// What lines are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Routine,
    /// Refused with this HTTP status.
    Refused(u16),
    Expelled(Violation),
    Cut,
    Trouble,
    /// What is said once of each machine.
    News(Priority),
}

impl Kind {
    fn of(activity: &Activity<'_>) -> Self {
        match activity {
            Activity::Refused { status, .. } => Self::Refused(*status),
            Activity::Expelled { violation, .. } => Self::Expelled(*violation),
            Activity::DownloadCut { .. } => Self::Cut,
            Activity::Trouble { .. } => Self::Trouble,
            _ => Self::Routine,
        }
    }

    fn allowance(self) -> Allowance {
        match self {
            Self::Routine | Self::News(_) => ROUTINE,
            _ => TROUBLE,
        }
    }
}

/// One kind's account.
#[derive(Clone, Copy, Debug)]
struct Account {
    left: u32,
    since: Instant,
    suppressed: u64,
}

/// Decides which lines are written. There are few kinds, and the most frequent
/// come first.
#[derive(Debug, Default)]
pub struct Throttle(Mutex<Vec<(Kind, Account)>>);

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is written, and this many like it were suppressed since the last one.
    Write {
        suppressed: u64,
    },
    Suppress,
}

impl Throttle {
    pub fn decide(&self, activity: &Activity<'_>, now: Instant) -> Decision {
        self.decide_kind(Kind::of(activity), now)
    }

    /// Decides about a line that is about a machine, and no activity.
    pub fn decide_news(&self, priority: Priority, now: Instant) -> Decision {
        self.decide_kind(Kind::News(priority), now)
    }

    fn decide_kind(&self, kind: Kind, now: Instant) -> Decision {
        let Allowance { burst, every } = kind.allowance();
        let mut accounts = self.lock();
        let index = accounts.iter().position(|(of, _)| *of == kind).unwrap_or_else(|| {
            accounts.push((kind, Account { left: burst, since: now, suppressed: 0 }));
            accounts.len() - 1
        });
        let (_, account) = &mut accounts[index];
        let elapsed = now.saturating_duration_since(account.since);
        let earned = u32::try_from(elapsed.as_millis() / every.as_millis()).unwrap_or(u32::MAX);
        if earned > 0 {
            account.left = account.left.saturating_add(earned).min(burst);
            account.since = now;
        }
        if account.left == 0 {
            account.suppressed += 1;
            return Decision::Suppress;
        }
        account.left -= 1;
        Decision::Write { suppressed: std::mem::take(&mut account.suppressed) }
    }

    /// How many lines were suppressed and not reported yet.
    pub fn take_suppressed(&self) -> u64 {
        self.lock().iter_mut().map(|(_, account)| std::mem::take(&mut account.suppressed)).sum()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Kind, Account)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_cut_and_counted() {
        let throttle = Throttle::default();
        let start = Instant::now();
        let kind = Kind::Refused(404);
        let written = |now| matches!(throttle.decide_kind(kind, now), Decision::Write { .. });
        assert_eq!((0..1000).filter(|_| written(start)).count(), 20);
        let later = start + Duration::from_secs(10);
        assert_eq!(throttle.decide_kind(kind, later), Decision::Write { suppressed: 980 });
        assert_eq!(throttle.decide_kind(kind, later), Decision::Suppress);
        assert_eq!(throttle.take_suppressed(), 1);
        assert_eq!(throttle.take_suppressed(), 0);
    }

    #[test]
    fn kinds_do_not_share() {
        let throttle = Throttle::default();
        let now = Instant::now();
        while throttle.decide_kind(Kind::Refused(404), now) != Decision::Suppress {}
        let fine = Decision::Write { suppressed: 0 };
        assert_eq!(throttle.decide_kind(Kind::Refused(400), now), fine);
        assert_eq!(throttle.decide_kind(Kind::Routine, now), fine);
        while throttle.decide_news(Priority::Warning, now) != Decision::Suppress {}
        assert_eq!(throttle.decide_news(Priority::Error, now), fine);
    }
}
