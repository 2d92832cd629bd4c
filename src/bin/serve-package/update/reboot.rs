//! Who reboots the machine once the update is installed.
//!
//! That is `locksmithd`, where it runs (`locksmithctl/daemon.go`): it takes its
//! settings from `update.conf` by `EnvironmentFile=`, so once, at its start. With
//! `off` it ends there and then.

use super::configuration::Configuration;
use super::environment::Environment;
use super::finding::Findings;
use super::root::Root;
use super::unit::Unit;

/// Its settings: the strategy, and the start and the length of the window. Of
/// those, the second name counts where the first one is empty.
const KEYS: [&str; 5] = [
    "REBOOT_STRATEGY",
    "LOCKSMITHD_REBOOT_WINDOW_START",
    "REBOOT_WINDOW_START",
    "LOCKSMITHD_REBOOT_WINDOW_LENGTH",
    "REBOOT_WINDOW_LENGTH",
];

/// What locksmithd will do, from its unit, as far as that is known, and its
/// settings.
pub fn forecast(
    root: &Root,
    unit: Option<&Unit>,
    configuration: &Configuration,
    findings: &mut Findings,
) -> String {
    if unit.is_some_and(|unit| !unit.is_there || !unit.is_active) {
        return "nothing on the machine reboots it by itself: locksmithd does not run (Kubernetes' \
                FLUO or kured may)"
            .to_owned();
    }
    let environment = unit.and_then(|unit| Environment::of(root, unit));
    let written = |key: &str| {
        let setting = configuration.get(key)?;
        Some(setting.value).filter(|value| !value.is_empty())
    };
    let in_force = |key: &str| match &environment {
        Some(environment) => environment.get(key),
        None => written(key),
    };
    let [strategy, start, other_start, length, other_length] = KEYS.map(in_force);
    let strategy = strategy.unwrap_or("reboot");
    // One that is written for the next start only.
    let is_other = |key| written(key).is_some_and(|value| in_force(key) != Some(value));
    if strategy == "off" || KEYS.into_iter().any(is_other) {
        findings.warning(
            "locksmithd runs with the settings of its start, not with those of update.conf: \
             systemctl restart locksmithd",
        );
    }
    let when = match (strategy, start.or(other_start), length.or(other_length)) {
        ("off", ..) => return "locksmithd may reboot it by itself then".to_owned(),
        (_, Some(_), None) | (_, None, Some(_)) => {
            return "locksmithd does not reboot it: its window lacks the start or the length"
                .to_owned();
        }
        ("etcd-lock", None, None) => "as soon as it has the lock in etcd".to_owned(),
        // Its `rebootAndSleep` looks for them in utmp.
        ("reboot", None, None) => {
            "at once, or after five minutes if somebody is logged in".to_owned()
        }
        ("reboot" | "etcd-lock", Some(start), Some(length)) => {
            format!("in the window that begins at {start} and lasts {length}")
        }
        _ => {
            return format!("locksmithd does not reboot it: REBOOT_STRATEGY={strategy}");
        }
    };
    format!(
        "locksmithd reboots it by itself then, {when} (REBOOT_STRATEGY={strategy}); `systemctl stop \
         locksmithd` before this prevents it"
    )
}
