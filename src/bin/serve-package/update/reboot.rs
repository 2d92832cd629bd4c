//! Who reboots the machine once the update is installed.

use std::fmt;

use super::configuration::Configuration;
use super::unit::Unit;

/// What the reboot manager, `locksmithd`, will do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Manager {
    /// It does not run, or was told not to reboot.
    Off(&'static str),
    /// It reboots by itself.
    Reboots {
        /// `REBOOT_STRATEGY`.
        strategy: String,
        /// Start and length of its window, if it has one.
        window: Option<(String, String)>,
    },
}

impl Manager {
    /// What locksmithd does, from its unit and its settings.
    pub fn of(unit: Option<Unit>, configuration: &Configuration) -> Self {
        if unit.is_some_and(|unit| !unit.is_there || !unit.is_active) {
            return Self::Off("locksmithd does not run (Kubernetes' FLUO or kured may)");
        }
        let value = |key| configuration.get(key).map(|setting| setting.value.to_owned());
        let strategy = value("REBOOT_STRATEGY").unwrap_or_else(|| "reboot".to_owned());
        if strategy == "off" {
            return Self::Off("REBOOT_STRATEGY=off");
        }
        let window = value("LOCKSMITHD_REBOOT_WINDOW_START")
            .zip(value("LOCKSMITHD_REBOOT_WINDOW_LENGTH"))
            .filter(|(start, _)| !start.is_empty());
        Self::Reboots { strategy, window }
    }
}

impl fmt::Display for Manager {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off(why) => {
                write!(formatter, "nothing on the machine reboots it by itself: {why}")
            }
            Self::Reboots { strategy, window: None } => write!(
                formatter,
                "locksmithd reboots it by itself then, at once (REBOOT_STRATEGY={strategy}); \
                 `systemctl stop locksmithd` before this prevents it"
            ),
            Self::Reboots { strategy, window: Some((start, length)) } => write!(
                formatter,
                "locksmithd reboots it by itself then, in the window that begins at {start} and \
                 lasts {length} (REBOOT_STRATEGY={strategy})"
            ),
        }
    }
}
