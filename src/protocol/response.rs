//! What a server answers: `<response>` and everything in it.
//!
//! As in a request, text fields are empty when the attribute is absent.
//!
//! ```
//! use omaha::protocol::{Response, UpdateStatus};
//!
//! let document = br#"<response protocol="3.0"><app appid="{x}" status="ok">
//!     <updatecheck status="noupdate"/></app></response>"#;
//! let response = Response::read(&document[..])?;
//! let check = response.apps[0].update_check.as_ref().expect("it is there");
//! assert_eq!(check.status, UpdateStatus::NoUpdate);
//! # Ok::<(), omaha::protocol::ReadError>(())
//! ```

use std::time::{SystemTime, UNIX_EPOCH};

use super::request::last;
use super::setters::setters;
use super::{AckStatus, AppStatus, Protocol, UpdateStatus, VersionText};
use crate::digest::{Digests, Sha1, Sha256};

/// What this library calls itself in [`Response::server`].
pub const SERVER: &str = concat!(env!("CARGO_PKG_NAME"), "-", env!("CARGO_PKG_VERSION"));

/// A response document (`<response>`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct Response {
    /// The protocol spoken (`protocol`).
    pub protocol: Protocol,
    /// Name of the server (`server`); no client reads it.
    pub server: String,
    /// The server's time of day (`<daystart>`).
    pub day_start: Option<DayStart>,
    /// One answer for each application of the request (`<app>`).
    pub apps: Vec<App>,
}

impl Response {
    /// An empty response from this project, with the present time of day.
    ///
    /// ```
    /// use omaha::protocol::{AppStatus, Response, UpdateStatus};
    ///
    /// let mut response = Response::new();
    /// let app = response.add_app("{e96281a6-d1af-4bde-9a0a-97b76e56dc57}", AppStatus::Ok);
    /// let check = app.add_update_check(UpdateStatus::Ok);
    /// check.add_url("http://localhost:8000/packages/");
    /// let manifest = check.add_manifest("4152.2.0");
    /// manifest.add_package("update.gz", 1024);
    /// manifest.add_action("postinstall").disable_payload_backoff = true;
    /// ```
    pub fn new() -> Self {
        Self {
            server: SERVER.to_owned(),
            day_start: Some(DayStart::at(SystemTime::now())),
            ..Self::default()
        }
    }

    /// Adds the answer for an application.
    pub fn add_app(&mut self, id: impl Into<String>, status: AppStatus) -> &mut App {
        self.apps.push(App::new(id, status));
        last(&mut self.apps)
    }

    /// The first answer for the application with this id, if there is one.
    pub fn app(&self, id: &str) -> Option<&App> {
        self.apps.iter().find(|app| app.id == id)
    }
}

/// The server's time of day (`<daystart>`), from which a client that counts
/// days learns where the server's day begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct DayStart {
    /// Seconds since midnight UTC (`elapsed_seconds`), 0 to 86399.
    pub elapsed_seconds: u32,
}

impl DayStart {
    /// So many seconds since midnight UTC.
    pub fn new(elapsed_seconds: u32) -> Self {
        Self { elapsed_seconds }
    }

    /// The time of day at an instant; midnight for one before 1970.
    pub fn at(time: SystemTime) -> Self {
        const DAY: u64 = 24 * 60 * 60;
        let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() % DAY);
        Self { elapsed_seconds: u32::try_from(seconds).unwrap_or(0) }
    }
}

/// The answer for one application (`<app>`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct App {
    /// The id from the request (`appid`).
    pub id: String,
    /// Whether the server deals with this application at all (`status`).
    pub status: AppStatus,
    /// The ping was taken note of (`<ping>`).
    pub ping: Option<AckStatus>,
    /// The answer to the update check (`<updatecheck>`).
    pub update_check: Option<UpdateCheck>,
    /// One for each event of the request (`<event>`).
    pub events: Vec<AckStatus>,
}

impl App {
    /// An answer that says nothing yet but the status.
    pub fn new(id: impl Into<String>, status: AppStatus) -> Self {
        Self { id: id.into(), status, ..Self::default() }
    }

    /// Acknowledges a ping.
    pub fn add_ping(&mut self) {
        self.ping = Some(AckStatus::Ok);
    }

