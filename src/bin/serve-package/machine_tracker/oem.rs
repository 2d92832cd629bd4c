//! The extension that a machine's OEM needs.

/// The extension that a machine with this OEM looks for, if none of the
/// packages is one: Flatcar's postinstall step takes a name that ends so.
pub fn missing_extension(
    oem: &str,
    mut packages: &mut dyn Iterator<Item = &str>,
) -> Option<String> {
    let wanted = format!("oem-{oem}.gz");
    (!oem.is_empty() && !Iterator::any(&mut packages, |name| name.ends_with(&wanted)))
        .then_some(wanted)
}

#[cfg(test)]
mod tests {
    use super::missing_extension;

    #[test]
    fn by_the_end_of_the_name() {
        let packages = ["oem-azure.gz", "flatcar_test_update-oem-vmware.gz"];
        let missing = |oem| missing_extension(oem, &mut packages.into_iter());
        assert_eq!(missing("azure"), None);
        assert_eq!(missing("vmware"), None);
        assert_eq!(missing(""), None);
        assert_eq!(missing("qemu"), Some("oem-qemu.gz".to_owned()));
    }
}
