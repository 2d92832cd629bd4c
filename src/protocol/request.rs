//! What a client sends: `<request>` and everything in it.
//!
//! Text fields are empty when the attribute is absent, and an empty field is
//! left out when it is written: `update_engine` sends many attributes without
//! a value, and no server tells the two apart.

use super::{ErrorCode, EventResult, EventType, Protocol, VersionText};

/// A request document (`<request>`): one client asking about any number of
/// applications.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
        self.apps.push(App { id: id.into(), version: version.into(), ..App::default() });
        last(&mut self.apps)
    }

    /// The first application with this id, if there is one.
    pub fn app(&self, id: &str) -> Option<&App> {
        self.apps.iter().find(|app| app.id == id)
    }
}

/// The client's operating system (`<os>`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
        self.events.push(Event { event_type, result, ..Event::default() });
        last(&mut self.events)
    }
}

/// A sign of life (`<ping>`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
pub struct UpdateCheck {
    /// Only versions that begin so are wanted (`targetversionprefix`).
    pub target_version_prefix: String,
}

/// A report of something that happened (`<event>`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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

/// The element that was just pushed.
pub(super) fn last<T>(list: &mut [T]) -> &mut T {
    #[expect(clippy::expect_used, reason = "every caller has just pushed")]
    list.last_mut().expect("an element was just pushed")
}
