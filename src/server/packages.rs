//! The packages that are served, which may change while the server runs.

use std::sync::{Arc, PoisonError, RwLock};

use super::download::Published;
use crate::package::PackageFile;
use crate::updater::Codebase;

/// Packages, and where a server offers each of them.
#[derive(Clone, Debug, Default)]
pub struct Packages(Vec<Arc<Published>>);

impl Packages {
    /// None so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// Offers a package where a machine with this
    /// [codebase](crate::Update::codebase) looks for it: below its path, if that
    /// begins with [`Codebase::PACKAGES`]. Of several at one place, the first is served.
    pub fn add(&mut self, codebase: &Codebase, package: Arc<PackageFile>) {
        let Some(folder) = codebase.path().strip_prefix(Codebase::PACKAGES) else { return };
        let path = format!("{folder}{}", package.name());
        if let Err(place) = self.find(&path) {
            self.0.insert(place, Arc::new(Published::new(path, package)));
        }
    }

    pub(super) fn all(&self) -> &[Arc<Published>] {
        &self.0
    }

    /// The number of the package at a path, or the one that it would have.
    fn find(&self, path: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|published| published.path().cmp(path))
    }
}

/// Changes what packages a [`Server`](super::Server) offers, while it runs. All
/// clones are of the same server.
#[derive(Clone, Debug, Default)]
pub struct PackagesHandle(Arc<RwLock<Arc<Packages>>>);

impl PackagesHandle {
    /// The packages that are offered at present.
    pub fn packages(&self) -> Arc<Packages> {
        // Nothing panics while it holds the lock.
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Offers others from the next request on. Downloads under way go on with
    /// what they began with.
    pub fn set_packages(&self, packages: Packages) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(packages);
    }

    /// The package at a path below [`Codebase::PACKAGES`].
    pub(super) fn get(&self, path: &str) -> Option<Arc<Published>> {
        let packages = self.packages();
        let number = packages.find(path).ok()?;
        packages.0.get(number).cloned()
    }
}
