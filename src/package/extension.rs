//! Which packages are extensions, by their names.

/// Whether a package's name is that of an extension: an OEM's
/// (`oem-ID.gz`) or another system extension's (`flatcar-NAME.gz`).
///
/// Flatcar's postinstall step looks for `*oem-ID.gz` and `*flatcar-NAME.gz`,
/// so only the end of the name counts: `flatcar_test_update-oem-azure.gz` (a
/// nightly) and `extrafile-amd64-4152.2.0-oem-azure.gz` (hosted by Nebraska)
/// are found. What follows the last `flatcar-` must not be an architecture or
/// a version, because Nebraska calls a hosted operating system
/// `flatcar-amd64-4152.2.0.gz`.
///
/// ```
/// use omaha::is_extension_name;
///
/// assert!(is_extension_name("oem-azure.gz"));
/// assert!(is_extension_name("extrafile-amd64-4152.2.0-flatcar-podman.gz"));
/// assert!(!is_extension_name("flatcar_production_update.gz"));
/// assert!(!is_extension_name("flatcar-amd64-4152.2.0.gz"));
/// ```
pub fn is_extension_name(name: &str) -> bool {
    let Some(stem) = name.strip_suffix(".gz") else { return false };
    let has_id = |(_, id): (&str, &str)| !id.is_empty();
    stem.rsplit_once("oem-").is_some_and(has_id)
        || stem.rsplit_once("flatcar-").is_some_and(|(_, name)| is_sysext_name(name))
}

/// Whether this is the name of a system extension, and neither an architecture
/// nor a version.
fn is_sysext_name(name: &str) -> bool {
    let is_architecture = ["amd64", "arm64"].iter().any(|architecture| {
        name.strip_prefix(architecture).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    });
    !is_architecture && !name.is_empty() && !name.starts_with(|first: char| first.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::is_extension_name;

    #[test]
    fn the_end_of_the_name_counts() {
        for name in [
            "oem-azure.gz",
            "flatcar-podman.gz",
            "flatcar-nvidia-drivers-570.gz",
            "flatcar_test_update-oem-azure.gz",
            "flatcar_test_update-flatcar-python.gz",
            "extrafile-amd64-3760.1.1-oem-packet.gz",
            "extrafile-arm64-3760.1.1-flatcar-zfs.gz",
            // An OEM's id is anything.
            "oem-4.gz",
        ] {
            assert!(is_extension_name(name), "{name}");
        }
    }

    #[test]
    fn operating_systems_and_others() {
        for name in [
            "update.gz",
            "flatcar_production_update.gz",
            "flatcar_test_update.gz",
            // As Nebraska calls what it hosts.
            "flatcar-amd64-3760.1.1.gz",
            "flatcar-arm64-3760.1.1.gz",
            "flatcar-amd64.gz",
            "flatcar-4152.2.0.gz",
            "oem-.gz",
            "flatcar-.gz",
            "oem-azure.raw",
            "oem.gz",
            "OEM-azure.gz",
            "azure.gz",
            ".gz",
            "",
        ] {
            assert!(!is_extension_name(name), "{name}");
        }
    }
}
