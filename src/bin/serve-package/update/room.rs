//! Room on the disks.

use super::finding::Findings;
use super::root::Root;

/// What `/var` needs in any case, in bytes: `update_engine` keeps its state and
/// the journal its lines there.
const RESERVE: u64 = 16 * 1024 * 1024;

/// Looks whether the extensions have room once they are installed.
pub fn find(root: &Root, extensions_size: u64, findings: &mut Findings) {
    let needed = extensions_size.saturating_add(RESERVE);
    if let Some(free) = free(root, "/var").filter(|free| *free < needed) {
        findings.error(format!(
            "{} are free on /var, and the update needs {}",
            Megabytes(free),
            Megabytes(needed)
        ));
    }
    // The postinstall step falls back to /var where the OEM's partition is full.
    if let Some(free) = free(root, "/oem").filter(|free| *free < extensions_size) {
        findings.note(format!(
            "{} are free on /oem; an OEM extension that has no room there goes to /var",
            Megabytes(free)
        ));
    }
}

/// Free bytes of the file system that has a folder, if there is one.
fn free(root: &Root, folder: &str) -> Option<u64> {
    let system = rustix::fs::statvfs(root.path(folder)).ok()?;
    Some(system.f_bavail.saturating_mul(system.f_frsize))
}

struct Megabytes(u64);

impl std::fmt::Display for Megabytes {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} MB", self.0 / 1_000_000)
    }
}
