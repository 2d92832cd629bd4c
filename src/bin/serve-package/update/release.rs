//! Which system the machine runs: `/usr/share/flatcar/release`, or that of
//! Container Linux.

use std::fs;

use omaha::Version;

use super::configuration::{Configuration, Setting};
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

    fn board_key(self) -> &'static str {
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

/// Which system and version the machine has.
#[derive(Debug)]
pub struct Release {
    pub system: System,
    pub version: Version,
    /// Such as `amd64-usr`; empty where the file does not say.
    pub board: String,
}

impl Release {
    /// What counts for `update_engine`, which takes this too from `update.conf`
    /// first (`GetConfValue` in `omaha_request_params.cc`).
    ///
    /// # Errors
    ///
    /// When the version is none.
    pub fn of(system: System, configuration: &Configuration) -> Result<Self, UpdateError> {
        let version = configuration.get(system.version_key());
        let Setting { value, file } = version.unwrap_or(Setting { value: "", file: "the version" });
        let version =
            value.parse().map_err(|error| UpdateError::from(format!("{file}: {error}")))?;
        let board = configuration.get(system.board_key());
        let board = board.map_or_else(String::new, |setting| setting.value.to_owned());
        Ok(Self { system, version, board })
    }
}

/// The name in `os-release(5)`.
fn os_name(root: &Root) -> Option<String> {
    let read = |path| fs::read_to_string(root.path(path)).ok();
    let text = read("/etc/os-release").or_else(|| read("/usr/lib/os-release"))?;
    let name = key_value::last(&text, "PRETTY_NAME").or_else(|| key_value::last(&text, "NAME"))?;
    Some(name.trim_matches('"').to_owned()).filter(|name| !name.is_empty())
}
