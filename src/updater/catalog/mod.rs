//! Many releases: of boards, of channels, and with steps in between.

mod decision;
mod release;

#[cfg(test)]
mod tests;

use std::sync::{Arc, PoisonError, RwLock};

use super::decision::is_disabled;
use super::{Decision, Reason, Update, Updater, UpdaterError};
use crate::protocol::request::{App, Request};
pub use release::Release;

/// Offers each machine the newest release for its board and channel.
///
/// A machine gets one release at a time: if there are
/// [floors](Release::is_floor) between its version and the newest one, the
/// lowest of them, and the next at its next check. `targetversionprefix` says
/// up to which version; floors on the way are offered whatever it is.
#[derive(Debug)]
pub struct Catalog {
    offered: CatalogHandle,
    force: bool,
}

impl Catalog {
    /// Offers these.
    pub fn new(releases: impl IntoIterator<Item = Release>) -> Self {
        let offered = CatalogHandle(Arc::new(RwLock::new(Arc::new([]))));
        offered.set_releases(releases);
        Self { offered, force: false }
    }

    /// Whether to offer the newest release whatever version a machine reports,
    /// older, newer or none, except exactly this one.
    #[must_use]
    pub fn with_force(self, force: bool) -> Self {
        Self { force, ..self }
    }

    /// What changes the releases that are offered, from another thread.
    pub fn handle(&self) -> CatalogHandle {
        self.offered.clone()
    }
}

impl Updater for Catalog {
    fn check_update(&mut self, _: &Request, app: &App) -> Result<Decision, UpdaterError> {
        let releases = self.offered.releases();
        Ok(match decision::decide(&releases, app, self.force) {
            Ok(_) if is_disabled(app) => Decision::none(Reason::UpdateDisabled),
            Ok((release, _)) if release.is_changed() => Decision::none(Reason::PackageChanged),
            Ok((release, reason)) => Decision::offer(Arc::clone(&release.update), reason),
            Err(reason) => Decision::none(reason),
        })
    }

    fn download_finished(&mut self, request: &Request, app: &App) -> Option<Arc<Update>> {
        self.check_update(request, app).ok()?.update
    }
}

/// Changes what a [`Catalog`] offers, while its server runs. All clones are of
/// the same catalog.
///
/// ```
/// # use omaha::protocol::response::Package;
/// use omaha::{Catalog, Release, Update};
///
/// # let packages = [] as [Package; 0];
/// let codebase = "/packages/amd64-usr/4152.2.0/".parse()?;
/// let update = Update::from_packages("4152.2.0".parse()?, codebase, packages);
/// let catalog = Catalog::new([]);
/// let handle = catalog.handle();
/// // … and with the catalog in its server:
/// handle.set_releases([Release::new("amd64-usr", update).with_floor(true)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct CatalogHandle(Arc<RwLock<Arc<[Release]>>>);

impl CatalogHandle {
    /// The releases that are offered at present: those of a board together, and
    /// the newest last.
    pub fn releases(&self) -> Arc<[Release]> {
        // Nothing panics while it holds the lock.
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Offers others from the next check on. Machines that were offered one of
    /// the old ones go on with it.
    pub fn set_releases(&self, releases: impl IntoIterator<Item = Release>) {
        // Nearly all come in order; a sort would take 5 KB of program.
        let mut ordered: Vec<Release> = Vec::new();
        for release in releases {
            let is_before = |other: &Release| other.order(&release).is_le();
            ordered.insert(ordered.partition_point(is_before), release);
        }
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = ordered.into();
    }
}
