//! Whether the version, the channel and the moment fit.

use std::fs;
use std::time::Duration;

use super::finding::Findings;
use super::root::Root;
use super::survey::Machine;
use crate::args::Request;

/// How long after the start of `update_engine` the running system is marked
/// good: two minutes, and some seconds for the marking.
const MARKED_GOOD: Duration = Duration::from_secs(130);

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
    if let Some(left) = until_good(root, machine.engine.active_since) {
        let text = format!(
            "the running system is not marked good yet, so an update now would take away the way \
             back; wait {} s",
            left.as_secs() + u64::from(left.subsec_nanos() > 0)
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

/// How long it takes until the running system is marked good.
fn until_good(root: &Root, active_since: Option<Duration>) -> Option<Duration> {
    let active_since = active_since?;
    let uptime = fs::read_to_string(root.path("/proc/uptime")).ok()?;
    let uptime = Duration::from_secs(uptime.split(['.', ' ']).next()?.parse().ok()?);
    MARKED_GOOD.checked_sub(uptime.saturating_sub(active_since)).filter(|left| !left.is_zero())
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
