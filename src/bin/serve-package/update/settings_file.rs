//! The file of settings that is changed, and how it is replaced.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};

use super::configuration::Configuration;
use super::edit;
use super::error::UpdateError;
use super::record::{Record, remove_if_there, sync_folder};
use super::root::Root;
use super::system::System;

/// Mode of settings that were not there before.
const NEW_MODE: u32 = 0o644;

const CANNOT_BE_CHANGED: &str = "cannot be changed";

/// `update.conf`, or where a link of this name leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsFile {
    pub path: PathBuf,
    pub exists: bool,
}

impl SettingsFile {
    /// Finds it, and whether it can be replaced.
    ///
    /// # Errors
    ///
    /// When it cannot.
    pub fn find(root: &Root, system: System) -> Result<Self, UpdateError> {
        let name = root.path(&Configuration::path(system));
        let (path, exists) =
            follow(&name).map_err(|error| UpdateError::file(&name, CANNOT_BE_CHANGED, &error))?;
        if exists && !fs::metadata(&path).is_ok_and(|metadata| metadata.is_file()) {
            let text = format!("{name:?} is not a regular file, nor a link to one");
            return Err(text.into());
        }
        Ok(Self { path, exists })
    }

    /// Looks whether it can be replaced, and the files beside it made, unless they
    /// are left over.
    ///
    /// # Errors
    ///
    /// When they cannot.
    pub fn check(&self, is_left_over: bool) -> Result<(), UpdateError> {
        // Nothing can be renamed over such a file. Where the kernel does not tell,
        // the change will fail, and be undone.
        let fixed =
            StatxAttributes::IMMUTABLE | StatxAttributes::APPEND | StatxAttributes::MOUNT_ROOT;
        let flags = AtFlags::SYMLINK_NOFOLLOW;
        if let Ok(found) = statx(CWD, &self.path, flags, StatxFlags::empty())
            && found.stx_attributes.intersects(fixed)
        {
            let text = format!("{:?} {CANNOT_BE_CHANGED}: it is immutable or mounted", self.path);
            return Err(text.into());
        }
        let Some(folder) = self.path.parent().filter(|folder| folder.exists()) else {
            return Ok(());
        };
        if let Err(error) = rustix::fs::access(folder, rustix::fs::Access::WRITE_OK) {
            return Err(UpdateError::file(folder, CANNOT_BE_CHANGED, &error.into()));
        }
        let backup = super::record::beside(&self.path, super::record::BACKUP);
        if !is_left_over && fs::symlink_metadata(&backup).is_ok() {
            let text = format!(
                "{backup:?} is in the way, and no record says whose it is; compare it with \
                 update.conf, and move it away"
            );
            return Err(text.into());
        }
        Ok(())
    }
}

/// Where a name leads, and whether something is there.
fn follow(name: &Path) -> io::Result<(PathBuf, bool)> {
    match fs::canonicalize(name) {
        Ok(path) => return Ok((path, true)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    // The system follows no more links either.
    let mut path = name.to_owned();
    for _ in 0..40 {
        let Ok(target) = fs::read_link(&path) else { break };
        let target = path.with_file_name(target);
        let (Some(folder), Some(name)) = (target.parent(), target.file_name()) else { break };
        // No folder is made but that of the settings themselves.
        path = fs::canonicalize(folder)?.join(name);
    }
    Ok((path, false))
}

/// Points `update_engine` at the server of a record that is written already. The
/// original stays beside the file, under a second name of the same inode where
/// the file system has that, so that mode, owner and attributes stay too.
///
/// # Errors
///
/// When something cannot be written. Then the record says what to put back.
pub fn change(record: &Record) -> Result<(), UpdateError> {
    let fail = |error| UpdateError::file(&record.file, CANNOT_BE_CHANGED, &error);
    let changed = || {
        let original = if record.existed { fs::read(&record.file)? } else { Vec::new() };
        if record.existed {
            keep(record)?;
        }
        replace(record, &edit::with_server(&original, &record.server))
    };
    changed().map_err(fail)
}

/// Keeps the original beside the file.
fn keep(record: &Record) -> io::Result<()> {
    let backup = record.backup();
    if fs::hard_link(&record.file, &backup).is_err() {
        let copy = record.changed();
        write(&copy, &fs::read(&record.file)?, Some(&record.file))?;
        fs::rename(copy, &backup)?;
    }
    sync_folder(&backup)
}

/// Replaces the file at once: a reader sees the one or the other.
fn replace(record: &Record, text: &[u8]) -> io::Result<()> {
    let changed = record.changed();
    write(&changed, text, Some(&record.file).filter(|file| file.exists()).map(|file| &**file))?;
    fs::rename(&changed, &record.file)?;
    sync_folder(&record.file)
}

/// Writes a new file with the mode and owner of another one. Where something is
/// already, it is replaced: a link would lead root to a file of somebody's choice.
fn write(path: &Path, text: &[u8], like: Option<&Path>) -> io::Result<()> {
    let like = like.map(fs::metadata).transpose()?;
    remove_if_there(path)?;
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text)?;
    if let Some(like) = &like {
        own(&file, like.uid(), like.gid())?;
    }
    let mode = like.map_or(NEW_MODE, |like| like.mode() & 0o7777);
    file.set_permissions(Permissions::from_mode(mode))?;
    file.sync_all()
}

/// Changes the owner of a file, if it is another one: without privileges, one may
/// not even set every group of one's own file.
fn own(file: &File, user: u32, group: u32) -> io::Result<()> {
    let metadata = file.metadata()?;
    if (metadata.uid(), metadata.gid()) == (user, group) {
        return Ok(());
    }
    fchown(file, Some(user), Some(group))
}

/// Puts the settings back as they were. Other changes that were made to them
/// meanwhile stay. Does nothing if they are back already.
///
/// # Errors
///
/// When they cannot be put back.
pub fn put_back(record: &Record) -> Result<(), UpdateError> {
    let fail = |error| UpdateError::file(&record.file, CANNOT_BE_CHANGED, &error);
    let back = || {
        remove_if_there(&record.changed())?;
        let current = read(&record.file)?;
        if record.existed {
            put_back_original(record, current)?;
        } else if let Some(current) = current {
            put_back_nothing(record, &current)?;
        }
        sync_folder(&record.file)
    };
    match back() {
        // Where there is no folder, nothing can have been changed in it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result.map_err(fail),
    }
}

fn put_back_original(record: &Record, current: Option<Vec<u8>>) -> io::Result<()> {
    let backup = record.backup();
    // Without one, nothing was changed yet, or all is back already.
    let Some(original) = read(&backup)? else { return Ok(()) };
    let changed = edit::with_server(&original, &record.server);
    match current {
        // It may be a file that cannot be renamed over, and was not changed.
        Some(current) if current == original => {}
        Some(current) if current != changed => {
            replace(record, &edit::without_server(&current, &original, &record.server))?;
        }
        _ => fs::rename(&backup, &record.file)?,
    }
    sync_folder(&record.file)?;
    remove_if_there(&backup)
}

/// Where there were no settings.
fn put_back_nothing(record: &Record, current: &[u8]) -> io::Result<()> {
    if current == edit::with_server(b"", &record.server) {
        return remove_if_there(&record.file);
    }
    let text = edit::without_server(current, b"", &record.server);
    if text == current { Ok(()) } else { replace(record, &text) }
}

fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
