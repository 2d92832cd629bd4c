//! An update as it takes to fetch it: names, URLs, sizes, digests.

use super::{Download, HttpUrl, ParseUrlError};
use crate::digest::{Sha1, Sha256};
use crate::protocol::VersionText;
use crate::protocol::response::{Manifest, Package, UpdateCheck};

/// An update that a server offers.
///
/// Of several manifests it is the first, as for `update_engine`.
#[derive(Clone, Debug)]
pub struct Offer {
    version: VersionText,
    codebases: Vec<String>,
    packages: Vec<OfferedPackage>,
}

/// A package of an [`Offer`].
#[derive(Clone, Debug)]
pub struct OfferedPackage {
    package: Package,
    action_sha256: Option<Sha256>,
    codebases: Vec<String>,
}

impl Offer {
    pub(super) fn new(update: &UpdateCheck) -> Self {
        let none = Manifest::default();
        let manifest = update.manifests.first().unwrap_or(&none);
        let action = manifest.actions.iter().find(|action| action.event == "postinstall");
        let sha256 = action.and_then(|action| action.sha256);
        let codebases: Vec<_> = update.urls.iter().map(|url| url.codebase.clone()).collect();
        let offered = |(index, package): (usize, &Package)| OfferedPackage {
            package: package.clone(),
            action_sha256: sha256.filter(|_| index == 0),
            codebases: codebases.clone(),
        };
        let packages = manifest.packages.iter().enumerate().map(offered).collect();
        Self { version: manifest.version.clone(), packages, codebases }
    }

    /// The version that results.
    pub fn version(&self) -> &VersionText {
        &self.version
    }

    /// Where the packages are, best first, as the server writes it.
    pub fn codebases(&self) -> &[String] {
        &self.codebases
    }

    /// The packages. The operating system's is the first, its extensions
    /// follow.
    pub fn packages(&self) -> &[OfferedPackage] {
        &self.packages
    }
}

impl OfferedPackage {
    /// The name. It comes from a server: see
    /// [`Download::to_directory`] for a way to use it as a file's.
    pub fn name(&self) -> &str {
        &self.package.name
    }

    /// The length in bytes.
    pub fn size(&self) -> u64 {
        self.package.size
    }

    /// The SHA-1 of the content, if the server names one (`hash`).
    pub fn sha1(&self) -> Option<Sha1> {
        self.package.sha1
    }

    /// The SHA-256 of the content, if the server names one: that of the
    /// package itself (`hash_sha256`), or else that of the `postinstall`
    /// action.
    pub fn sha256(&self) -> Option<Sha256> {
        self.package.sha256.or(self.action_sha256)
    }

    /// The SHA-256 of the `postinstall` action, which is about the operating
    /// system's package: the only digest that `update_engine` compares.
    pub fn action_sha256(&self) -> Option<Sha256> {
        self.action_sha256
    }

    /// The package as it is in the answer.
    pub fn package(&self) -> &Package {
        &self.package
    }

    /// Where it is, best first. A codebase that makes no URL is left out.
    pub fn urls(&self) -> impl Iterator<Item = HttpUrl> {
        self.codebases.iter().filter_map(|codebase| self.url(codebase).ok())
    }

    /// The ways to fetch it, best first: one for each of its
    /// [`urls`](Self::urls). Each compares the size and every digest that the
    /// answer has of this package, the action's included.
    pub fn downloads(&self) -> impl Iterator<Item = Download> {
        self.urls().map(|url| self.download_from(url))
    }

    /// The way to fetch it from one codebase.
    ///
    /// # Errors
    ///
    /// When the codebase and the name do not make a URL.
    pub fn download_at(&self, codebase: &str) -> Result<Download, ParseUrlError> {
        self.url(codebase).map(|url| self.download_from(url))
    }

    fn url(&self, codebase: &str) -> Result<HttpUrl, ParseUrlError> {
        HttpUrl::of_package(codebase, self.name())
    }

    fn download_from(&self, url: HttpUrl) -> Download {
        Download::new(url, &self.package).with_sha256(self.action_sha256)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::testing::{Script, answer};
    use crate::client::{DownloadError, Retry};
    use crate::digest::Digests;
    use crate::protocol::UpdateStatus;

    const CONTENT: &[u8] = b"the content";

    fn offer(sha256: Sha256) -> Offer {
        let digests = Digests::from_reader(CONTENT).unwrap();
        let mut update = UpdateCheck { status: UpdateStatus::Ok, ..UpdateCheck::default() };
        update.add_url("http://a/p");
        update.add_url("ftp://b/");
        update.add_url("http://c/");
        let manifest = update.add_manifest("2.0.0");
        manifest.add_package("update.gz", digests.size).sha1 = Some(digests.sha1);
        manifest.add_package("oem-x.gz", 5);
        manifest.add_action("install");
        manifest.add_action("postinstall").sha256 = Some(sha256);
        update.add_manifest("3.0.0").add_package("other.gz", 1);
        Offer::new(&update)
    }

    #[test]
    fn everything_that_it_takes() {
        let digests = Digests::from_reader(CONTENT).unwrap();
        let offer = offer(digests.sha256);
        assert_eq!((offer.version().as_str(), offer.codebases().len()), ("2.0.0", 3));
        let [payload, extension] = offer.packages() else { panic!("{offer:?}") };
        assert_eq!((payload.name(), payload.size()), ("update.gz", digests.size));
        assert_eq!((payload.sha1(), payload.sha256()), (Some(digests.sha1), Some(digests.sha256)));
        assert_eq!((extension.name(), extension.size()), ("oem-x.gz", 5));
        assert_eq!((extension.sha256(), extension.action_sha256()), (None, None));
        let urls: Vec<_> = payload.urls().map(|url| url.to_string()).collect();
        assert_eq!(urls, ["http://a/p/update.gz", "http://c/update.gz"]);
        assert_eq!(payload.downloads().count(), 2);
        assert!(payload.download_at("ftp://b/").is_err());
    }

    #[test]
    fn the_digest_of_the_action_is_compared() {
        let fetch = |sha256| {
            let download = offer(sha256).packages()[0].downloads().next().unwrap();
            let download = download
                .with_transport(Script::new([answer(200, &[], CONTENT)]))
                .with_start_retry(Retry::NEVER);
            download.to_writer(&mut Vec::new(), &mut |_| {})
        };
        fetch(Digests::from_reader(CONTENT).unwrap().sha256).unwrap();
        let error = fetch(Sha256::from_bytes([7; 32])).unwrap_err();
        assert!(matches!(error, DownloadError::Verify(_)), "{error}");
    }

    #[test]
    fn nothing_is_invented() {
        let offer = Offer::new(&UpdateCheck::default());
        assert!(offer.packages().is_empty() && offer.codebases().is_empty());
    }
}
