//! What an update changes on the machine, and puts back.

use std::fs;
use std::io::{self, Write};
use std::mem;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::deadline::Deadline;
use super::error::UpdateError;
use super::record::Record;
use super::root::Root;
use super::settings_file::{self, SettingsFile};
use super::system::System;
use super::tool::Purpose;
use super::unit::{self, Mask, Unit};

/// Held by the thread that changes files, so that a second signal does not come
/// between.
static FILES: Mutex<()> = Mutex::new(());

fn lock_files() -> MutexGuard<'static, ()> {
    FILES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The changes of a running update. Put back at the latest when this is
/// dropped, which a panic does too.
#[derive(Debug)]
pub struct Changes {
    root: Root,
    /// As it was written. What is on the disk counts, unless somebody has
    /// removed or damaged that.
    record: Record,
    is_over: bool,
}

impl Changes {
    /// Writes the record, and points `update_engine` at the server.
    ///
    /// # Errors
    ///
    /// When something cannot be written. Then everything is as before, unless it says
    /// otherwise.
    pub fn begin(
        root: &Root,
        system: System,
        server: &str,
        engine: &Unit,
    ) -> Result<Self, UpdateError> {
        let SettingsFile { path, exists } = SettingsFile::find(root, system)?;
        let mut record = Record::new(root, system, path, exists, server);
        if !engine.is_active {
            record.mask = engine.mask;
            record.stopped_in_boot = Some(boot_id(root));
        }
        let changes = {
            let _files = lock_files();
            write_record(&mut record)?;
            Self { root: root.clone(), record, is_over: false }
        };
        root.step("recorded");
        let changed = {
            let _files = lock_files();
            settings_file::change(&changes.record)
        };
        if let Err(error) = changed {
            // Twice the same is told once.
            return Err(changes.end().map_or_else(not_restored, |()| error));
        }
        root.step("changed");
        Ok(changes)
    }

    /// Starts the unit if it does not run. A mask is in the way of the start
    /// only, so it is put back at once.
    ///
    /// # Errors
    ///
    /// When it does not start, or not before the deadline.
    pub fn start_engine(&self, deadline: Option<Deadline>) -> Result<(), UpdateError> {
        let mask = self.record.mask;
        let order = |verb, mask| {
            let purpose = Purpose::Going(deadline);
            let ordered = unit::order(verb, mask, unit::UPDATE_ENGINE, purpose);
            self.root.step(verb);
            ordered
        };
        if self.record.stopped_in_boot.is_none() {
            return Ok(());
        }
        if mask.is_some() {
            order("unmask", mask)?;
        }
        order("start", None)?;
        if mask.is_some() {
            order("mask", mask)?;
        }
        Ok(())
    }

    /// Puts the settings back, once the machine has asked and does not read
    /// them any more. Where the unit is as it was, everything is back then.
    ///
    /// # Errors
    ///
    /// When they cannot be put back.
    pub fn put_settings_back(&mut self) -> Result<(), UpdateError> {
        if !self.is_over {
            let _files = lock_files();
            self.is_over = put_files_back(&record(&self.root, Some(&self.record))?)?;
        }
        Ok(())
    }

    /// Puts everything back.
    ///
    /// # Errors
    ///
    /// When something cannot be put back. Then the record stays.
    pub fn end(mut self) -> Result<(), UpdateError> {
        if self.is_over {
            return Ok(());
        }
        let back = put_back(&self.root, Some(&self.record));
        // Not before: a panic in the middle begins it again.
        self.is_over = true;
        back.map(drop)
    }
}

impl Drop for Changes {
    fn drop(&mut self) {
        if !self.is_over
            && let Err(error) = put_back(&self.root, Some(&self.record))
        {
            let _ = writeln!(io::stderr(), "error: {}", not_restored(error));
        }
    }
}

/// An error that leaves something to `--restore`.
pub fn not_restored(error: UpdateError) -> UpdateError {
    format!("{error}; the settings are not restored: serve-package update --restore").into()
}

