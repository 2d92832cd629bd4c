//! What an update changes on the machine, and puts back.

use std::fmt;
use std::fs;
use std::io::{self, Write};

use super::record::{Record, RecordError};
use super::release::System;
use super::root::Root;
use super::settings_file::{self, SettingsError, SettingsFile};
use super::tool::ToolError;
use super::unit::{self, Unit};

/// The changes of a running update. Put back at the latest when this is
/// dropped, which a panic does too.
#[derive(Debug)]
pub struct Changes {
    root: Root,
    record: Record,
    are_settings_back: bool,
    is_over: bool,
}

impl Changes {
    /// Writes the record, and points `update_engine` at the server.
    ///
    /// # Errors
    ///
    /// When something cannot be written. Then everything is as before.
    pub fn begin(
        root: &Root,
        system: System,
        server: &str,
        engine: &Unit,
    ) -> Result<Self, ChangeError> {
        let SettingsFile { path, exists } =
            SettingsFile::find(root, system).map_err(ChangeError::Settings)?;
        let mut record = Record::new(root, system, path, exists, server);
        record.mask = engine.mask;
        record.stopped_in_boot = (!engine.is_active).then(|| boot_id(root));
        if let Some(folder) = record.path().parent().filter(|folder| !folder.exists()) {
            fs::create_dir_all(folder).map_err(ChangeError::Folder)?;
            record.made_folder = true;
        }
        if let Err(error) = record.write() {
            if let Some(folder) = record.path().parent().filter(|_| record.made_folder) {
                // It is empty, or somebody uses it.
                let _ = fs::remove_dir(folder);
            }
            return Err(ChangeError::Record(error));
        }
        let changes = Self { root: root.clone(), record, are_settings_back: false, is_over: false };
        settings_file::change(&changes.record).map_err(ChangeError::Settings)?;
        Ok(changes)
    }

    /// Starts the unit if it does not run. A mask is in the way of the start
    /// only, so it is put back at once.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub fn start_engine(&self) -> Result<(), ToolError> {
        let (unit, mask) = (unit::UPDATE_ENGINE, self.record.mask);
        if mask.is_some() {
            unit::order("unmask", mask, unit)?;
        }
        if self.record.stopped_in_boot.is_some() {
            unit::order("start", None, unit)?;
        }
        if mask.is_some() {
            unit::order("mask", mask, unit)?;
        }
        Ok(())
    }

    /// Puts the settings back, once the machine has its answer and does not
    /// read them any more.
    ///
    /// # Errors
    ///
    /// When they cannot be put back.
    pub fn put_settings_back(&mut self) -> Result<(), ChangeError> {
        if !self.are_settings_back {
            settings_file::put_back(&self.record).map_err(ChangeError::Settings)?;
            self.are_settings_back = true;
        }
        Ok(())
    }

    /// Puts everything back.
    ///
    /// # Errors
    ///
    /// When something cannot be put back. Then the record stays.
    pub fn end(mut self) -> Result<(), ChangeError> {
        self.is_over = true;
        put_back(&self.root, &self.record)
    }
}

impl Drop for Changes {
    fn drop(&mut self) {
        if !self.is_over
            && let Err(error) = put_back(&self.root, &self.record)
        {
            let _ = writeln!(io::stderr(), "error: {error}");
        }
    }
}

/// Puts back what a record names, and removes it. Can be done again and again.
///
/// # Errors
///
/// When something cannot be put back. All else is, and the record stays.
pub fn put_back(root: &Root, record: &Record) -> Result<(), ChangeError> {
    let settings = settings_file::put_back(record).map_err(ChangeError::Settings);
    let unit = put_unit_back(root, record).map_err(ChangeError::Unit);
    settings.and(unit)?;
    record.remove().map_err(ChangeError::Record)
}

fn put_unit_back(root: &Root, record: &Record) -> Result<(), ToolError> {
    if record.mask.is_some() {
        unit::order("mask", record.mask, unit::UPDATE_ENGINE)?;
    }
    // After a boot, whether it runs is no longer this program's doing, unless it
    // was masked.
    let is_same_boot = record.stopped_in_boot.as_ref().is_some_and(|boot| *boot == boot_id(root));
    if is_same_boot || record.mask.is_some() && record.stopped_in_boot.is_some() {
        unit::order("stop", None, unit::UPDATE_ENGINE)?;
    }
    Ok(())
}

/// What tells one boot from the next.
fn boot_id(root: &Root) -> String {
    let id = fs::read_to_string(root.path("/proc/sys/kernel/random/boot_id"));
    id.map(|id| id.trim().to_owned()).unwrap_or_default()
}

/// Why the machine cannot be changed, or not put back.
#[derive(Debug)]
pub enum ChangeError {
    Folder(io::Error),
    Record(RecordError),
    Settings(SettingsError),
    Unit(ToolError),
}

impl fmt::Display for ChangeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(error) => {
                write!(formatter, "the folder of update.conf cannot be made: {error}")
            }
            Self::Record(error) => error.fmt(formatter),
            Self::Settings(error) => error.fmt(formatter),
            Self::Unit(error) => error.fmt(formatter),
        }
    }
}

impl std::error::Error for ChangeError {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    #[test]
    fn a_panic_puts_the_settings_back() {
        let folder = std::env::temp_dir().join(format!("update-changes-{}", std::process::id()));
        let conf = folder.join("etc/flatcar/update.conf");
        fs::create_dir_all(conf.parent().unwrap()).unwrap();
        fs::write(&conf, "GROUP=stable").unwrap();
        let root = Root::at(&folder);
        let engine = Unit { is_there: true, mask: None, is_active: true, active_since: None };
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let _changes = Changes::begin(&root, System::Flatcar, "http://s/", &engine).unwrap();
            assert_eq!(fs::read_to_string(&conf).unwrap(), "GROUP=stable\nSERVER=http://s/");
            panic!("on purpose");
        }));
        assert!(panicked.is_err());
        assert_eq!(fs::read_to_string(&conf).unwrap(), "GROUP=stable");
        assert_eq!(fs::read_dir(conf.parent().unwrap()).unwrap().count(), 1);
        fs::remove_dir_all(folder).unwrap();
    }
}
