//! The packages that are served, which may change while the server runs.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::download::Published;
use crate::package::PackageFile;
use crate::updater::Codebase;

/// Packages, and where a server offers each of them.
#[derive(Clone, Debug, Default)]
pub struct Packages(HashMap<String, Arc<Published>>);

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
        let published = Published::new(path.clone(), package);
        self.0.entry(path).or_insert_with(|| Arc::new(published));
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Published>> {
        self.0.values()
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
        self.packages().0.get(path).cloned()
    }
}
