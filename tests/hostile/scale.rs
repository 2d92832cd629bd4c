//! How large and how long the attacks are.
//!
//! | variable | meaning |
//! | --- | --- |
//! | `HOSTILE=full` | the sizes that were promised, and the server's own time limits |
//! | `HOSTILE_SLOWNESS=N` | the machine is slow or busy: N seconds for a check |

use std::time::Duration;

/// Whether everything is played at full size.
pub fn is_full() -> bool {
    std::env::var("HOSTILE").is_ok_and(|scale| scale == "full")
}

/// One of two sizes.
pub fn sized<T>(small: T, full: T) -> T {
    if is_full() { full } else { small }
}

/// How long an honest update check may take: the second that was promised, at
/// full size on a machine that does nothing else. Among other tests on a busy
/// machine, only that no client has to wait for a time limit of the server.
pub fn check_limit() -> Duration {
    let slowness = std::env::var("HOSTILE_SLOWNESS").ok();
    let usual = sized(15.0, 1.0);
    let slowness = slowness.map_or(usual, |text| text.parse().expect("HOSTILE_SLOWNESS: a number"));
    Duration::from_secs_f64(slowness)
}

/// How long an attack lasts that would not end by itself.
pub fn duration() -> Duration {
    sized(Duration::from_secs(2), Duration::from_secs(15))
}

/// How long the server may take to get rid of what does not go by itself: its
/// longest time limit is a minute, counted by a clock that may lag behind.
pub const RIDDANCE: Duration = Duration::from_secs(150);
