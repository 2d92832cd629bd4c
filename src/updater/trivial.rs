//! One update for everybody.

use std::sync::Arc;

use super::{Decision, Reason, Update, Updater, UpdaterError};
use crate::package::PackageFile;
use crate::protocol::VersionText;
use crate::protocol::request::{App, Request};

/// Offers one [`Update`] to every machine that is older.
#[derive(Debug)]
pub struct TrivialUpdater {
    update: Arc<Update>,
    force: bool,
    watched: Vec<Arc<PackageFile>>,
}

impl TrivialUpdater {
    /// Offers `update` to machines whose version is older.
    pub fn new(update: Update) -> Self {
        Self { update: Arc::new(update), force: false, watched: Vec::new() }
    }

    /// Whether to offer the update whatever version a machine reports, older,
    /// newer or none, except exactly this one.
    #[must_use]
    pub fn with_force(mut self, force: bool) -> Self {
        self.force = force;
        self
    }

    /// Stops offering the update once one of these files was changed in place.
    #[must_use]
    pub fn with_watched(mut self, packages: impl IntoIterator<Item = Arc<PackageFile>>) -> Self {
        self.watched.extend(packages);
        self
    }

    /// Whether the update is for this machine: a function of the request, the
    /// update and the operator's wish alone.
    fn decide(&self, app: &App) -> Result<Reason, Reason> {
        let update = &*self.update;
        if update.app_id.as_ref().is_some_and(|id| *id != app.id) {
            return Err(Reason::OtherApp);
        }
        if let Some(previous) = &update.previous_version
            && app.version.version() != Some(previous)
        {
            return Err(Reason::OtherPreviousVersion);
        }
        if let Some(check) = &app.update_check
            && !update.version.as_str().starts_with(&check.target_version_prefix)
        {
            return Err(Reason::OtherPrefix);
        }
        let refused = match &app.version {
            VersionText::Version(version) if *version == update.version => {
                return Err(Reason::UpToDate);
            }
            VersionText::Version(version) if *version < update.version => {
                return Ok(Reason::Older);
            }
            VersionText::ForcedUpdate => return Ok(Reason::ForcedByMachine),
            VersionText::Version(_) => Reason::Newer,
            VersionText::Empty => Reason::NoVersion,
            VersionText::Other(_) => Reason::NotAVersion,
        };
        if self.force { Ok(Reason::ForcedByOperator) } else { Err(refused) }
    }
}

impl Updater for TrivialUpdater {
    fn check_update(&mut self, _: &Request, app: &App) -> Result<Decision, UpdaterError> {
        Ok(match self.decide(app) {
            Ok(_) if self.watched.iter().any(|package| package.check().is_err()) => {
                Decision::none(Reason::PackageChanged)
            }
            Ok(reason) => Decision::offer(Arc::clone(&self.update), reason),
            Err(reason) => Decision::none(reason),
        })
    }

    fn download_finished(&mut self, request: &Request, app: &App) -> Option<Arc<Update>> {
        self.check_update(request, app).ok()?.update
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::updater::Codebase;

    const OFFERED: &str = "2.0.0";

    fn updater() -> TrivialUpdater {
        let codebase = Codebase::default();
        TrivialUpdater::new(Update::from_packages(OFFERED.parse().unwrap(), codebase, &[]))
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
        let mut update = (*updater().update).clone();
        update.app_id = Some("{other}".to_owned());
        assert_eq!(decide(&mut TrivialUpdater::new(update), "1.0.0"), (false, Reason::OtherApp));

        let mut update = (*updater().update).clone();
        update.previous_version = Some("1.5.0".parse().unwrap());
        let mut updater = TrivialUpdater::new(update);
        assert_eq!(decide(&mut updater, "1.0.0"), (false, Reason::OtherPreviousVersion));
        assert_eq!(decide(&mut updater, "1.5.0"), (true, Reason::Older));
    }

    #[test]
    fn the_wanted_prefix_is_respected() {
        let mut updater = updater();
        for (prefix, offered) in [("", true), ("2.", true), ("2.0.0", true), ("1.", false)] {
            let mut request = Request::new();
            let app = request.add_app("{app}", "1.0.0");
            app.add_update_check().target_version_prefix = prefix.to_owned();
            let decision = updater.check_update(&request, &request.apps[0]).unwrap();
            assert_eq!(decision.update.is_some(), offered, "{prefix:?}");
        }
    }
}
