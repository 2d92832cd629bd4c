//! Which extensions the machine needs beside the operating system.

use std::fs;

use super::finding::Findings;
use super::key_value;
use super::root::Root;

/// The names of the operator, and those that are switched off.
const OF_OPERATOR: &str = "/etc/flatcar/enabled-sysext.conf";

/// What the machine's postinstall step will look for.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Extensions {
    /// The OEM's id, if the machine has one.
    pub oem: Option<String>,
    /// Whether that OEM has an extension (`oem-ID.gz`).
    pub has_oem_extension: bool,
    /// The names of the others (`flatcar-NAME.gz`).
    pub enabled: Vec<String>,
}

impl Extensions {
    /// Finds out what the machine has.
    pub fn read(root: &Root, findings: &mut Findings) -> Self {
        let read = |path: &str| {
            let bytes = fs::read(root.path(path)).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let oem = ["/etc/oem-release", "/usr/share/oem/oem-release", "/oem/oem-release"]
            .into_iter()
            .map(read)
            .find_map(|text| oem_id(&text));
        let has_oem_extension = oem.as_ref().is_some_and(|id| {
            [
                format!("/usr/share/flatcar/oems/{id}"),
                format!("/usr/share/oem/sysext/active-oem-{id}"),
                format!("/oem/sysext/active-oem-{id}"),
            ]
            .iter()
            .any(|path| fs::symlink_metadata(root.path(path)).is_ok())
        });
        let operator = read(OF_OPERATOR);
        let enabled = enabled(&read("/usr/share/flatcar/enabled-sysext.conf"), &operator);
        for line in switched_off(&operator) {
            if line.contains(|next: char| next.is_whitespace() || next == '#') {
                findings.warning(format!(
                    "{OF_OPERATOR}: \"-{line}\" has more than a name, and does not count"
                ));
            }
        }
        Self { oem, has_oem_extension, enabled }
    }

    /// The names of the files that are needed. Each may have something before
    /// it, as `flatcar_test_update-` of the nightlies.
    pub fn files(&self, without_oem: bool) -> Vec<String> {
        let oem = self.oem.iter().filter(|_| self.has_oem_extension && !without_oem);
        oem.map(|id| format!("oem-{id}.gz"))
            .chain(self.enabled.iter().map(|name| format!("flatcar-{name}.gz")))
            .collect()
    }
}

/// `ID=` of an `oem-release`, which may be quoted as in `os-release(5)`.
fn oem_id(text: &str) -> Option<String> {
    let id = key_value::last(text, "ID")?.trim().trim_matches(['"', '\'']);
    // It becomes a part of paths.
    let is_safe = !id.is_empty() && !id.contains('/') && !id.starts_with('.');
    is_safe.then(|| id.to_owned())
}

/// The names of both files, less those that the operator switched off, as the
/// greps of `flatcar-postinst` find them: what is before a `#`, unless it is a line
/// switched off to the byte, and all words of that.
fn enabled(system: &str, operator: &str) -> Vec<String> {
    let mut names = Vec::new();
    for line in system.lines().chain(operator.lines()) {
        let line = line.split('#').next().unwrap_or_default();
        if line.starts_with('-') || switched_off(operator).any(|off| off == line) {
            continue;
        }
        for name in line.split_whitespace() {
            if !names.iter().any(|other| other == name) {
                names.push(name.to_owned());
            }
        }
    }
    names
}

/// The lines of the operator that switch something off, after the `-`.
fn switched_off(operator: &str) -> impl Iterator<Item = &str> {
    operator.lines().filter_map(|line| line.strip_prefix('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_extensions() {
        let names = enabled("podman\ndocker # old\n#zfs\n", "-docker\npython # new\n\n-\n");
        assert_eq!(names, ["podman", "docker", "python"]);
        for (system, operator, names) in [
            ("podman\n", "-podman\n", &[][..]),
            // More than a name does not switch it off.
            ("podman\n", "-podman # off\n", &["podman"]),
            ("podman # x\n", "-podman\n", &["podman"]),
            ("", "podman zfs\n", &["podman", "zfs"]),
        ] {
            assert_eq!(enabled(system, operator), names);
        }
    }

    #[test]
    fn ids_of_oems() {
        assert_eq!(oem_id("NAME=x\nID=azure\n").as_deref(), Some("azure"));
        assert_eq!(oem_id("ID=\"ami\"").as_deref(), Some("ami"));
        for text in ["", "ID=", "ID=../x", "OEM_ID=a"] {
            assert_eq!(oem_id(text), None, "{text}");
        }
    }
}
