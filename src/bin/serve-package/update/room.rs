//! Room on the disks.
//!
//! `flatcar-postinst` downloads an extension to `/var/lib/update_engine` and moves
//! it: a system extension to `/etc/flatcar/sysext`, one of the OEM to `/oem`, or
//! where that is full to `/etc/flatcar/oem-sysext`. The kernel goes to `vmlinuz-a`
//! or `vmlinuz-b` of `/boot`, over an old one (`omaha_response_handler_action.cc`).

use std::fs;

use super::finding::Findings;
use super::payloads::Payloads;
use super::root::Root;
use super::system::System;

/// What `/var` and `/etc` need in any case, in bytes: `update_engine` keeps its
/// state and the journal its lines there.
const RESERVE: u64 = 16 * 1024 * 1024;

/// Looks whether the kernel, and the extensions once they are installed, have
/// room.
pub fn find(root: &Root, system: System, payloads: &Payloads, findings: &mut Findings) {
    let extensions = payloads.extensions_size;
    for folder in ["/var", "/etc"] {
        if let Some(lack) = lack(root, folder, 0, extensions.saturating_add(RESERVE)) {
            findings.error(lack);
        }
    }
    if let Some(lack) = lack(root, "/oem", 0, extensions) {
        findings.note(format!("{lack}, or puts an OEM extension into /etc/flatcar/oem-sysext"));
    }
    let folder = format!("/boot/{}", system.folder());
    let size = |slot| {
        fs::metadata(root.path(&format!("{folder}/vmlinuz-{slot}"))).map(|kernel| kernel.len())
    };
    let old = ["a", "b"].into_iter().flat_map(size).max().unwrap_or_default();
    if let Some(lack) = lack(root, &folder, old, payloads.kernel_size) {
        findings.warning(format!("{lack} for the kernel"));
    }
}

/// What is said of a folder whose file system has too little room, if it is there.
fn lack(root: &Root, folder: &str, replaced: u64, needed: u64) -> Option<String> {
    let system = rustix::fs::statvfs(root.path(folder)).ok()?;
    let free = system.f_bavail.saturating_mul(system.f_frsize).saturating_add(replaced);
    let megabytes = |bytes| bytes / 1_000_000;
    (free < needed).then(|| {
        format!(
            "{} MB are free on {folder}, and the update needs {} MB",
            megabytes(free),
            megabytes(needed)
        )
    })
}