    /// Answers an update check.
    pub fn add_update_check(&mut self, status: UpdateStatus) -> &mut UpdateCheck {
        self.update_check.insert(UpdateCheck::new(status))
    }

    /// Acknowledges one event.
    pub fn add_event(&mut self) {
        self.events.push(AckStatus::Ok);
    }
}

/// The answer to an update check (`<updatecheck>`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct UpdateCheck {
    /// Whether there is an update (`status`).
    pub status: UpdateStatus,
    /// Seconds until the client is to ask again (`PollInterval`).
    /// `update_engine` takes values from 45 minutes to 4 hours.
    pub poll_interval: Option<u64>,
    /// Where the packages are (`<urls>`), best first.
    pub urls: Vec<Url>,
    /// What to install (`<manifest>`). `update_engine` takes the first one
    /// and Flatcar's `download_sysext` the last, so there should be just one.
    pub manifests: Vec<Manifest>,
}

impl UpdateCheck {
    /// An answer that says nothing yet but the status.
    pub fn new(status: UpdateStatus) -> Self {
        Self { status, ..Self::default() }
    }

    /// Adds a place to fetch the packages from. It should end in `/`: the
    /// `update_engine` of 2019 appends the package's name as it is.
    pub fn add_url(&mut self, codebase: impl Into<String>) -> &mut Url {
        self.urls.push(Url::new(codebase));
        last(&mut self.urls)
    }

    /// Adds the description of a version.
    pub fn add_manifest(&mut self, version: impl Into<VersionText>) -> &mut Manifest {
        self.manifests.push(Manifest::new(version));
        last(&mut self.manifests)
    }
}

/// A place to fetch packages from (`<url>`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct Url {
    /// What a package's name is appended to (`codebase`).
    pub codebase: String,
}

impl Url {
    /// A place to fetch packages from.
    pub fn new(codebase: impl Into<String>) -> Self {
        Self { codebase: codebase.into() }
    }
}

/// A version and what it takes to install it (`<manifest>`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct Manifest {
    /// The version that results (`version`).
    pub version: VersionText,
    /// The files (`<packages>`). `update_engine` installs the first one.
    pub packages: Vec<Package>,
    /// What to do with them (`<actions>`).
    pub actions: Vec<Action>,
    /// Whether no machine may skip this version (`is_floor`), an extension of
    /// Nebraska for updates in steps.
    pub is_floor: bool,
    /// Why (`floor_reason`), an extension of Nebraska.
    pub floor_reason: String,
    /// Whether this is the version to arrive at (`is_target`), an extension of Nebraska.
    pub is_target: bool,
}

impl Manifest {
    /// A version without packages and actions.
    pub fn new(version: impl Into<VersionText>) -> Self {
        Self { version: version.into(), ..Self::default() }
    }

    /// Adds a required package of `size` bytes, without digests.
    pub fn add_package(&mut self, name: impl Into<String>, size: u64) -> &mut Package {
        self.packages.push(Package {
            name: name.into(),
            size,
            required: true,
            ..Package::default()
        });
        last(&mut self.packages)
    }

    /// Adds an action to be done at `event`, such as `postinstall`.
    pub fn add_action(&mut self, event: impl Into<String>) -> &mut Action {
        self.actions.push(Action::new(event));
        last(&mut self.actions)
    }
}

/// A file to be fetched (`<package>`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct Package {
    /// Its name (`name`), relative to a codebase.
    pub name: String,
    /// SHA-1 of the content (`hash`), base64 on the wire.
    pub sha1: Option<Sha1>,
    /// SHA-256 of the content (`hash_sha256`), hex on the wire, because
    /// Flatcar's `download_sysext` rejects anything else. Read in either form.
    pub sha256: Option<Sha256>,
    /// Length of the content in bytes (`size`).
    pub size: u64,
    /// Whether the update fails without it (`required`).
    pub required: bool,
    /// Free data beside the package (`<metadata>`), an extension of go-omaha.
    pub metadata: Option<Metadata>,
}

