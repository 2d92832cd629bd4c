//! What is offered.

use super::{Codebase, Reason};
use crate::protocol::VersionText;
use crate::protocol::request::App;
use crate::protocol::response::{Manifest, Package, Url};
use crate::version::Version;

/// An update: a manifest, whom it is for, and where its packages are.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Update {
    /// The application it is for; none for any.
    pub app_id: Option<String>,
    /// The version it can be applied to; none for any.
    pub previous_version: Option<Version>,
    /// The version that results. The same as in the manifest.
    pub version: Version,
    /// Where the packages are.
    pub codebase: Codebase,
    /// What the client gets.
    pub manifest: Manifest,
    /// Whether only machines may have it that take a delta payload
    /// (`delta_okay`). go-omaha has this as an attribute of its file, and
    /// leaves it to an updater to heed it; [`TrivialUpdater`](super::TrivialUpdater) does.
    pub respect_delta_okay: bool,
}

impl Update {
    /// An update for any machine, made of the operating system's package and
    /// the extensions after it.
    ///
    /// The manifest has the form that every known client takes: `update_engine`
    /// installs the first package and checks it against the SHA-256 of the
    /// `postinstall` action; Flatcar's `download_sysext` checks the extensions
    /// against their own `hash_sha256`, and would reject the whole answer for
    /// one in base64 on the first.
    pub fn from_packages(
        version: Version,
        codebase: Codebase,
        packages: impl IntoIterator<Item: Into<Package>>,
    ) -> Self {
        let mut manifest = Manifest {
            version: VersionText::Version(version.clone()),
            packages: packages.into_iter().map(Into::into).collect(),
            ..Manifest::default()
        };
        if let Some(payload) = manifest.packages.first_mut() {
            let sha256 = payload.sha256.take();
            let action = manifest.add_action("postinstall");
            action.sha256 = sha256;
            action.disable_payload_backoff = true;
        }
        Self {
            app_id: None,
            previous_version: None,
            version,
            codebase,
            manifest,
            respect_delta_okay: false,
        }
    }

    /// For one application only.
    #[must_use]
    pub fn with_app_id(mut self, app_id: impl Into<String>) -> Self {
        self.app_id = Some(app_id.into());
        self
    }

    /// For machines with one version only, as a delta is.
    #[must_use]
    pub fn with_previous_version(mut self, previous_version: Version) -> Self {
        self.previous_version = Some(previous_version);
        self
    }

    /// For machines only that say they take deltas.
    #[must_use]
    pub fn with_respect_delta_okay(mut self, respect_delta_okay: bool) -> Self {
        self.respect_delta_okay = respect_delta_okay;
        self
    }

    /// Why it is not for an application, whatever its version is worth, if it is
    /// not.
    pub(super) fn refusal(&self, app: &App) -> Option<Reason> {
        if self.app_id.as_ref().is_some_and(|id| *id != app.id) {
            return Some(Reason::OtherApp);
        }
        let own = app.version.version();
        if self.previous_version.as_ref().is_some_and(|previous| own != Some(previous)) {
            return Some(Reason::OtherPreviousVersion);
        }
        (self.respect_delta_okay && !app.delta_okay).then_some(Reason::DeltaNotOkay)
    }

    /// The URLs of the codebase. A path is offered on every one of the
    /// servers (`http://HOST`, without a final slash); a whole URL is itself.
    pub fn urls<'a>(&self, servers: impl IntoIterator<Item = &'a str>) -> Vec<Url> {
        let url = |codebase| Url { codebase };
        if self.codebase.is_path() {
            servers.into_iter().map(|server| url(format!("{server}{}", self.codebase))).collect()
        } else {
            vec![url(self.codebase.to_string())]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(codebase: &str) -> Update {
        Update::from_packages(
            "2.0.0".parse().unwrap(),
            codebase.parse().unwrap(),
            [] as [Package; 0],
        )
    }

    #[test]
    fn a_path_is_offered_on_every_mirror() {
        let urls = update("/packages/").urls(["http://a:8000", "http://b"]);
        let codebases: Vec<_> = urls.iter().map(|url| url.codebase.as_str()).collect();
        assert_eq!(codebases, ["http://a:8000/packages/", "http://b/packages/"]);
    }

    #[test]
    fn a_url_is_itself() {
        let urls = update("https://mirror/os").urls(["http://a:8000", "http://b"]);
        assert_eq!(urls, [Url { codebase: "https://mirror/os/".to_owned() }]);
    }
}
