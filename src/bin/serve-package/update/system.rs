//! Which system the machine runs.

use std::fs;

use super::error::UpdateError;
use super::key_value;
use super::root::Root;

/// The two that have `update_engine` and take payloads of this kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    Flatcar,
    ContainerLinux,
}

impl System {
    /// Finds out which one the machine has.
    ///
    /// # Errors
    ///
    /// When it has neither.
    pub fn find(root: &Root) -> Result<Self, UpdateError> {
        // On Flatcar, the folder of Container Linux may be there too.
        let mut systems = [Self::Flatcar, Self::ContainerLinux].into_iter();
        let has =
            |system: &Self| root.path(&format!("/usr/share/{}/release", system.folder())).exists();
        systems.find(has).ok_or_else(|| {
            let name = os_name(root).unwrap_or_else(|| "this machine".to_owned());
            UpdateError::from(format!(
                "{name} is neither Flatcar nor Container Linux: there is no \
                 /usr/share/flatcar/release; run this on the machine that is to be updated"
            ))
        })
    }

    /// As in `/etc/flatcar` and `/usr/share/flatcar`.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Flatcar => "flatcar",
            Self::ContainerLinux => "coreos",
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Flatcar => "Flatcar",
            Self::ContainerLinux => "Container Linux",
        }
    }

    /// The key of the version, which the release file has.
    pub fn version_key(self) -> &'static str {
        match self {
            Self::Flatcar => "FLATCAR_RELEASE_VERSION",
            Self::ContainerLinux => "COREOS_RELEASE_VERSION",
        }
    }

    /// The key of the board, which is there too.
    pub fn board_key(self) -> &'static str {
        match self {
            Self::Flatcar => "FLATCAR_RELEASE_BOARD",
            Self::ContainerLinux => "COREOS_RELEASE_BOARD",
        }
    }

    /// Where the release server has a version's files for a board.
    pub fn releases(self) -> &'static str {
        match self {
            Self::Flatcar => "https://update.release.flatcar-linux.net",
            Self::ContainerLinux => "https://update.release.core-os.net",
        }
    }
}

/// The name in `os-release(5)`.
fn os_name(root: &Root) -> Option<String> {
    let read = |path| fs::read_to_string(root.path(path)).ok();
    let text = read("/etc/os-release").or_else(|| read("/usr/lib/os-release"))?;
    let name = key_value::last(&text, "PRETTY_NAME").or_else(|| key_value::last(&text, "NAME"))?;
    Some(name.trim_matches('"').to_owned()).filter(|name| !name.is_empty())
}