impl Package {
    /// A required package of this content.
    ///
    /// ```
    /// use omaha::{Digests, protocol::response::Package};
    ///
    /// let package = Package::new("update.gz", &Digests::from_reader(&b"content"[..])?);
    /// assert_eq!(package.size, 7);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn new(name: impl Into<String>, content: &Digests) -> Self {
        Self {
            name: name.into(),
            sha1: Some(content.sha1),
            sha256: Some(content.sha256),
            size: content.size,
            required: true,
            metadata: None,
        }
    }

    /// Adds free data of a media type, such as `application/json`.
    pub fn add_metadata(
        &mut self,
        content: impl Into<String>,
        content_type: impl Into<String>,
    ) -> &mut Metadata {
        self.metadata.insert(Metadata::new(content, content_type))
    }
}

/// Free data beside a package (`<metadata>`), an extension of go-omaha.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct Metadata {
    /// Media type of the content (`content-type`).
    pub content_type: String,
    /// The element's text.
    pub content: String,
}

/// Something to be done with the packages (`<action>`). All but `event` are
/// extensions of `update_engine`, read from the `postinstall` action.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct Action {
    /// When (`event`): `postinstall` is the one that `update_engine` reads.
    pub event: String,
    /// The version to show to people (`DisplayVersion`).
    pub display_version: String,
    /// SHA-256 of the first package (`sha256`), base64 on the wire.
    /// `update_engine` checks the download against this and nothing else.
    pub sha256: Option<Sha256>,
    /// Whether administrator rights are needed (`needsadmin`).
    pub needs_admin: bool,
    /// Whether the payload is a delta against the running version (`IsDeltaPayload`).
    pub is_delta_payload: bool,
    /// Whether the client may retry at once after failures (`DisablePayloadBackoff`);
    /// otherwise it may wait for days.
    pub disable_payload_backoff: bool,
    /// Failures after which the client tries the next URL (`MaxFailureCountPerUrl`).
    pub max_failure_count_per_url: Option<u64>,
    /// Signature of the payload's metadata (`MetadataSignatureRsa`), base64.
    pub metadata_signature_rsa: String,
    /// Size of the payload's metadata in bytes (`MetadataSize`).
    pub metadata_size: Option<u64>,
    /// When the update must be applied (`deadline`); `now` for at once.
    pub deadline: String,
    /// Where to read about the version (`MoreInfo`).
    pub more_info: String,
    /// Whether the user is to be asked (`Prompt`).
    pub prompt: bool,
}

impl Action {
    /// An action to be done at `event`, such as `postinstall`.
    pub fn new(event: impl Into<String>) -> Self {
        Self { event: event.into(), ..Self::default() }
    }
}

impl Metadata {
    /// Free data of a media type, such as `application/json`.
    pub fn new(content: impl Into<String>, content_type: impl Into<String>) -> Self {
        Self { content_type: content_type.into(), content: content.into() }
    }
}

setters! { Response:
    with_server server: String;
    with_day_start day_start: Option<DayStart>;
}

setters! { UpdateCheck:
    with_status status: UpdateStatus;
    with_poll_interval poll_interval: Option<u64>;
}

setters! { Manifest:
    with_version version: VersionText;
    with_is_floor is_floor: bool;
    with_floor_reason floor_reason: String;
    with_is_target is_target: bool;
}

setters! { Package:
    with_name name: String;
    with_sha1 sha1: Option<Sha1>;
    with_sha256 sha256: Option<Sha256>;
    with_size size: u64;
    with_required required: bool;
    with_metadata metadata: Option<Metadata>;
}

setters! { Action:
    with_event event: String;
    with_display_version display_version: String;
    with_sha256 sha256: Option<Sha256>;
    with_needs_admin needs_admin: bool;
    with_is_delta_payload is_delta_payload: bool;
    with_disable_payload_backoff disable_payload_backoff: bool;
    with_max_failure_count_per_url max_failure_count_per_url: Option<u64>;
    with_metadata_signature_rsa metadata_signature_rsa: String;
    with_metadata_size metadata_size: Option<u64>;
    with_deadline deadline: String;
    with_more_info more_info: String;
    with_prompt prompt: bool;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn day_start_counts_from_midnight_utc() {
        let time = UNIX_EPOCH + Duration::from_secs(3 * 86_400 + 3_661);
        assert_eq!(DayStart::at(time).elapsed_seconds, 3_661);
        let before = UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(DayStart::at(before).elapsed_seconds, 0);
    }
}
