//! What a client sends: `<request>` and everything in it.
//!
//! Text fields are empty when the attribute is absent, and an empty field is
//! left out when it is written: `update_engine` sends many attributes without
//! a value, and no server tells the two apart.
//!
//! ```
//! use omaha::protocol::request::App;
//! use omaha::protocol::Request;
//!
//! let mut app = App::new("{e96281a6-d1af-4bde-9a0a-97b76e56dc57}", "4081.2.0").with_track("beta");
//! app.add_update_check();
//! let mut request = Request::new();
//! request.apps.push(app);
//! assert!(request.to_xml().contains(r#"track="beta""#));
//! ```

use std::fmt;

use super::setters::setters;
use super::{ErrorCode, EventResult, EventType, Protocol, VersionText};

/// A request document (`<request>`): one client asking about any number of
/// applications.
///
/// Two requests are equal if every field is: texts as they are, numbers and
/// statuses by what they mean, versions as [`VersionText`] has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct Request {
    /// The protocol spoken (`protocol`).
    pub protocol: Protocol,
    /// Name and version of the client (`version`), such as `update_engine-0.4.10`.
    pub version: String,
    /// The same again (`updaterversion`), an extension of `update_engine`.
    pub updater_version: String,
    /// What made the client ask (`installsource`): `scheduler` or `ondemandupdate`.
    pub install_source: String,
    /// Whether the client serves the whole machine and not one user (`ismachine`).
    pub is_machine: bool,
    /// Unique to this request, for finding duplicates (`requestid`).
    pub request_id: String,
    /// Shared by the requests of one update (`sessionid`).
    pub session_id: String,
    /// A random identity of the installation (`userid`).
    pub user_id: String,
    /// Set by test and development clients (`testsource`).
    pub test_source: String,
    /// The operating system that the client runs on (`<os>`).
    pub os: Option<Os>,
    /// The applications asked about (`<app>`), in document order.
    pub apps: Vec<App>,
}

impl Request {
    /// An empty request that says what system it comes from.
    ///
    /// ```
    /// use omaha::protocol::{EventResult, EventType, Request};
    ///
    /// let mut request = Request::new();
    /// let app = request.add_app("{e96281a6-d1af-4bde-9a0a-97b76e56dc57}", "4152.2.0");
    /// app.add_ping();
    /// app.add_update_check();
    /// app.add_event(EventType::UPDATE_COMPLETE, EventResult::SUCCESS_REBOOT);
    /// ```
    pub fn new() -> Self {
        Self { os: Some(Os::local()), ..Self::default() }
    }

    /// Adds an application with its id and the version that is installed.
    pub fn add_app(&mut self, id: impl Into<String>, version: impl Into<VersionText>) -> &mut App {
        self.apps.push(App::new(id, version));
        last(&mut self.apps)
    }

    /// The first application with this id, if there is one.
    pub fn app(&self, id: &str) -> Option<&App> {
        self.apps.iter().find(|app| app.id == id)
    }
}

/// The client's operating system (`<os>`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct Os {
    /// Family (`platform`): `CoreOS` for Container Linux and Flatcar.
    pub platform: String,
    /// Version of the family (`version`); `update_engine` sends `Chateau`.
    pub version: String,
    /// Service pack (`sp`); `update_engine` sends `VERSION_ARCHITECTURE`.
    pub service_pack: String,
    /// Processor (`arch`) in Omaha's words: `x64`, `x86`, `arm64`.
    pub arch: String,
}

impl Os {
    /// The system this program was built for, in Omaha's words.
    pub fn local() -> Self {
        let platform = match std::env::consts::OS {
            "macos" => "mac",
            "windows" => "win",
            other => other,
        };
        let arch = match std::env::consts::ARCH {
            "x86_64" => "x64",
            "aarch64" => "arm64",
            other => other,
        };
        Self { platform: platform.to_owned(), arch: arch.to_owned(), ..Self::default() }
    }
}

