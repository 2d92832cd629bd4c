//! One update for everybody.

use std::sync::{Arc, PoisonError, RwLock};

use super::decision::{compare, is_disabled, is_wanted};
use super::{Decision, Reason, Update, Updater, UpdaterError};
#[cfg(feature = "server")]
use crate::package::PackageFile;
use crate::protocol::request::{App, Request};

/// Offers one [`Update`] to every machine that is older.
#[derive(Debug)]
pub struct TrivialUpdater {
    offered: TrivialUpdaterHandle,
    force: bool,
    #[cfg(feature = "server")]
    watched: Vec<Arc<PackageFile>>,
}

impl TrivialUpdater {
    /// Offers `update` to machines whose version is older.
    pub fn new(update: Update) -> Self {
        Self {
            offered: TrivialUpdaterHandle(Arc::new(RwLock::new(Arc::new(update)))),
            force: false,
            #[cfg(feature = "server")]
            watched: Vec::new(),
        }
    }

    /// Whether to offer the update whatever version a machine reports, older,
    /// newer or none, except exactly this one.
    #[must_use]
    pub fn with_force(mut self, force: bool) -> Self {
        self.force = force;
        self
    }

    /// Stops offering an update once one of these files was changed in place.
    /// A file that the offered update has no package of counts for nothing.
    #[cfg(feature = "server")]
    #[must_use]
    pub fn with_watched(mut self, packages: impl IntoIterator<Item = Arc<PackageFile>>) -> Self {
        self.watched.extend(packages);
        self
    }

    /// What changes the update that is offered, from another thread.
    pub fn handle(&self) -> TrivialUpdaterHandle {
        self.offered.clone()
    }

    /// Whether a package of the update was changed since it was hashed.
    #[cfg(feature = "server")]
    fn is_changed(&self, update: &Update) -> bool {
        let is_offered = |file: &&Arc<PackageFile>| {
            update.manifest.packages.iter().any(|package| package.name == file.name().as_str())
        };
        self.watched.iter().filter(is_offered).any(|file| file.check().is_err())
    }

    #[cfg(not(feature = "server"))]
    #[expect(clippy::unused_self, reason = "there is nothing to watch without a server")]
    fn is_changed(&self, _: &Update) -> bool {
        false
    }

    /// Whether the update is for this machine: a function of the request, the
    /// update and the operator's wish alone.
    fn decide(&self, update: &Update, app: &App) -> Result<Reason, Reason> {
        if let Some(refusal) = update.refusal(app) {
            return Err(refusal);
        }
        if !is_wanted(app, &update.version) {
            return Err(Reason::OtherPrefix);
        }
        compare(&app.version, &update.version, self.force)
    }
}

impl Updater for TrivialUpdater {
    fn check_update(&mut self, _: &Request, app: &App) -> Result<Decision, UpdaterError> {
        let update = self.offered.update();
        Ok(match self.decide(&update, app) {
            Ok(_) if is_disabled(app) => Decision::none(Reason::UpdateDisabled),
            Ok(_) if self.is_changed(&update) => Decision::none(Reason::PackageChanged),
            Ok(reason) => Decision::offer(update, reason),
            Err(reason) => Decision::none(reason),
        })
    }

    fn download_finished(&mut self, request: &Request, app: &App) -> Option<Arc<Update>> {
        self.check_update(request, app).ok()?.update
    }
}

/// Changes what a [`TrivialUpdater`] offers, while its server runs. All clones
/// are of the same updater.
///
/// ```
/// # use omaha::protocol::response::Package;
/// use omaha::{Codebase, TrivialUpdater, Update};
///
/// # let (old, new) = ([] as [Package; 0], [] as [Package; 0]);
/// let updater = TrivialUpdater::new(
///     Update::from_packages("4081.2.0".parse()?, Codebase::default(), old));
/// let handle = updater.handle();
/// // … and with the updater in its server:
/// handle.set_update(Update::from_packages("4152.2.0".parse()?, Codebase::default(), new));
/// # Ok::<(), omaha::ParseVersionError>(())
/// ```
#[derive(Clone, Debug)]
pub struct TrivialUpdaterHandle(Arc<RwLock<Arc<Update>>>);

