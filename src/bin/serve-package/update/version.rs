//! Whether the version, the channel and the moment fit.

use std::fs;
use std::time::Duration;

use super::finding::Findings;
use super::machine::Machine;
use super::root::Root;
use crate::args::Request;

/// How many seconds after the start of `update_engine` the running system is
/// marked good at the latest: two minutes, and some seconds for the marking.
const MARKED_GOOD: u64 = 130;

/// Looks at the version, the channel, and whether the running system can be
/// gone back to.
pub fn find(request: &Request, machine: &Machine, root: &Root, findings: &mut Findings) {
    let (version, running) = (&request.package_version, &machine.release.version);
    if version < running {
        let text = format!("version {version} is older than the machine's, {running}");
        findings.error_unless(request.force, &text);
    }
    if let (Some(group), Some(channel)) = (&machine.group, channel(version.as_str()))
        && ["alpha", "beta", "stable", "lts"].contains(&&**group)
        && group != channel
    {
        findings.warning(format!(
            "version {version} is one of the channel {channel}, and the machine follows \
             GROUP={group}"
        ));
    }
    if !["amd64-usr", "arm64-usr"].contains(&&*machine.release.board) {
        findings.warning(format!("the machine's board is {:?}", machine.release.board));
    }
    if let Some((age, left)) = since_start(root, machine.engine.active_since) {
        let text = format!(
            "update-engine started {age} s ago, so the running system may not be marked good yet, \
             and an update would take away the way back; wait {left} s"
        );
        findings.error_unless(request.force, &text);
    }
}

/// The channel that a version of Flatcar belongs to: the second number says it.
fn channel(version: &str) -> Option<&'static str> {
    match version.split('.').nth(1)? {
        "0" => Some("alpha"),
        "1" => Some("beta"),
        "2" => Some("stable"),
        "3" => Some("lts"),
        _ => None,
    }
}

/// How many seconds ago `update_engine` was started, which may not be the first
/// time since the boot, and how many are left until the running system is marked
/// good for sure.
fn since_start(root: &Root, active_since: Option<Duration>) -> Option<(u64, u64)> {
    let uptime = fs::read_to_string(root.path("/proc/uptime")).ok()?;
    let uptime: u64 = uptime.split(['.', ' ']).next()?.parse().ok()?;
    let age = uptime.saturating_sub(active_since?.as_secs());
    let left = MARKED_GOOD.checked_sub(age).filter(|left| *left > 0)?;
    Some((age, left))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels() {
        assert_eq!(channel("4152.2.0"), Some("stable"));
        assert_eq!(channel("4081.3.1"), Some("lts"));
        assert_eq!(channel("4230.0.0+nightly"), Some("alpha"));
        assert_eq!(channel("4230"), None);
    }
}