/// Writes the record, and makes the folder for it.
fn write_record(record: &mut Record) -> Result<(), UpdateError> {
    let folder = record.path().parent().filter(|folder| !folder.exists());
    if let Some(folder) = folder.map(ToOwned::to_owned) {
        let made = fs::create_dir_all(&folder);
        made.map_err(|error| UpdateError::file(&folder, "cannot be made", &error))?;
        record.made_folder = true;
    }
    let written = record.write();
    if written.is_err()
        && let Some(folder) = record.path().parent().filter(|_| record.made_folder)
    {
        // It is empty, or somebody uses it.
        let _ = fs::remove_dir(folder);
    }
    written
}

/// The record on the disk, or else the one that was written there.
fn record(root: &Root, written: Option<&Record>) -> Result<Option<Record>, UpdateError> {
    match (Record::find(root), written) {
        (Ok(Some(record)), _) => Ok(Some(record)),
        (_, Some(record)) => Ok(Some(record.clone())),
        (found, None) => found,
    }
}

/// Puts back what the record on the disk names, or else this one, and removes
/// it: the settings that it was about, if there was one. Can be done again and
/// again.
///
/// # Errors
///
/// When something cannot be put back. All else is, and the record stays.
pub fn put_back(root: &Root, written: Option<&Record>) -> Result<Option<PathBuf>, UpdateError> {
    let files = lock_files();
    let Some(record) = record(root, written)? else {
        Record::remove_unfinished(root)?;
        return Ok(None);
    };
    let settings = settings_file::put_back(&record);
    drop(files);
    root.step("settings back");
    let unit = put_unit_back(root, &record);
    settings.and(unit)?;
    root.step("unit back");
    let _files = lock_files();
    record.remove()?;
    Ok(Some(record.file))
}

/// Puts the settings back, and lets no other thread change them afterwards: for
/// a process that ends now. What is to be done to the unit takes longer, and is left to
/// `--restore`.
///
/// # Errors
///
/// When not everything is as before.
pub fn put_back_at_exit(root: &Root) -> Result<(), UpdateError> {
    mem::forget(lock_files());
    match put_files_back(&Record::find(root)?)? {
        true => Ok(()),
        false => Err(format!("{} is not restored yet", unit::UPDATE_ENGINE).into()),
    }
}

/// Puts the settings back, and removes the record if it is about nothing else:
/// whether that is so.
fn put_files_back(record: &Option<Record>) -> Result<bool, UpdateError> {
    let Some(record) = record else { return Ok(true) };
    settings_file::put_back(record)?;
    let is_all = record.mask.is_none() && record.stopped_in_boot.is_none();
    if is_all {
        record.remove()?;
    }
    Ok(is_all)
}

fn put_unit_back(root: &Root, record: &Record) -> Result<(), UpdateError> {
    let order = |verb, mask| unit::order(verb, mask, unit::UPDATE_ENGINE, Purpose::Other);
    let is_same_boot = record.stopped_in_boot.as_ref().is_some_and(|boot| *boot == boot_id(root));
    // A boot ends a mask in /run, and whether the unit runs after it is no longer
    // this program's doing, unless it was masked for good.
    let mask = record.mask.filter(|mask| is_same_boot || *mask == Mask::Permanent);
    if mask.is_some() {
        order("mask", mask)?;
    }
    if is_same_boot || mask.is_some() && record.stopped_in_boot.is_some() {
        order("stop", None)?;
    }
    Ok(())
}

/// What tells one boot from the next.
fn boot_id(root: &Root) -> String {
    let id = fs::read_to_string(root.path("/proc/sys/kernel/random/boot_id"));
    id.map(|id| id.trim().to_owned()).unwrap_or_default()
}

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
        let engine =
            Unit { is_there: true, mask: None, is_active: true, active_since: None, process: 0 };
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
