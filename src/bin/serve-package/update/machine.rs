//! What the update needs to know of the machine.

use super::extensions::Extensions;
use super::release::Release;
use super::unit::{self, Mask, Unit};

/// The machine, as far as the update needs it.
#[derive(Debug)]
pub struct Machine {
    pub release: Release,
    pub extensions: Extensions,
    /// The unit of `update_engine`.
    pub engine: Unit,
    /// What happens when the update is installed.
    pub reboot: String,
    /// `SERVER=` in force, as far as there is one.
    pub server: Option<String>,
    pub group: Option<String>,
}

impl Machine {
    /// What an operator must do after the reboot, where the unit is masked for
    /// good: only `update_engine` marks the new system good, by the program named
    /// here, 45 seconds after its start (its `main.cc`). `flatcar-postinst` gives
    /// the new system one try (`cgpt add -S0 -T1`), so without the mark the boot
    /// after the next one is of the old system again.
    pub fn after_reboot(&self) -> Option<String> {
        (self.engine.mask == Some(Mask::Permanent)).then(|| {
            format!(
                "{} is masked and will not mark the new system good: after the reboot, \
                 run `sudo {}-setgoodroot`, or the boot after it is of the old system again",
                unit::UPDATE_ENGINE,
                self.release.system.folder()
            )
        })
    }
}