/// One application of a request (`<app>`): its identity, its state, and what
/// is asked or reported about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct App {
    /// The application's id (`appid`), for Container Linux and Flatcar
    /// `{e96281a6-d1af-4bde-9a0a-97b76e56dc57}`.
    pub id: String,
    /// The version that is installed (`version`).
    pub version: VersionText,
    /// The version being installed, if an update is under way (`nextversion`).
    pub next_version: VersionText,
    /// Language, BCP 47 (`lang`).
    pub lang: String,
    /// Client or brand identifier (`client`).
    pub client: String,
    /// Days since the installation, or -1 if it is new (`installage`).
    pub install_age: Option<i64>,
    /// The release channel (`track`), an extension of `update_engine`.
    pub track: String,
    /// The channel being left (`from_track`), an extension of `update_engine`.
    pub from_track: String,
    /// The board (`board`), such as `amd64-usr`; an extension of `update_engine`.
    pub board: String,
    /// Hardware class (`hardware_class`), an extension of `update_engine`.
    pub hardware_class: String,
    /// Whether a delta payload would do (`delta_okay`), an extension of `update_engine`.
    pub delta_okay: bool,
    /// `/proc/sys/kernel/random/boot_id` (`bootid`), an extension of Container Linux.
    pub boot_id: String,
    /// `/etc/machine-id` (`machineid`), an extension of Container Linux.
    pub machine_id: String,
    /// A name the operator gave (`machinealias`), an extension of Container Linux.
    pub machine_alias: String,
    /// The OEM, such as `ec2` (`oem`), an extension of Container Linux.
    pub oem: String,
    /// Version of the OEM's files (`oemversion`), an extension of Container Linux.
    pub oem_version: String,
    /// Version of the first installation (`alephversion`), an extension of Container Linux.
    pub aleph_version: String,
    /// Whether several manifests may be answered (`multi_manifest_ok`), an
    /// extension of Nebraska for updates in steps.
    pub multi_manifest_ok: bool,
    /// The client says that it is alive (`<ping>`).
    pub ping: Option<Ping>,
    /// The client asks for an update (`<updatecheck>`).
    pub update_check: Option<UpdateCheck>,
    /// The client reports what happened (`<event>`), in document order.
    pub events: Vec<Event>,
}

impl App {
    /// An application of which nothing is asked or said yet.
    ///
    /// ```
    /// use omaha::protocol::request::App;
    ///
    /// let app = App::new("{e96281a6-d1af-4bde-9a0a-97b76e56dc57}", "4081.2.0")
    ///     .with_track("stable")
    ///     .with_board("amd64-usr");
    /// assert_eq!(app.track, "stable");
    /// ```
    pub fn new(id: impl Into<String>, version: impl Into<VersionText>) -> Self {
        Self { id: id.into(), version: version.into(), ..Self::default() }
    }

    /// Adds a ping that reports activity.
    pub fn add_ping(&mut self) -> &mut Ping {
        self.ping.insert(Ping { active: true, ..Ping::default() })
    }

    /// Adds an update check.
    pub fn add_update_check(&mut self) -> &mut UpdateCheck {
        self.update_check.insert(UpdateCheck::default())
    }

    /// Adds the report of an event.
    pub fn add_event(&mut self, event_type: EventType, result: EventResult) -> &mut Event {
        self.events.push(Event::new(event_type, result));
        last(&mut self.events)
    }
}

/// A sign of life (`<ping>`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct Ping {
    /// Whether the application was in use since the last ping (`active`).
    pub active: bool,
    /// Days since the last ping that reported activity (`a`), -1 for never.
    pub last_active_report_days: Option<i64>,
    /// Days since the last ping (`r`), -1 for never.
    pub last_report_days: Option<i64>,
}

/// A question for an update (`<updatecheck>`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct UpdateCheck {
    /// Only versions that begin with these components are wanted, such as `4152.2`,
    /// or only the one before a `$` (`targetversionprefix`).
    pub target_version_prefix: String,
    /// The client ignores whatever it is offered (`updatedisabled`).
    pub update_disabled: bool,
}

