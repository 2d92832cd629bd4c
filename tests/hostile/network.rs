//! Networks that are not there, or not yet. Each test has a network of its own
//! (`unshare --net`), which needs root or user namespaces.

use std::process::{Command, Output};

use crate::common::payload::Directory;
use crate::common::server::binary;
use crate::common::tool::{has, not_shown};
use crate::common::{OFFERED, UPDATE};

/// Runs a script in a network in which there is only a loopback interface, and
/// that is down. `$serve` is the beginning of a command line. Whatever it
/// starts ends with it.
///
/// None where this machine has no such networks; then that was said.
fn in_a_new_network(script: &str) -> Option<Output> {
    let tools = [("unshare", "util-linux"), ("ip", "iproute2"), ("curl", "curl")];
    if !tools.into_iter().all(|(program, package)| has(program, package)) {
        return None;
    }
    let directory = Directory::new();
    let prelude = "set -eu; trap 'kill $(jobs -p) 2>/dev/null || true' EXIT; cd \"$1\"
        started() { for _ in $(seq 600); do test -e ready && return; sleep 0.1; done; cat log; exit 9; }
        check() { curl -sS --max-time 20 -o /dev/null -w '%{http_code}\\n' \"http://$1/packages/update.gz\"; }
        soon() { for _ in $(seq 300); do check \"$1\" 2>/dev/null | grep 200 && return; sleep 0.1; done; check \"$1\"; }
        serve() { exec \"$binary\" --package-file \"$package\" --package-version \"$version\" \"$@\"; }\n";
    // In a chroot there are no user namespaces, and root needs none.
    let map: &[_] = if rustix::process::geteuid().is_root() { &[] } else { &["--map-root-user"] };
    let output = Command::new("unshare")
        .arg("--net")
        .args(map)
        .args(["bash", "-c", &format!("{prelude}{script}"), "bash"])
        .arg(directory.path())
        .env("binary", binary())
        .env("package", UPDATE)
        .env("version", OFFERED)
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    if error.contains("unshare failed") {
        not_shown("root or user namespaces");
        return None;
    }
    Some(output)
}

fn expect(script: &str, output: &str) {
    let Some(result) = in_a_new_network(script) else { return };
    assert_eq!(String::from_utf8_lossy(&result.stdout), output, "{result:?}");
}

/// A clear error, and the end, so that a service manager can try again.
#[test]
fn an_address_that_is_not_there() {
    let script = "ip link set lo up; serve --listen-address 10.9.8.7:8000";
    let Some(result) = in_a_new_network(script) else { return };
    let said = String::from_utf8_lossy(&result.stderr).into_owned();
    assert_eq!(result.status.code(), Some(1), "{said}");
    assert!(said.contains("cannot listen on 10.9.8.7:8000: "), "{said}");
    assert!(said.contains("it is not an address of this machine"), "{said}");
}

/// Linux takes every address for one of its own as long as it has none.
#[test]
fn an_address_that_appears_later() {
    expect(
        "serve --listen-address 10.9.8.7:8000 --ready-file ready 2>log & started
        check 10.9.8.7:8000 2>/dev/null || true
        ip link set lo up; ip address add 10.9.8.7/32 dev lo; soon 10.9.8.7:8000",
        "000\n200\n",
    );
}

#[test]
fn all_addresses_although_there_is_none_yet() {
    expect(
        "serve --listen-address :8000 --ready-file ready 2>log & started
        ip link set lo up; soon 127.0.0.1:8000
        ip address add 10.9.8.7/32 dev lo; soon 10.9.8.7:8000
        ip -6 address add fd00::7/128 dev lo nodad; soon '[fd00::7]:8000'
        ip address del 10.9.8.7/32 dev lo; soon 127.0.0.1:8000",
        "200\n200\n200\n200\n",
    );
}

#[test]
fn without_ipv6() {
    expect(
        "ip link set lo up
        echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
        echo 1 >/proc/sys/net/ipv6/conf/lo/disable_ipv6
        serve --listen-address :8000 --ready-file ready 2>log & started; check 127.0.0.1:8000
        rm ready
        serve --listen-address localhost:8001 --ready-file ready 2>log & started
        check 127.0.0.1:8001
        (serve --listen-address '[::1]:8002') 2>log || grep -c 'cannot listen on \\[::1\\]:8002: ' log",
        "200\n200\n1\n",
    );
}

/// An interface that goes down under a connection and comes back.
#[test]
fn an_interface_that_goes_and_comes() {
    expect(
        "ip link set lo up
        serve --listen-address 127.0.0.1:8000 --ready-file ready 2>log & started
        check 127.0.0.1:8000
        ip link set lo down; check 127.0.0.1:8000 2>/dev/null || true
        ip link set lo up; check 127.0.0.1:8000",
        "200\n000\n200\n",
    );
}
