//! What the server tells its owner about: one value for each thing that
//! happens.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::Violation;
use crate::chain::Chain;
use crate::package::PackageError;
use crate::protocol::request::{App, Event};
use crate::protocol::{AppStatus, UpdateStatus, VersionText};
use crate::updater::{Reason, UpdaterError};
use crate::version::Version;

/// Receives everything that happens in a [`Server`](super::Server).
///
/// Called from both threads of the server. It should not block: the update
/// checks wait for it. If it panics, that activity is not observed, and nothing
/// else happens.
pub trait Observer: Send + Sync {
    /// Takes note of one thing.
    fn observe(&self, activity: &Activity<'_>);
}

/// Every function of an activity is an observer.
impl<F: Fn(&Activity<'_>) + Send + Sync> Observer for F {
    fn observe(&self, activity: &Activity<'_>) {
        self(activity);
    }
}

/// An observer whose panics end nothing.
pub(super) struct CatchPanics<O>(pub O);

impl<O: Observer> Observer for CatchPanics<O> {
    fn observe(&self, activity: &Activity<'_>) {
        // Already logged by the panic hook.
        let _ = catch_unwind(AssertUnwindSafe(|| self.0.observe(activity)));
    }
}

/// A machine, as far as a request tells who it is. Everything here but the
/// address is the client's word; escape it before it is shown.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Machine<'a> {
    /// `machineid`, or empty.
    pub id: &'a str,
    /// `machinealias`, or empty.
    pub alias: &'a str,
    /// `appid`.
    pub app_id: &'a str,
    /// The version it runs.
    pub version: &'a VersionText,
    /// `board`, such as `amd64-usr`, or empty.
    pub board: &'a str,
    /// `oem`, such as `azure`, or empty.
    pub oem: &'a str,
    /// `oemversion`, or empty.
    pub oem_version: &'a str,
    /// `track`, its release channel, or empty.
    pub track: &'a str,
    /// Where the request came from.
    pub address: SocketAddr,
}

impl<'a> Machine<'a> {
    /// The machine that a request's application is about, at an address.
    pub fn new(app: &'a App, address: SocketAddr) -> Self {
        Self {
            id: &app.machine_id,
            alias: &app.machine_alias,
            app_id: &app.id,
            version: &app.version,
            board: &app.board,
            oem: &app.oem,
            oem_version: &app.oem_version,
            track: &app.track,
            address,
        }
    }
}

/// Something that happened.
///
/// There may be further kinds, and further fields of each. The functions with
/// their names are for tests of an [`Observer`].
#[derive(Debug)]
#[non_exhaustive]
pub enum Activity<'a> {
    /// An update check was answered.
    #[non_exhaustive]
    Checked {
        /// Who asked.
        machine: Machine<'a>,
        /// The version that was offered, if any.
        offered: Option<&'a Version>,
        /// Why.
        reason: &'a Reason,
    },
    /// An update check was answered with an error status.
    #[non_exhaustive]
    CheckFailed {
        /// Who asked.
        machine: Machine<'a>,
        /// The status in the answer.
        status: &'a UpdateStatus,
        /// Why.
        error: &'a UpdaterError,
    },
    /// An application was refused.
    #[non_exhaustive]
    AppRefused {
        /// Who asked.
        machine: Machine<'a>,
        /// The status in the answer.
        status: &'a AppStatus,
        /// Why.
        error: &'a UpdaterError,
    },
    /// A machine said that it is alive, and nothing else: it needs no update
    /// now, or waits for its reboot.
    #[non_exhaustive]
    Pinged {
        /// Which one.
        machine: Machine<'a>,
    },
    /// A machine reported an event.
    #[non_exhaustive]
    Reported {
        /// Which one.
        machine: Machine<'a>,
        /// What.
        event: &'a Event,
        /// Whether it came with an update check. Such an event is about an
        /// earlier update: that the machine rebooted, or rolled back.
        with_check: bool,
    },
    /// A download began.
    DownloadStarted(&'a Download<'a>),
    /// A download makes progress. Reported for each download about once a second.
    #[non_exhaustive]
    DownloadProgressed {
        /// Which one.
        download: &'a Download<'a>,
        /// The first byte of the package that was not handed to the network.
        at: u64,
    },
    /// A download came to its end.
    #[non_exhaustive]
    DownloadFinished {
        /// Which one.
        download: &'a Download<'a>,
        /// How long it took.
        elapsed: Duration,
    },
    /// A download was cut before its end.
    #[non_exhaustive]
    DownloadCut {
        /// Which one.
        download: &'a Download<'a>,
        /// The first byte of the package that was not handed to the network.
        at: u64,
        /// How long it took until then.
        elapsed: Duration,
        /// By whom, and why.
        cause: &'a CutCause,
    },
    /// A request was refused with an HTTP status.
    #[non_exhaustive]
    Refused {
        /// Where it came from.
        address: SocketAddr,
        /// Its method and path, or empty when it could not even be read.
        request: &'a str,
        /// The HTTP status.
        status: u16,
        /// Why, in words.
        reason: &'a str,
    },
    /// A connection was closed because it met one of the
    /// [limits](super::Limits).
    #[non_exhaustive]
    Expelled {
        /// Whose.
        address: IpAddr,
        /// Which one.
        violation: Violation,
    },
    /// Something went wrong that is no client's doing.
    #[non_exhaustive]
    Trouble {
        /// What, in words.
        what: &'a str,
        /// Why.
        error: &'a str,
    },
}

