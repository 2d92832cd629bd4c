//! How a folder of updates is laid out, as Flatcar's release server is:
//! `BOARD/VERSION/FILE`, or `CHANNEL/BOARD/VERSION/FILE`.

use std::fs::{self, FileType};
use std::io;
use std::path::Path;

use omaha::{PackageName, Version, is_extension_name};

use super::Notes;
use crate::format::Plain;

/// What the operating system's payload is called.
const PRODUCTION: &str = "flatcar_production_update.gz";

/// What the names of a nightly's payload and extensions begin with.
const TEST: &str = "flatcar_test_update";

/// What the name of a board ends in, and that of a channel does not.
const BOARD: &str = "-usr";

/// What has this name in a version's folder, whatever is in it, makes it a floor.
const FLOOR: &str = "floor";

/// What has this name in a version's folder keeps it from being offered.
const HOLD: &str = "hold";

/// What lies beside a package, and is no package: digests, signatures, notes.
const BESIDE: [&str; 5] = [".sha256", ".sig", ".asc", ".DIGESTS", ".txt"];

/// A version's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub channel: Option<String>,
    pub board: String,
    pub version: Version,
    /// Where it is, below the folder of updates: `BOARD/VERSION`.
    pub place: String,
    /// The operating system's payload, and then the extensions; or why there is
    /// no payload.
    pub files: Result<Vec<PackageName>, String>,
    pub is_floor: bool,
    pub is_held: bool,
}

/// Finds the updates in a folder; notes what is no part of one.
///
/// # Errors
///
/// When the folder cannot be read.
pub fn scan(folder: &Path, notes: &mut Notes) -> io::Result<Vec<Found>> {
    let mut scan = Scan { folder, notes, found: Vec::new() };
    for (name, kind) in entries(folder)? {
        if is_board(&name, kind) {
            scan.board(None, &name);
        } else if kind.is_dir() && name.parse::<PackageName>().is_ok() {
            scan.channel(&name);
        } else {
            scan.leave_out(&name, kind, "the folder of a board or a channel");
        }
    }
    Ok(scan.found)
}

struct Scan<'a> {
    folder: &'a Path,
    notes: &'a mut Notes,
    found: Vec<Found>,
}

impl Scan<'_> {
    fn channel(&mut self, channel: &str) {
        for (name, kind) in self.folders(channel) {
            let place = format!("{channel}/{name}");
            if is_board(&name, kind) {
                self.board(Some(channel), &place);
            } else {
                self.leave_out(&place, kind, "the folder of a board, such as amd64-usr");
            }
        }
    }

    fn board(&mut self, channel: Option<&str>, board: &str) {
        let first = self.found.len();
        for (name, kind) in self.folders(board) {
            let place = format!("{board}/{name}");
            match name.parse() {
                Ok(version) if kind.is_dir() => self.version(channel, board, place, version),
                _ => self.leave_out(&place, kind, "the folder of a version, such as 4152.2.0"),
            }
        }
        let of_board = &mut self.found[first..];
        of_board.sort_by(|one, other| one.version.cmp(&other.version));
        for index in (first + 1..self.found.len()).rev() {
            if self.found[index].version == self.found[index - 1].version {
                let twin = self.found.remove(index).place;
                self.notes.leave_out(&twin, "the same version has another folder");
            }
        }
    }

    fn version(&mut self, channel: Option<&str>, board: &str, place: String, version: Version) {
        let (mut payloads, mut extensions, mut others) = (Vec::new(), Vec::new(), Vec::new());
        let (mut is_floor, mut is_held) = (false, false);
        let Some(entries) = self.entries(&place) else { return };
        for (name, kind) in entries {
            match &*name {
                FLOOR => is_floor = true,
                HOLD => is_held = true,
                other if !kind.is_file() => others.push(describe(other, kind)),
                other if is_extension_name(other) => extensions.push(name),
                // Before the nightly's.
                PRODUCTION => payloads.insert(0, name),
                other if other.starts_with(TEST) && other.ends_with(".gz") => payloads.push(name),
                other if BESIDE.iter().any(|end| other.ends_with(end)) => {}
                _ => others.push(name),
            }
        }
        if payloads.first().is_some_and(|payload| payload == PRODUCTION) {
            extensions.retain(|name| !name.starts_with(TEST));
            payloads.truncate(1);
        }
        if payloads.len() > 1 {
            others.extend(payloads.drain(1..));
        }
        payloads.truncate(1);
        let files = if payloads.is_empty() {
            Err(format!("there is no {PRODUCTION} in it"))
        } else {
            payloads.append(&mut extensions);
            let names: Result<_, _> = payloads.iter().map(|name| name.parse()).collect();
            names.map_err(|error: omaha::ParsePackageNameError| error.to_string())
        };
        if !others.is_empty() {
            self.notes.leave_out_of(&place, &others);
        }
        let board = board.rsplit('/').next().unwrap_or(board).to_owned();
        let channel = channel.map(str::to_owned);
        self.found.push(Found { channel, board, version, place, files, is_floor, is_held });
    }

    /// What is in a folder of folders; that there is nothing is noted.
    fn folders(&mut self, place: &str) -> Vec<(String, FileType)> {
        let entries = self.entries(place);
        if entries.as_ref().is_some_and(Vec::is_empty) {
            self.notes.leave_out(place, "it is empty");
        }
        entries.unwrap_or_default()
    }

    /// What is in a folder below. None if it cannot be read, which is noted.
    fn entries(&mut self, place: &str) -> Option<Vec<(String, FileType)>> {
        match entries(&self.folder.join(place)) {
            Ok(entries) => Some(entries),
            Err(error) => {
                self.notes.leave_out(place, &format!("it cannot be read: {}", Plain(&error)));
                None
            }
        }
    }

    fn leave_out(&mut self, place: &str, kind: FileType, expected: &str) {
        let what = if kind.is_symlink() { "it is a link, and not" } else { "it is not" };
        let reason = format!("{what} {expected}");
        self.notes.leave_out(place, &reason);
    }
}

/// What is in a folder, by name.
fn entries(folder: &Path) -> io::Result<Vec<(String, FileType)>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // A name that is no text is none that is understood, however it is shown.
        entries.push((entry.file_name().to_string_lossy().into_owned(), entry.file_type()?));
    }
    entries.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(entries)
}

fn is_board(name: &str, kind: FileType) -> bool {
    kind.is_dir() && name.ends_with(BOARD) && name.parse::<PackageName>().is_ok()
}

fn describe(name: &str, kind: FileType) -> String {
    let what = if kind.is_symlink() { "a link" } else { "no file" };
    format!("{name} ({what})")
}
