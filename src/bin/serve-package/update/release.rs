//! Which version of its system the machine runs: `/usr/share/flatcar/release`, or
//! that of Container Linux.

use omaha::Version;

use super::configuration::{Configuration, Setting};
use super::error::UpdateError;
use super::system::System;

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