impl TrivialUpdaterHandle {
    /// The update that is offered at present.
    pub fn update(&self) -> Arc<Update> {
        // Nothing panics while it holds the lock.
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Offers another update from the next check on. Machines that were offered
    /// the old one go on with it: leave its packages where they are.
    pub fn set_update(&self, update: Update) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(update);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::response::Package;
    use crate::updater::Codebase;

    const OFFERED: &str = "2.0.0";

    fn updater() -> TrivialUpdater {
        let codebase = Codebase::default();
        TrivialUpdater::new(Update::from_packages(
            OFFERED.parse().unwrap(),
            codebase,
            [] as [Package; 0],
        ))
    }

    fn decide(updater: &mut TrivialUpdater, version: &str) -> (bool, Reason) {
        let mut request = Request::new();
        request.add_app("{app}", version).add_update_check();
        let decision = updater.check_update(&request, &request.apps[0]).unwrap();
        (decision.update.is_some(), decision.reason)
    }

    #[test]
    fn by_version() {
        let mut updater = updater();
        for (version, offered, reason) in [
            ("1.0.0", true, Reason::Older),
            ("1.3.23.0", true, Reason::Older),
            ("2.0.0-beta", true, Reason::Older),
            ("ForcedUpdate", true, Reason::ForcedByMachine),
            ("2.0.0", false, Reason::UpToDate),
            ("2.0", false, Reason::UpToDate),
            ("2.0.0+nightly-1", false, Reason::Newer),
            ("3.1.0", false, Reason::Newer),
            ("", false, Reason::NoVersion),
            ("main", false, Reason::NotAVersion),
        ] {
            assert_eq!(decide(&mut updater, version), (offered, reason), "{version:?}");
        }
    }

    #[test]
    fn by_force() {
        let mut updater = updater().with_force(true);
        for (version, offered, reason) in [
            ("1.0.0", true, Reason::Older),
            ("2.0.0", false, Reason::UpToDate),
            ("2.0.0+nightly-1", true, Reason::ForcedByOperator),
            ("3.1.0", true, Reason::ForcedByOperator),
            ("", true, Reason::ForcedByOperator),
            ("main", true, Reason::ForcedByOperator),
        ] {
            assert_eq!(decide(&mut updater, version), (offered, reason), "{version:?}");
        }
    }

    #[test]
    fn for_some_only() {
        let update = || Update::clone(&updater().handle().update());
        let mut updater = TrivialUpdater::new(update().with_app_id("{other}"));
        assert_eq!(decide(&mut updater, "1.0.0"), (false, Reason::OtherApp));

        let update = update().with_previous_version("1.5.0".parse().unwrap());
        let mut updater = TrivialUpdater::new(update);
        assert_eq!(decide(&mut updater, "1.0.0"), (false, Reason::OtherPreviousVersion));
        assert_eq!(decide(&mut updater, "1.5.0"), (true, Reason::Older));
    }

    #[test]
    fn a_delta_for_those_who_take_one() {
        let update = Update::clone(&updater().handle().update()).with_respect_delta_okay(true);
        let mut updater = TrivialUpdater::new(update).with_force(true);
        for (delta_okay, reason) in [(false, Reason::DeltaNotOkay), (true, Reason::Older)] {
            let mut request = Request::new();
            let app = request.add_app("{app}", "1.0.0");
            app.delta_okay = delta_okay;
            app.add_update_check();
            let decision = updater.check_update(&request, &request.apps[0]).unwrap();
            assert_eq!((decision.update.is_some(), decision.reason), (delta_okay, reason));
        }
    }

    #[test]
    fn another_update_while_it_runs() {
        let mut updater = updater();
        let handle = updater.handle();
        assert_eq!(decide(&mut updater, "2.0.0"), (false, Reason::UpToDate));
        let mut update = Update::clone(&handle.update());
        update.version = "2.1.0".parse().unwrap();
        std::thread::spawn(move || handle.set_update(update)).join().unwrap();
        assert_eq!(decide(&mut updater, "2.0.0"), (true, Reason::Older));
        assert_eq!(updater.handle().update().version.as_str(), "2.1.0");
    }

    #[test]
    fn the_wanted_prefix_is_respected() {
        let mut updater = updater();
        let mut check = |offered: &str, prefix: &str, is_wanted| {
            let mut update = Update::clone(&updater.handle().update());
            update.version = offered.parse().unwrap();
            updater.handle().set_update(update);
            let mut request = Request::new();
            let app = request.add_app("{app}", "1.0.0");
            app.add_update_check().target_version_prefix = prefix.to_owned();
            let decision = updater.check_update(&request, &request.apps[0]).unwrap();
            let expected = if is_wanted { Reason::Older } else { Reason::OtherPrefix };
            assert_eq!(decision.reason, expected, "{offered:?} {prefix:?}");
            assert_eq!(decision.update.is_some(), is_wanted);
        };
        for (prefix, is_wanted) in [
            ("", true),
            ("4152", true),
            ("4152.", true),
            ("4152.2", true),
            ("4152.2.0", true),
            ("4152.2.0$", true),
            ("4152.2.0+nightly", false),
            ("4", false),
            ("41", false),
            ("4152.2.", true),
            ("4152.20", false),
            ("4152.2.0.0", false),
            ("4152$", false),
            ("4152.2.$", false),
            ("$", false),
            (".", false),
            ("1.", false),
        ] {
            check("4152.2.0", prefix, is_wanted);
        }
        check("4152.2.0+nightly-1", "4152.2.0", true);
        check("4152.2.0+nightly-1", "4152.2.0$", false);
        check("4152.2.0+nightly-1", "4152.2.0+nightly-1$", true);
    }

    #[test]
    fn a_machine_that_ignores_updates_is_offered_none() {
        let mut updater = updater();
        for (version, reason) in [("1.0.0", Reason::UpdateDisabled), (OFFERED, Reason::UpToDate)] {
            let mut request = Request::new();
            request.add_app("{app}", version).add_update_check().update_disabled = true;
            let decision = updater.check_update(&request, &request.apps[0]).unwrap();
            assert_eq!((decision.update, decision.reason), (None, reason));
        }
    }
}
