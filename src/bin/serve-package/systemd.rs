//! Reports to the service manager (`sd_notify(3)`), if there is one.

use std::time::Duration;

use sd_notify::NotifyState;

/// How often the state is reported, unless the watchdog needs it more often.
const EVERY: Duration = Duration::from_secs(1);

/// How often the manager wants to hear from the server: twice within the
/// watchdog's time, as its manual advises.
pub fn interval() -> Duration {
    sd_notify::watchdog_enabled().map_or(EVERY, |time| EVERY.min(time / 2))
}

/// Whether there is a manager that wants to know.
pub fn is_there() -> bool {
    std::env::var_os("NOTIFY_SOCKET").is_some()
}

/// Says that it serves.
pub fn ready() {
    notify(&[NotifyState::Ready]);
}

/// Reports that it reloads what it serves; [`ready`] follows.
pub fn reloading() {
    if let Ok(now) = NotifyState::monotonic_usec_now() {
        notify(&[NotifyState::Reloading, now]);
    }
}

/// Says that it is about to end.
pub fn stopping() {
    notify(&[NotifyState::Stopping]);
}

/// Says that it is alive.
pub fn alive() {
    notify(&[NotifyState::Watchdog]);
}

/// Says what it does, in words.
pub fn status(text: &str) {
    notify(&[NotifyState::Status(text)]);
}

/// A manager that does not listen does not change what is served.
fn notify(state: &[NotifyState<'_>]) {
    let _ = sd_notify::notify(state);
}
