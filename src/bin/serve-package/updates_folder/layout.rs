//! How a folder of updates is laid out, as Flatcar's release server is:
//! `BOARD/VERSION/FILE`, or `CHANNEL/BOARD/VERSION/FILE`.

use std::fs::{self, FileType};
use std::io;
use std::path::Path;

use omaha::{PackageName, ParsePackageNameError, Version, is_extension_name};

use super::{LoadError, Notes};
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

/// What ends the name of a file that is being copied.
const PART: &str = ".part";

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
    /// The operating system's payload, and then the extensions; or why they are
    /// not all there.
    pub files: Result<Vec<PackageName>, String>,
    /// Also if its folder cannot be read: it may be one.
    pub is_floor: bool,
    pub is_held: bool,
}

/// Finds the updates in a folder; notes what is no part of one.
///
/// A channel or a board that cannot be read is left out where `is_lenient`. As
/// there may be floors in a board's folder, what there is for that board elsewhere
/// is not offered then.
///
/// # Errors
///
/// When the folder cannot be read, or else a channel or a board.
pub fn scan(folder: &Path, is_lenient: bool, notes: &mut Notes) -> Result<Vec<Found>, LoadError> {
    let mut scan = Scan { folder, is_lenient, unreadable: Vec::new(), notes, found: Vec::new() };
    for (name, kind) in read(folder)? {
        if is_board(&name, kind) {
            scan.board(None, &name)?;
        } else if kind.is_dir() && name.parse::<PackageName>().is_ok() {
            scan.channel(&name)?;
        } else {
            scan.leave_out(&name, kind, "the folder of a board or a channel");
        }
    }
    let Scan { unreadable, mut found, .. } = scan;
    for found in &mut found {
        if let Some(place) = unreadable.iter().find(|place| board_of(place) == found.board) {
            found.files = Err(format!("{place} cannot be read, and may have a floor"));
        }
    }
    Ok(found)
}

/// The board whose folder this is.
fn board_of(place: &str) -> &str {
    place.rsplit('/').next().unwrap_or(place)
}

struct Scan<'a> {
    folder: &'a Path,
    is_lenient: bool,
    unreadable: Vec<String>,
    notes: &'a mut Notes,
    found: Vec<Found>,
}

impl Scan<'_> {
    fn channel(&mut self, channel: &str) -> Result<(), LoadError> {
        for (name, kind) in self.folders(channel)? {
            let place = format!("{channel}/{name}");
            if is_board(&name, kind) {
                self.board(Some(channel), &place)?;
            } else {
                self.leave_out(&place, kind, "the folder of a board, such as amd64-usr");
            }
        }
        Ok(())
    }

    fn board(&mut self, channel: Option<&str>, board: &str) -> Result<(), LoadError> {
        let first = self.found.len();
        for (name, kind) in self.folders(board)? {
            let place = format!("{board}/{name}");
            let Some(version) = name.parse().ok().filter(|_| kind.is_dir()) else {
                self.leave_out(&place, kind, "the folder of a version, such as 4152.2.0");
                continue;
            };
            let of_board = &self.found[first..];
            let number = first + of_board.partition_point(|found| found.version < version);
            if self.found.get(number).is_some_and(|found| found.version == version) {
                self.notes.leave_out(&place, "the same version has another folder");
            } else {
                let found = self.version(channel, board, place, version);
                self.found.insert(number, found);
            }
        }
        Ok(())
    }

    fn version(
        &mut self,
        channel: Option<&str>,
        board: &str,
        place: String,
        version: Version,
    ) -> Found {
        let read = entries(&self.folder.join(&place));
        let mut problem =
            read.as_ref().err().map(|error| format!("it cannot be read: {}", Plain(error)));
        let (mut is_floor, mut is_held) = (problem.is_some(), false);
        let entries = read.unwrap_or_default();
        let (mut payloads, mut extensions, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for (name, kind) in &entries {
            let unfinished = name.strip_suffix(PART).filter(|whole| is_package(whole));
            match &**name {
                FLOOR => is_floor = true,
                HOLD => is_held = true,
                package if is_package(package) && !kind.is_file() => {
                    let what = if kind.is_symlink() { "a link" } else { "no file" };
                    problem = Some(format!("{package} is {what}"));
                }
                _ if is_extension_name(name) => extensions.push(name),
                // Before the nightly's.
                PRODUCTION => payloads.insert(0, name),
                _ if is_package(name) => payloads.push(name),
                _ if unfinished.is_some_and(|whole| entries.iter().all(|(n, _)| n != whole)) => {
                    problem = Some(format!("{name} is not complete yet"));
                }
                _ if BESIDE.iter().any(|end| name.ends_with(end)) => {}
                _ => others.push(name),
            }
        }
        // Those of a nightly count where there are no others.
        if payloads.first().is_some_and(|payload| *payload == PRODUCTION) {
            payloads.truncate(1);
            extensions.retain(|name| !name.starts_with(TEST));
        }
        let mut payloads = payloads.into_iter();
        let files = match (problem, payloads.next()) {
            (Some(problem), _) => Err(problem),
            (None, None) => Err(format!("there is no {PRODUCTION} in it")),
            (None, Some(payload)) => {
                extensions.insert(0, payload);
                names(&extensions).map_err(|error| error.to_string())
            }
        };
        others.extend(payloads);
        if !others.is_empty() {
            self.notes.leave_out_of(&place, &others);
        }
        let board = board_of(board).to_owned();
        let channel = channel.map(str::to_owned);
        Found { channel, board, version, place, files, is_floor, is_held }
    }

    /// What is in a folder of folders; that there is nothing is noted.
    fn folders(&mut self, place: &str) -> Result<Vec<(String, FileType)>, LoadError> {
        let entries = match read(&self.folder.join(place)) {
            Err(LoadError::Read(_, error)) if self.is_lenient => {
                self.notes.leave_out(place, &format!("it cannot be read: {}", Plain(&error)));
                self.unreadable.push(place.to_owned());
                return Ok(Vec::new());
            }
            read => read?,
        };
        if entries.is_empty() {
            self.notes.leave_out(place, "it is empty");
        }
        Ok(entries)
    }

    fn leave_out(&mut self, place: &str, kind: FileType, expected: &str) {
        let what = if kind.is_symlink() { "it is a link, and not" } else { "it is not" };
        let reason = format!("{what} {expected}");
        self.notes.leave_out(place, &reason);
    }
}

fn read(folder: &Path) -> Result<Vec<(String, FileType)>, LoadError> {
    entries(folder).map_err(|error| LoadError::Read(folder.to_owned(), error))
}

/// What is in a folder, by name.
fn entries(folder: &Path) -> io::Result<Vec<(String, FileType)>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // A name that is no text is none that is understood, however it is shown.
        let name = entry.file_name().to_string_lossy().into_owned();
        let number = entries.partition_point(|(other, _)| *other < name);
        entries.insert(number, (name, entry.file_type()?));
    }
    Ok(entries)
}

fn names(names: &[&String]) -> Result<Vec<PackageName>, ParsePackageNameError> {
    let mut parsed = Vec::new();
    for name in names {
        parsed.push(name.parse()?);
    }
    Ok(parsed)
}

fn is_board(name: &str, kind: FileType) -> bool {
    kind.is_dir() && name.ends_with(BOARD) && name.parse::<PackageName>().is_ok()
}

/// Whether this is the name of an operating system's payload or of an extension.
fn is_package(name: &str) -> bool {
    name == PRODUCTION || name.starts_with(TEST) && name.ends_with(".gz") || is_extension_name(name)
}
