//! The record of what is changed on the machine: written before the first
//! change, removed after everything is put back. So a run that was killed can be
//! undone by the next one.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::error::UpdateError;
use super::key_value;
use super::root::Root;
use super::system::System;
use super::unit::Mask;

/// The name of the record, in the folder of `update.conf`.
const NAME: &str = "update.conf.serve-package-record";

/// What the name of the original has at its end.
pub const BACKUP: &str = ".before-serve-package";

/// What the name of an unfinished record has at its end.
const NEW: &str = ".new";

const HEAD: &str = "\
# What `serve-package update` has changed. `serve-package update --restore` puts it back.
";

/// What is to be put back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Where the record is.
    path: PathBuf,
    /// The settings that are changed; not a link, but where a link leads.
    pub file: PathBuf,
    /// Whether there were settings.
    pub existed: bool,
    /// What `SERVER=` is set to.
    pub server: String,
    /// How the unit was masked.
    pub mask: Option<Mask>,
    /// The boot in which the unit did not run before, if it did not.
    pub stopped_in_boot: Option<String>,
    /// Whether the folder of the settings was made.
    pub made_folder: bool,
}

impl Record {
    /// A record of nothing but the place of the settings.
    pub fn new(root: &Root, system: System, file: PathBuf, existed: bool, server: &str) -> Self {
        Self {
            path: Self::place(root, system),
            file,
            existed,
            server: server.to_owned(),
            mask: None,
            stopped_in_boot: None,
            made_folder: false,
        }
    }

    fn place(root: &Root, system: System) -> PathBuf {
        root.path(&format!("/etc/{}/{NAME}", system.folder()))
    }

    /// The record that a killed run has left, if there is one.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is not one.
    pub fn find(root: &Root) -> Result<Option<Self>, UpdateError> {
        for system in [System::Flatcar, System::ContainerLinux] {
            let path = Self::place(root, system);
            match fs::read(&path) {
                Ok(bytes) => {
                    let record = Self::parse(&path, &String::from_utf8_lossy(&bytes));
                    return record.map(Some).ok_or_else(|| {
                        UpdateError::from(format!(
                            "{path:?} is no record of changes; look at update.conf beside it, and \
                             at update.conf{BACKUP}, which is the original, and remove the record"
                        ))
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(UpdateError::file(&path, "cannot be read", &error)),
            }
        }
        Ok(None)
    }

    /// Removes what a run that was killed while it wrote its record has left.
    ///
    /// # Errors
    ///
    /// When it cannot be removed.
    pub fn remove_unfinished(root: &Root) -> Result<(), UpdateError> {
        for system in [System::Flatcar, System::ContainerLinux] {
            let path = beside(&Self::place(root, system), NEW);
            let removed = remove_if_there(&path);
            removed.map_err(|error| UpdateError::file(&path, "cannot be removed", &error))?;
        }
        Ok(())
    }

    fn parse(path: &Path, text: &str) -> Option<Self> {
        let value = |key| key_value::last(text, key);
        let is = |key| value(key) == Some("yes");
        // The last line: a record without it is not whole.
        value("END")?;
        Some(Self {
            path: path.to_owned(),
            file: value("FILE")?.into(),
            existed: is("EXISTED"),
            server: value("SERVER")?.to_owned(),
            mask: match value("MASK") {
                Some("permanent") => Some(Mask::Permanent),
                Some("runtime") => Some(Mask::Runtime),
                _ => None,
            },
            stopped_in_boot: value("STOPPED_IN_BOOT").map(str::to_owned),
            made_folder: is("MADE_FOLDER"),
        })
    }

    fn text(&self) -> String {
        let yes = |is| if is { "yes" } else { "no" };
        let mut text = format!(
            "{HEAD}FILE={}\nEXISTED={}\nSERVER={}\nMADE_FOLDER={}\n",
            self.file.display(),
            yes(self.existed),
            self.server,
            yes(self.made_folder)
        );
        match self.mask {
            Some(Mask::Permanent) => text.push_str("MASK=permanent\n"),
            Some(Mask::Runtime) => text.push_str("MASK=runtime\n"),
            None => {}
        }
        if let Some(boot) = &self.stopped_in_boot {
            text.push_str("STOPPED_IN_BOOT=");
            text.push_str(boot);
            text.push('\n');
        }
        text.push_str("END=yes\n");
        text
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The original settings, kept beside the changed ones.
    pub fn backup(&self) -> PathBuf {
        beside(&self.file, BACKUP)
    }

    /// The changed settings before they are renamed.
    pub fn changed(&self) -> PathBuf {
        beside(&self.file, ".serve-package-new")
    }

    /// Writes the record, so that it survives a power cut.
    ///
    /// # Errors
    ///
    /// When it cannot be written. Then there is none.
    pub fn write(&self) -> Result<(), UpdateError> {
        let new = beside(&self.path, NEW);
        let written = || {
            remove_if_there(&new)?;
            let mut file = File::create_new(&new)?;
            file.write_all(self.text().as_bytes())?;
            file.sync_all()?;
            fs::rename(&new, &self.path)?;
            sync_folder(&self.path)
        };
        written().map_err(|error| {
            // A part of it is of no use to anybody.
            let _ = fs::remove_file(&new);
            UpdateError::file(&self.path, "cannot be written", &error)
        })
    }

    /// Removes the record, after all is put back.
    ///
    /// # Errors
    ///
    /// When it is still there.
    pub fn remove(&self) -> Result<(), UpdateError> {
        let fail = |error| UpdateError::file(&self.path, "cannot be removed", &error);
        remove_if_there(&beside(&self.path, NEW)).map_err(fail)?;
        remove_if_there(&self.path).map_err(fail)?;
        if self.made_folder
            && let Some(folder) = self.path.parent()
        {
            // It stays if there is something else in it.
            let _ = fs::remove_dir(folder);
        } else {
            sync_folder(&self.path).map_err(fail)?;
        }
        Ok(())
    }
}

/// The same path with something after it.
pub fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// Makes what was done in the folder of a file survive a power cut.
pub fn sync_folder(file: &Path) -> io::Result<()> {
    match file.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Removes a file, unless there is none.
pub fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        // On a read-only file system, the error is not that there is none.
        Err(error) if fs::symlink_metadata(path).is_ok() => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let root = Root::at(Path::new("/r"));
        let mut record =
            Record::new(&root, System::Flatcar, "/r/etc/flatcar/update.conf".into(), true, "u");
        for (mask, boot, made) in
            [(None, None, false), (Some(Mask::Runtime), Some("b".to_owned()), true)]
        {
            (record.mask, record.stopped_in_boot, record.made_folder) = (mask, boot, made);
            assert_eq!(Record::parse(&record.path, &record.text()), Some(record.clone()));
        }
        // Cut anywhere, it is no record.
        let text = record.text();
        for end in 0..text.len() - "=yes\n".len() {
            assert_eq!(Record::parse(&record.path, &text[..end]), None);
        }
    }
}
