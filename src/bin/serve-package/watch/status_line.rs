//! How the server and the machines are, in a line for `systemctl status`.

use crate::machine_tracker::{Counts, MachineTracker, State};

/// What is offered, if anything.
pub(super) fn offering(tracker: &MachineTracker, is_changed: bool) -> String {
    let (offered, renewal) = (tracker.offered().as_str(), tracker.offered().renewal());
    if is_changed {
        format!("NOT offering {offered}: a package was changed, {renewal} to serve it as it is now")
    } else if tracker.is_stopped() {
        format!("ROLLOUT STOPPED, not offering {offered} any more")
    } else {
        format!("offering {offered}")
    }
}

/// What is offered, and how far the machines have come.
pub(super) fn line(tracker: &MachineTracker, is_changed: bool) -> String {
    let counts = tracker.counts();
    let mut line = offering(tracker, is_changed);
    line.push_str(&format!("; machines: {}", numbers(counts)));
    let missing = counts.missing();
    if missing > 0 {
        line.push_str(&format!(", {missing} missing"));
    }
    let plural = if counts.transfers == 1 { "" } else { "s" };
    line.push_str(&format!("; {} download{plural} running", counts.transfers));
    line
}

fn numbers(counts: &Counts) -> String {
    let (known, under_way, updated) = (counts.machines(), counts.busy(), counts.updated());
    let mut line = format!(
        "{known} known, {under_way} under way, {updated} updated, {} failed",
        counts.failed()
    );
    for state in [State::UpToDate, State::Silent] {
        if counts.of(state) > 0 {
            line.push_str(&format!(", {} {state}", counts.of(state)));
        }
    }
    line
}
