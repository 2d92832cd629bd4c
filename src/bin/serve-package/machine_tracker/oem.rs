//! The extension that a machine's OEM needs.

/// The extension that a machine with this OEM looks for, if none of the
/// packages is one: Flatcar's postinstall step takes a name that ends so.
pub fn missing_extension<'a>(
    oem: &str,
    mut packages: impl Iterator<Item = &'a str>,
) -> Option<String> {
    let is_for_it = |name: &str| {
        let name = name.strip_suffix(".gz").and_then(|name| name.strip_suffix(oem));
        name.is_some_and(|name| name.ends_with("oem-"))
    };
    (!oem.is_empty() && !packages.any(is_for_it)).then(|| format!("oem-{oem}.gz"))
}

#[cfg(test)]
mod tests {
    use super::missing_extension;

    #[test]
    fn by_the_end_of_the_name() {
        let packages = ["oem-azure.gz", "flatcar_test_update-oem-vmware.gz"];
        let missing = |oem| missing_extension(oem, packages.into_iter());
        assert_eq!(missing("azure"), None);
        assert_eq!(missing("vmware"), None);
        assert_eq!(missing(""), None);
        assert_eq!(missing("qemu"), Some("oem-qemu.gz".to_owned()));
    }
}
