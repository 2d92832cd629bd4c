//! A proxy in the environment of `update_engine`, which it would ask for the
//! loopback interface too.
//!
//! Its own downloads are libcurl's, which obeys `NO_PROXY`. The extensions are
//! fetched by its postinstall step: that gets `ALL_PROXY` and `HTTP_PROXY`, but
//! not `NO_PROXY` (`ArgPointer` in `subprocess.cc`), and where it gets none, takes
//! them from the unit's `Environment=` and `EnvironmentFile=` (`get_unit_env_val`
//! in `flatcar-postinst`), so `UnsetEnvironment=` does not help.

use super::environment::Environment;
use super::root::Root;
use super::unit::Unit;

/// The variables that libcurl obeys for `http:`.
const OF_DOWNLOADS: [&str; 3] = ["http_proxy", "all_proxy", "ALL_PROXY"];

/// Those that the postinstall step gets and obeys for `http:`.
const OF_EXTENSIONS: [&str; 2] = ["HTTP_PROXY", "ALL_PROXY"];

/// What is wrong, and what to do, where the daemon has a proxy. The variable's
/// value is not told: it may hold a password.
pub fn problem(root: &Root, engine: &Unit, with_extensions: bool) -> Option<String> {
    let variable = find(&Environment::of(root, engine)?, with_extensions)?;
    Some(format!(
        "update_engine runs with {variable}, so it asks a proxy instead of this program, for \
         extensions in spite of NO_PROXY; remove it from the unit (systemctl cat update-engine), \
         and restart update-engine"
    ))
}

fn find(environment: &Environment, with_extensions: bool) -> Option<&'static str> {
    let exempt = environment.get("no_proxy").or_else(|| environment.get("NO_PROXY"));
    let is_exempt = exempt
        .unwrap_or_default()
        .split([',', ' '])
        .any(|host| host == "*" || host.starts_with("127."));
    let of_downloads = OF_DOWNLOADS.into_iter().filter(|_| !is_exempt);
    let of_extensions = OF_EXTENSIONS.into_iter().filter(|_| with_extensions);
    of_downloads.chain(of_extensions).find(|variable| environment.get(variable).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies() {
        for (environment, of_downloads, of_extensions) in [
            ("", None, None),
            ("PATH=/bin\0ALL_PROXY=http://p:3128\0", Some("ALL_PROXY"), Some("ALL_PROXY")),
            ("http_proxy=p\0NO_PROXY=localhost,.local", Some("http_proxy"), Some("http_proxy")),
            ("http_proxy=p\0NO_PROXY=localhost, 127.0.0.1", None, None),
            ("ALL_PROXY=p\0NO_PROXY=127.0.0.1", None, Some("ALL_PROXY")),
            ("http_proxy=p\0no_proxy=*\0", None, None),
            // Empty, not for http, and for extensions only.
            ("HTTP_PROXY=\0https_proxy=p\0http_proxy=\0", None, None),
            ("HTTP_PROXY=p\0", None, Some("HTTP_PROXY")),
        ] {
            let found = |with| find(&Environment::from_text(environment), with);
            assert_eq!(found(false), of_downloads, "{environment:?}");
            assert_eq!(found(true), of_extensions, "{environment:?}");
        }
    }
}
