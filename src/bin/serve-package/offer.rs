//! What is offered: one update, or a folder of them.

use std::error::Error;
use std::io;
use std::path::Path;
use std::sync::Arc;

use omaha::server::Server;
use omaha::{Catalog, CatalogHandle, Codebase, PackageFile, TrivialUpdater, Update, Updater};

use crate::args::{PackageSource, Settings, Source};
use crate::banner;
use crate::log::{Log, Priority};
use crate::machine_tracker::Offered;
use crate::packages::{self, Packages};
use crate::updates_folder::{self, Loader, Offering, Reload, Updates};
use crate::watch::Watch;

/// What is offered, with its packages open.
pub enum Offer<'a> {
    Package(&'a PackageSource, Packages),
    Updates(Box<Loader>, Updates),
}

/// Where machines fetch the packages.
#[derive(Clone, Debug)]
pub struct Place {
    pub codebase: Codebase,
    /// Whether that is this server.
    pub is_here: bool,
}

impl<'a> Offer<'a> {
    /// Opens, hashes and checks everything. `state_dir` is where to keep what was
    /// found out by hashing.
    ///
    /// # Errors
    ///
    /// When there is nothing that can be served.
    pub fn open(
        settings: &'a Settings,
        state_dir: Option<&Path>,
        log: Log,
    ) -> Result<Self, Box<dyn Error>> {
        Ok(match &settings.source {
            Source::Package(source) => Self::Package(source, packages::open(settings, source)?),
            Source::Updates(folder) => {
                let loader = Loader::new(settings, folder, state_dir, log)?;
                let updates = loader.load()?;
                Self::Updates(Box::new(loader), updates)
            }
        })
    }

    /// What the machines are offered.
    pub fn offered(&self) -> Offered {
        match self {
            Self::Package(source, _) => Offered::Version(source.version.clone()),
            Self::Updates(_, updates) => updates.offered(),
        }
    }

    /// The packages, if there is one update.
    pub fn packages(&self) -> &[Arc<PackageFile>] {
        match self {
            Self::Package(_, packages) => &packages.packages,
            Self::Updates(..) => &[],
        }
    }

    /// What is told of it first.
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::Package(_, packages) => banner::packages(&packages.packages),
            Self::Updates(_, updates) => updates.lines(),
        }
    }

    /// What the operator should know about it.
    pub fn notes(&self) -> &[(Priority, String)] {
        match self {
            Self::Package(_, packages) => &packages.notes,
            Self::Updates(..) => &[],
        }
    }

    /// What decides who gets it, and for a folder of updates what changes that.
    pub fn updater(&self, force: bool, place: &Place) -> (Box<dyn Updater>, CatalogHandle) {
        let catalog = Catalog::new([]).with_force(force);
        let handle = catalog.handle();
        let Self::Package(source, Packages { packages, is_delta, .. }) = self else {
            return (Box::new(catalog), handle);
        };
        let version = source.version.clone();
        let mut update = Update::from_packages(version, place.codebase.clone(), packages);
        update.previous_version.clone_from(&source.previous_version);
        for action in &mut update.manifest.actions {
            action.is_delta_payload = *is_delta;
        }
        let watched = if place.is_here { packages.as_slice() } else { &[] };
        let updater = TrivialUpdater::new(update).with_force(force);
        (Box::new(updater.with_watched(watched.iter().cloned())), handle)
    }

    /// Has a server serve it. What reads the folder of updates again, if it is one.
    ///
    /// # Errors
    ///
    /// When there is no thread for that.
    pub fn serve(
        self,
        server: Server,
        catalog: CatalogHandle,
        place: Place,
        watch: &Arc<Watch>,
    ) -> io::Result<(Server, Option<Reload>)> {
        match self {
            Self::Package(_, Packages { packages, .. }) if place.is_here => {
                watch.watch_packages(vec![packages.clone()]);
                Ok((server.with_packages(packages), None))
            }
            Self::Package(..) => Ok((server, None)),
            Self::Updates(loader, updates) => {
                let watch = Arc::clone(watch);
                let offering = Offering { catalog, packages: server.packages(), watch, place };
                offering.set(&updates);
                let reload = updates_folder::start(*loader, offering, updates)?;
                Ok((server, Some(reload)))
            }
        }
    }
}