/// One constructor for each kind that has fields.
macro_rules! constructors {
    ($($name:ident $variant:ident { $($field:ident: $type:ty),+ })+) => {
        impl<'a> Activity<'a> {
            $(
                #[doc = concat!("[`", stringify!($variant), "`](Self::", stringify!($variant), ").")]
                pub fn $name($($field: $type),+) -> Self {
                    Self::$variant { $($field),+ }
                }
            )+
        }
    };
}

constructors! {
    checked Checked { machine: Machine<'a>, offered: Option<&'a Version>, reason: &'a Reason }
    check_failed CheckFailed { machine: Machine<'a>, status: &'a UpdateStatus, error: &'a UpdaterError }
    app_refused AppRefused { machine: Machine<'a>, status: &'a AppStatus, error: &'a UpdaterError }
    pinged Pinged { machine: Machine<'a> }
    reported Reported { machine: Machine<'a>, event: &'a Event, with_check: bool }
    download_progressed DownloadProgressed { download: &'a Download<'a>, at: u64 }
    download_finished DownloadFinished { download: &'a Download<'a>, elapsed: Duration }
    download_cut DownloadCut { download: &'a Download<'a>, at: u64, elapsed: Duration, cause: &'a CutCause }
    refused Refused { address: SocketAddr, request: &'a str, status: u16, reason: &'a str }
    expelled Expelled { address: IpAddr, violation: Violation }
    trouble Trouble { what: &'a str, error: &'a str }
}

/// A download under way.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Download<'a> {
    /// Who fetches it.
    pub address: SocketAddr,
    /// The package's name, after the folder in which it is served if it is in
    /// one: its path below [`Codebase::PACKAGES`](crate::Codebase::PACKAGES).
    pub package: &'a str,
    /// The package's length in bytes.
    pub size: u64,
    /// The bytes that were asked for.
    pub range: Range<u64>,
}

impl<'a> Download<'a> {
    /// A download of some bytes of a package of `size` bytes.
    pub fn new(address: SocketAddr, package: &'a str, size: u64, range: Range<u64>) -> Self {
        Self { address, package, size, range }
    }
}

/// What cut a download.
#[derive(Debug)]
#[non_exhaustive]
pub enum CutCause {
    /// The connection broke.
    Client(io::Error),
    /// The client read it too slowly ([`Limits::min_rate`](super::Limits::min_rate)).
    Slow,
    /// The file could not be read.
    Disk(PackageError),
    /// The file was changed, so that its bytes are no longer what was hashed.
    Changed,
    /// The server ended before the download did.
    Stopped,
}

impl fmt::Display for CutCause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(error) => write!(formatter, "the client went away: {error}"),
            Self::Slow => formatter.write_str("the client read too slowly"),
            Self::Disk(error) => write!(formatter, "the package cannot be read: {}", Chain(error)),
            Self::Changed => formatter.write_str("the package was changed meanwhile"),
            Self::Stopped => formatter.write_str("the server was stopped"),
        }
    }
}
