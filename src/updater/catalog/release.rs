//! An update in a catalog, and whom it is for.

use std::cmp::Ordering;
use std::sync::Arc;

#[cfg(feature = "server")]
use crate::package::PackageFile;
use crate::updater::Update;

/// An [`Update`] for the machines of one board, and of one release channel if it
/// names one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Release {
    /// The board that machines report, such as `amd64-usr`.
    pub board: String,
    /// The release channel that machines report as `track`; none for every one.
    pub channel: Option<String>,
    /// What they are offered.
    pub update: Arc<Update>,
    /// Whether machines that are older get this one before any newer one.
    pub is_floor: bool,
    /// Whether it is not offered for now. Nor is anything newer then, if it is a
    /// floor too.
    pub is_held: bool,
    #[cfg(feature = "server")]
    watched: Vec<Arc<PackageFile>>,
}

impl Release {
    /// An update for the machines of a board.
    pub fn new(board: impl Into<String>, update: Update) -> Self {
        Self {
            board: board.into(),
            channel: None,
            update: Arc::new(update),
            is_floor: false,
            is_held: false,
            #[cfg(feature = "server")]
            watched: Vec::new(),
        }
    }

    /// For the machines of one channel only.
    #[must_use]
    pub fn with_channel(mut self, channel: impl Into<String>) -> Self {
        self.channel = Some(channel.into());
        self
    }

    /// Whether machines that are older get this one before any newer one.
    #[must_use]
    pub fn with_floor(self, is_floor: bool) -> Self {
        Self { is_floor, ..self }
    }

    /// Whether it is not offered for now.
    #[must_use]
    pub fn with_hold(self, is_held: bool) -> Self {
        Self { is_held, ..self }
    }

    /// Stops offering it once one of these files was changed in place.
    #[cfg(feature = "server")]
    #[must_use]
    pub fn with_watched(mut self, packages: impl IntoIterator<Item = Arc<PackageFile>>) -> Self {
        self.watched.extend(packages);
        self
    }

    /// Whether one of its packages was changed since it was hashed.
    #[cfg(feature = "server")]
    pub(super) fn is_changed(&self) -> bool {
        self.watched.iter().any(|file| file.check().is_err())
    }

    #[cfg(not(feature = "server"))]
    #[expect(clippy::unused_self, reason = "there is nothing to watch without a server")]
    pub(super) fn is_changed(&self) -> bool {
        false
    }

    /// The order of a catalog: those of a board together, and the newest last.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        let by_version = || self.update.version.cmp(&other.update.version);
        self.board.cmp(&other.board).then_with(by_version)
    }
}
