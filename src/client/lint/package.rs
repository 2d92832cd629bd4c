//! Packages.

use super::{Findings, Node, Rule};
use crate::client::HttpUrl;
use crate::client::lenient::scan;
use crate::digest::{Sha1, Sha256};
use crate::package::{is_extension_name, is_plain};
use crate::quoted::Quoted;

pub(super) fn check_all(manifest: &Node, findings: &mut Findings) {
    let packages = || manifest.all_in("packages", "package");
    let Some(first) = packages().next() else {
        return findings.add(Rule::Package, manifest, "the manifest has no <package>");
    };
    check_first(first, findings);
    for (index, package) in packages().enumerate() {
        let name = package.get("name").unwrap_or_default();
        check_name(package, name, findings);
        check_digests(package, name, findings);
        if index > 0 {
            check_extension(package, name, findings);
        }
        if packages().take(index).any(|other| other.get("name") == Some(name)) {
            let found = format!("there are two packages {}", Quoted(name));
            findings.add(Rule::PackageTwice, package, found);
        }
        for attribute in ["size", "required"] {
            if package.get(attribute).is_none_or(str::is_empty) {
                let found = format!("package {} does not say {attribute}", Quoted(name));
                findings.add(Rule::PackageIncomplete, package, found);
            }
        }
    }
}

/// What `update_engine` needs of the operating system's package.
fn check_first(package: &Node, findings: &mut Findings) {
    let name = package.get("name").unwrap_or_default();
    if name.is_empty() {
        findings.add(Rule::PackageName, package, "the first package has no name");
    }
    if is_extension_name(name) {
        let found = format!("the first package, {}, is an extension", Quoted(name));
        findings.add(Rule::ExtensionFirst, package, found);
    }
    let size = package.get("size").unwrap_or_default();
    let scanned = scan(size);
    if scanned == 0 {
        let found = format!("the size of the first package is {}", Quoted(size));
        findings.add(Rule::PackageSize, package, found);
    } else if size.trim().parse().is_ok_and(|size: u64| size != scanned) {
        let found = format!("the size of the first package, {}, is {scanned}", Quoted(size));
        findings.add(Rule::SizeOctal, package, found);
    }
}

fn check_name(package: &Node, name: &str, findings: &mut Findings) {
    if name.is_empty() {
        return;
    }
    let is_url = HttpUrl::of_package("http://host/", name).is_ok() && !name.contains(['?', '%']);
    if !is_url || !is_plain(name) {
        let found = format!("a package is called {}", Quoted(name));
        findings.add(Rule::PackageNameForm, package, found);
    }
}

/// What the postinstall step and `download_sysext` need of an extension.
fn check_extension(package: &Node, name: &str, findings: &mut Findings) {
    if !is_extension_name(name) {
        let found = format!("a package besides the first is called {}", Quoted(name));
        findings.add(Rule::ExtensionName, package, found);
    }
    if package.get("hash").is_none() && package.get("hash_sha256").is_none() {
        let found = format!("extension {} has no digest", Quoted(name));
        findings.add(Rule::ExtensionDigest, package, found);
    }
}

fn check_digests(package: &Node, name: &str, findings: &mut Findings) {
    let mut check =
        |rule, attribute: &str, form: &str, is_right: &dyn Fn(&str) -> bool| match package
            .get(attribute)
        {
            None => {}
            Some("") => {
                let found = format!("{attribute} of package {} is empty", Quoted(name));
                findings.add(Rule::DigestEmpty, package, found);
            }
            Some(digest) if !is_right(digest) => {
                let found = format!(
                    "{attribute} {} of package {} is not {form}",
                    Quoted(digest),
                    Quoted(name)
                );
                findings.add(rule, package, found);
            }
            Some(_) => {}
        };
    check(Rule::HashForm, "hash", "base64", &|digest| Sha1::from_base64(digest).is_ok());
    check(Rule::Sha256Form, "hash_sha256", "hex", &|digest| Sha256::from_hex(digest).is_ok());
}
