//! Puts the updates of a folder into a server that runs.

use std::sync::Arc;

use omaha::server::{Packages, PackagesHandle};
use omaha::{CatalogHandle, Codebase, PackageFile, Release};

use super::layout::Found;
use super::{Update, Updates};
use crate::machine_tracker::Offered;
use crate::offer::Place;
use crate::watch::Watch;

/// Most boards that are named in short.
const MAX_NAMED: usize = 8;

/// Maximum number of updates that are listed, one a line.
const MAX_LINES: usize = 20;

/// What of a server shows what is offered.
pub struct Offering {
    pub catalog: CatalogHandle,
    pub packages: PackagesHandle,
    pub watch: Arc<Watch>,
    pub place: Place,
}

impl Offering {
    /// Offers these from now on, first their packages.
    pub fn set(&self, updates: &Updates) {
        let mut packages = Packages::new();
        let mut releases = Vec::new();
        let mut watched = Vec::new();
        for update in &updates.updates {
            let place = format!("{}{}/", self.place.codebase, update.found.place);
            // It consists of characters that are allowed there.
            let Ok(codebase) = place.parse::<Codebase>() else { continue };
            if self.place.is_here {
                for package in &update.packages {
                    packages.add(&codebase, Arc::clone(package));
                }
                if update.is_offered() {
                    watched.push(update.packages.clone());
                }
            }
            releases.push(self.release(update, codebase));
        }
        self.packages.set_packages(packages);
        self.catalog.set_releases(releases);
        self.watch.watch_packages(watched);
        self.watch.tracker().set_offered(updates.offered());
    }

    fn release(&self, update: &Update, codebase: Codebase) -> Release {
        let Update { found, packages, .. } = update;
        let offered = omaha::Update::from_packages(found.version.clone(), codebase, packages);
        let watched: &[Arc<PackageFile>] = if self.place.is_here { packages } else { &[] };
        let mut release = Release::new(found.board.as_str(), offered)
            .with_floor(found.is_floor)
            .with_hold(found.is_held)
            .with_watched(watched.iter().cloned());
        release.channel.clone_from(&found.channel);
        release
    }
}

impl Updates {
    /// What is offered, in short: the newest version for each board and channel.
    pub fn offered(&self) -> Offered {
        let mut newest: Vec<&Found> = Vec::new();
        for Update { found, .. } in self.updates.iter().filter(|update| update.is_offered()) {
            // Those of a board are together, and the newest comes last.
            let is_same = |other: &mut &Found| {
                (&other.channel, &other.board) == (&found.channel, &found.board)
            };
            newest.pop_if(is_same);
            newest.push(found);
        }
        let mut named: Vec<_> = newest.into_iter().map(name).collect();
        if named.len() > MAX_NAMED {
            let more = named.len() - MAX_NAMED;
            named.truncate(MAX_NAMED);
            named.push(format!("{more} more"));
        }
        Offered::Updates(if named.is_empty() { "nothing".to_owned() } else { named.join(", ") })
    }

    /// A line for each update that was not there before.
    pub fn lines(&self) -> Vec<String> {
        let new = self.updates.iter().filter(|update| update.is_new);
        let mut lines: Vec<_> = new.map(line).collect();
        if lines.len() > MAX_LINES {
            let more = lines.len() - MAX_LINES;
            lines.truncate(MAX_LINES);
            lines.push(format!("and {more} more updates"));
        }
        let recalled = self.recalled.len();
        if recalled > 0 {
            lines.push(format!(
                "{recalled} files have not changed since they were hashed (--state-dir), and are \
                 compared with their checksums while they are served"
            ));
        }
        lines
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.updates.iter().filter(|update| !update.packages.is_empty()).count()
    }
}

fn name(found: &Found) -> String {
    let Found { channel, board, version, .. } = found;
    match channel {
        Some(channel) => format!("{version} for {board} in {channel}"),
        None => format!("{version} for {board}"),
    }
}

fn line(update: &Update) -> String {
    let Update { found, packages, .. } = update;
    let mut line = format!("update {}:", found.place);
    for (index, package) in packages.iter().enumerate() {
        let comma = if index == 0 { " " } else { ", " };
        line.push_str(&format!("{comma}{} ({} bytes)", package.name(), package.size()));
    }
    for (is_so, word) in [(found.is_floor, "; a floor"), (found.is_held, "; held back")] {
        line.push_str(if is_so { word } else { "" });
    }
    line
}
