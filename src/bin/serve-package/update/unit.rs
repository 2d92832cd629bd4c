//! systemd's units of the machine.

use std::time::Duration;

use super::error::UpdateError;
use super::key_value;
use super::tool::{self, Purpose};

/// The unit of the update client.
pub const UPDATE_ENGINE: &str = "update-engine.service";

/// The unit of the reboot manager.
pub const LOCKSMITHD: &str = "locksmithd.service";

/// How long `systemctl` may take. Starting a unit takes seconds.
const TIME: Duration = Duration::from_secs(90);

/// How a unit is masked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mask {
    /// In `/etc`.
    Permanent,
    /// In `/run`, until the next boot.
    Runtime,
}

/// The state of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit {
    pub is_there: bool,
    pub mask: Option<Mask>,
    pub is_active: bool,
    /// How long after the machine's start it became active.
    pub active_since: Option<Duration>,
    /// Its process, or 0.
    pub process: u32,
}

impl Unit {
    /// Asks systemd.
    ///
    /// # Errors
    ///
    /// When `systemctl` fails, or says nothing of use.
    pub fn query(name: &str) -> Result<Self, UpdateError> {
        let arguments = [
            "show",
            name,
            "--property=LoadState,ActiveState,UnitFileState,MainPID,\
             ActiveEnterTimestampMonotonic",
        ];
        let text = tool::run("systemctl", &arguments, TIME, Purpose::Other)?;
        Self::parse(&text).ok_or_else(|| tool::nonsense("systemctl show", &text))
    }

    fn parse(text: &str) -> Option<Self> {
        let load = key_value::last(text, "LoadState")?;
        let active = key_value::last(text, "ActiveState")?;
        let file = key_value::last(text, "UnitFileState").unwrap_or_default();
        let mask = match (load, file) {
            (_, "masked-runtime") => Some(Mask::Runtime),
            ("masked", _) | (_, "masked") => Some(Mask::Permanent),
            _ => None,
        };
        let since = key_value::last(text, "ActiveEnterTimestampMonotonic");
        let since = since.and_then(|text| text.parse().ok()).filter(|since| *since > 0);
        let process = key_value::last(text, "MainPID");
        Some(Self {
            is_there: load != "not-found",
            mask,
            is_active: matches!(active, "active" | "activating" | "reloading"),
            active_since: since.map(Duration::from_micros),
            process: process.and_then(|text| text.parse().ok()).unwrap_or_default(),
        })
    }
}

/// Has systemd do something with a unit.
///
/// # Errors
///
/// When it does not.
pub fn order(
    verb: &str,
    mask: Option<Mask>,
    unit: &str,
    purpose: Purpose,
) -> Result<(), UpdateError> {
    let runtime = (mask == Some(Mask::Runtime)).then_some("--runtime");
    let arguments: Vec<_> = [Some(verb), runtime, Some(unit)].into_iter().flatten().collect();
    tool::run("systemctl", &arguments, TIME, purpose).map(drop)
}

/// Reboots the machine.
///
/// # Errors
///
/// When systemd does not do it.
pub fn reboot() -> Result<(), UpdateError> {
    tool::run("systemctl", &["reboot"], TIME, Purpose::Other).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states() {
        let unit = |text| Unit::parse(text).unwrap();
        let running = "LoadState=loaded\nActiveState=active\nUnitFileState=disabled\nMainPID=7\n\
                       ActiveEnterTimestampMonotonic=5000000\n";
        assert_eq!(
            unit(running),
            Unit {
                is_there: true,
                mask: None,
                is_active: true,
                active_since: Some(Duration::from_secs(5)),
                process: 7,
            }
        );
        let masked = unit("LoadState=masked\nActiveState=inactive\nUnitFileState=masked\n");
        assert_eq!((masked.mask, masked.is_active), (Some(Mask::Permanent), false));
        let masked = unit("LoadState=masked\nActiveState=inactive\nUnitFileState=masked-runtime\n");
        assert_eq!(masked.mask, Some(Mask::Runtime));
        assert!(!unit("LoadState=not-found\nActiveState=inactive\n").is_there);
        assert_eq!(Unit::parse("Failed to connect to bus\n"), None);
    }
}