/// A report of something that happened (`<event>`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct Event {
    /// What happened (`eventtype`).
    pub event_type: EventType,
    /// How it ended (`eventresult`).
    pub result: EventResult,
    /// Why it failed (`errorcode`).
    pub error_code: Option<ErrorCode>,
    /// The version that was being installed (`nextversion`).
    pub next_version: VersionText,
    /// The version that was there before (`previousversion`).
    pub previous_version: VersionText,
}

impl Event {
    /// An event without an error code or versions.
    pub fn new(event_type: EventType, result: EventResult) -> Self {
        Self { event_type, result, ..Self::default() }
    }
}

/// What happened, how it ended, and why it failed, in words: "update complete:
/// error: payload hash mismatch (10), test URL".
impl fmt::Display for Event {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.event_type, self.result)?;
        match self.error_code {
            Some(code) => write!(formatter, ": {code}"),
            None => Ok(()),
        }
    }
}

setters! { Request:
    with_version version: String;
    with_updater_version updater_version: String;
    with_install_source install_source: String;
    with_is_machine is_machine: bool;
    with_request_id request_id: String;
    with_session_id session_id: String;
    with_user_id user_id: String;
    with_test_source test_source: String;
    with_os os: Option<Os>;
}

setters! { Os:
    with_platform platform: String;
    with_version version: String;
    with_service_pack service_pack: String;
    with_arch arch: String;
}

setters! { App:
    with_id id: String;
    with_version version: VersionText;
    with_next_version next_version: VersionText;
    with_lang lang: String;
    with_client client: String;
    with_install_age install_age: Option<i64>;
    with_track track: String;
    with_from_track from_track: String;
    with_board board: String;
    with_hardware_class hardware_class: String;
    with_delta_okay delta_okay: bool;
    with_boot_id boot_id: String;
    with_machine_id machine_id: String;
    with_machine_alias machine_alias: String;
    with_oem oem: String;
    with_oem_version oem_version: String;
    with_aleph_version aleph_version: String;
    with_multi_manifest_ok multi_manifest_ok: bool;
    with_ping ping: Option<Ping>;
    with_update_check update_check: Option<UpdateCheck>;
}

setters! { Ping:
    with_active active: bool;
    with_last_active_report_days last_active_report_days: Option<i64>;
    with_last_report_days last_report_days: Option<i64>;
}

setters! { UpdateCheck:
    with_target_version_prefix target_version_prefix: String;
    with_update_disabled update_disabled: bool;
}

setters! { Event:
    with_event_type event_type: EventType;
    with_result result: EventResult;
    with_error_code error_code: Option<ErrorCode>;
    with_next_version next_version: VersionText;
    with_previous_version previous_version: VersionText;
}

/// The element that was just pushed.
pub(super) fn last<T>(list: &mut [T]) -> &mut T {
    #[expect(clippy::expect_used, reason = "every caller has just pushed")]
    list.last_mut().expect("an element was just pushed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_in_words() {
        let event = Event::new(EventType::UPDATE_DOWNLOAD_STARTED, EventResult::SUCCESS);
        assert_eq!(event.to_string(), "update download started: success");
        let event = Event::new(EventType::UPDATE_COMPLETE, EventResult::ERROR)
            .with_error_code(ErrorCode::new(268_435_466));
        assert_eq!(
            event.to_string(),
            "update complete: error: payload hash mismatch (10), test URL"
        );
    }

    #[test]
    fn equality_is_that_of_the_values() {
        let request = |version: &str, track: &str| {
            let mut request = Request::default();
            request.apps.push(App::new("{app}", version).with_track(track));
            request
        };
        assert_eq!(request("1.3.23.0", "stable"), request("1.3.23", "stable"));
        assert_ne!(request("1.3.23.0", "stable"), request("1.3.23.1", "stable"));
        assert_ne!(request("1.3.23.0", "stable"), request("1.3.23.0", "beta"));
    }
}
