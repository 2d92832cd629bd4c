//! A proxy in the environment of `update_engine`. Its libcurl would ask that
//! for the loopback interface too.

use std::fs;

use super::root::Root;
use super::unit::Unit;

/// The variables that libcurl obeys for `http:`.
const VARIABLES: [&str; 3] = ["http_proxy", "all_proxy", "ALL_PROXY"];

/// What is wrong, and what to do, where the daemon has a proxy. The variable's
/// value is not told: it may hold a password.
pub fn problem(root: &Root, engine: &Unit) -> Option<String> {
    let environment = fs::read(root.path(&format!("/proc/{}/environ", engine.process))).ok()?;
    let variable = find(&String::from_utf8_lossy(&environment))?;
    Some(format!(
        "update_engine runs with {variable}, so it asks a proxy instead of this program; set \
         NO_PROXY=127.0.0.1 beside it (systemctl edit update-engine), and restart update-engine"
    ))
}

fn find(environment: &str) -> Option<&'static str> {
    let value = |key: &str| {
        let mut variables = environment.split('\0');
        let value = variables.find_map(|text| text.strip_prefix(key)?.strip_prefix('='));
        value.filter(|value| !value.is_empty())
    };
    let exempt = value("no_proxy").or_else(|| value("NO_PROXY")).unwrap_or_default();
    if exempt.split([',', ' ']).any(|host| host == "*" || host.starts_with("127.")) {
        return None;
    }
    VARIABLES.into_iter().find(|variable| value(variable).is_some())
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn proxies() {
        for (environment, found) in [
            ("", None),
            ("PATH=/bin\0ALL_PROXY=http://p:3128\0", Some("ALL_PROXY")),
            ("http_proxy=p\0NO_PROXY=localhost,.local", Some("http_proxy")),
            ("http_proxy=p\0NO_PROXY=localhost, 127.0.0.1", None),
            ("http_proxy=p\0no_proxy=*\0", None),
            // Not for http, and empty.
            ("HTTP_PROXY=p\0https_proxy=p\0http_proxy=\0", None),
        ] {
            assert_eq!(find(environment), found, "{environment:?}");
        }
    }
}
