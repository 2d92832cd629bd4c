//! Which system the machine runs: `/usr/share/flatcar/release`, or that of
//! Container Linux.

use std::fs;

use omaha::Version;

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

    /// Before the keys of the release file.
    fn prefix(self) -> &'static str {
        match self {
            Self::Flatcar => "FLATCAR_RELEASE_",
            Self::ContainerLinux => "COREOS_RELEASE_",
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

/// What the release file says.
#[derive(Debug)]
pub struct Release {
    pub system: System,
    pub version: Version,
    /// Such as `amd64-usr`; empty where the file does not say.
    pub board: String,
}

impl Release {
    /// Reads the release file.
    ///
    /// # Errors
    ///
    /// When there is none, or its version is none.
    pub fn read(root: &Root) -> Result<Self, UpdateError> {
        // On Flatcar, the folder of Container Linux may be there too.
        for system in [System::Flatcar, System::ContainerLinux] {
            let path = format!("/usr/share/{}/release", system.folder());
            let Ok(text) = fs::read(root.path(&path)) else { continue };
            let text = String::from_utf8_lossy(&text);
            let value = |key| {
                let value = key_value::last(&text, &format!("{}{key}", system.prefix()));
                value.unwrap_or_default().trim_matches('"')
            };
            let version = value("VERSION");
            let version =
                version.parse().map_err(|error| UpdateError::from(format!("{path}: {error}")))?;
            return Ok(Self { system, version, board: value("BOARD").to_owned() });
        }
        let name = os_name(root).unwrap_or_else(|| "this machine".to_owned());
        Err(UpdateError::from(format!(
            "{name} is neither Flatcar nor Container Linux: there is no /usr/share/flatcar/release; \
             run this on the machine that is to be updated"
        )))
    }
}

/// The name in `os-release(5)`.
fn os_name(root: &Root) -> Option<String> {
    let read = |path| fs::read_to_string(root.path(path)).ok();
    let text = read("/etc/os-release").or_else(|| read("/usr/lib/os-release"))?;
    let name = key_value::last(&text, "PRETTY_NAME").or_else(|| key_value::last(&text, "NAME"))?;
    Some(name.trim_matches('"').to_owned()).filter(|name| !name.is_empty())
}
