//! systemd's units of the machine.

use std::time::Duration;

use super::key_value;
use super::tool::{self, ToolError};

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
}

impl Unit {
    /// Asks systemd.
    ///
    /// # Errors
    ///
    /// When `systemctl` fails, or says nothing of use.
    pub fn query(name: &str) -> Result<Self, ToolError> {
        let arguments = [
            "show",
            name,
            "--property=LoadState,ActiveState,UnitFileState,ActiveEnterTimestampMonotonic",
        ];
        let text = tool::run_ok("systemctl", &arguments, TIME)?;
        Self::parse(&text).ok_or_else(|| ToolError::nonsense("systemctl show", &text))
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
        Some(Self {
            is_there: load != "not-found",
            mask,
            is_active: matches!(active, "active" | "activating" | "reloading"),
            active_since: since.map(Duration::from_micros),
        })
    }
}

/// Has systemd do something with a unit.
///
/// # Errors
///
/// When it does not.
pub fn order(verb: &str, mask: Option<Mask>, unit: &str) -> Result<(), ToolError> {
    let runtime = (mask == Some(Mask::Runtime)).then_some("--runtime");
    let arguments: Vec<_> = [Some(verb), runtime, Some(unit)].into_iter().flatten().collect();
    tool::run_ok("systemctl", &arguments, TIME).map(drop)
}

/// Reboots the machine.
///
/// # Errors
///
/// When systemd does not do it.
pub fn reboot() -> Result<(), ToolError> {
    tool::run_ok("systemctl", &["reboot"], TIME).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states() {
        let unit = |text| Unit::parse(text).unwrap();
        let running = "LoadState=loaded\nActiveState=active\nUnitFileState=disabled\n\
                       ActiveEnterTimestampMonotonic=5000000\n";
        assert_eq!(
            unit(running),
            Unit {
                is_there: true,
                mask: None,
                is_active: true,
                active_since: Some(Duration::from_secs(5)),
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
