//! The systemd units, as far as reading them tells. `tests/boot.sh` runs them.

/// The values that a setting of the service has, in order.
fn service(setting: &str) -> Vec<&'static str> {
    let unit = include_str!("../dist/serve-package.service");
    let lines = unit.lines().filter_map(|line| line.split_once('='));
    lines.filter(|(name, _)| *name == setting).map(|(_, value)| value).collect()
}

/// systemd before 239 leaves out the groups it does not know. Of an allow-list
/// nothing may be left then, and the service is killed at once.
#[test]
fn an_old_systemd_does_not_refuse_every_system_call() {
    let filters = service("SystemCallFilter");
    assert!(!filters.is_empty());
    assert!(filters.iter().all(|filter| filter.starts_with('~')), "{filters:?}");
}

/// Wrong usage, `--deadline`, `--fail-fast`: to start again changes nothing.
#[test]
fn what_ends_for_good_is_not_started_again() {
    assert_eq!(service("Restart"), ["on-failure"]);
    assert_eq!(service("RestartPreventExitStatus"), ["2 3 4"]);
}

/// The service may execute nothing but the server, so the signal is sent from
/// outside of its sandbox.
#[test]
fn a_reload_is_a_signal() {
    assert_eq!(service("ExecReload"), ["+/bin/kill -HUP $MAINPID"]);
    let drop_in = include_str!("../dist/serve-package-updates.conf");
    let command = "/opt/bin/serve-package --updates=${UPDATES} --listen-address=${LISTEN_ADDRESS}";
    assert!(drop_in.contains(&format!("ExecStart=\nExecStart={command} $OPTIONS\n")));
    assert_eq!(service("ExecStart").len(), 1);
}
