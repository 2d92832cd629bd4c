//! The codes of the specification: event types, event results, statuses.
//!
//! All of them are open: a number or a text that is not known is kept, so that
//! what was read can be written again. The values are those of the *Omaha
//! Server Protocol V3* and of go-omaha.

use std::error::Error;
use std::fmt;

use super::OtherText;

/// Gives a newtype around a number its construction and access, its named
/// values, as associated constants, and the text for each of them.
macro_rules! named_numbers {
    ($type:ident, $noun:literal: $($(#[doc = $doc:literal])+ $name:ident = $number:literal, $text:literal;)+) => {
        impl $type {
            $($(#[doc = $doc])+ pub const $name: Self = Self($number);)+

            #[doc = concat!("The ", $noun, " with this number, known or not.")]
            pub const fn new(code: i64) -> Self {
                Self(code)
            }

            /// The number on the wire.
            pub const fn code(self) -> i64 {
                self.0
            }

            /// Every named value, for tests.
            #[cfg(test)]
            const NAMED: &'static [Self] = &[$(Self::$name),+];

            /// What a named value is called.
            fn text(self) -> Option<&'static str> {
                match self.0 {
                    $($number => Some($text),)+
                    _ => None,
                }
            }
        }
    };
}
pub(super) use named_numbers;

/// A type of event (`eventtype`): what happened on the machine.
///
/// Any number can be held; the associated constants are the known ones.
/// `Display` writes the text of a known one ("update download started") and
/// otherwise the number ("event type 77").
///
/// `update_engine` sends 3, 13 and 14 only. The specification leaves 51 to 55
/// to the implementations; they have no name here.
///
/// ```
/// use omaha::protocol::EventType;
///
/// assert_eq!(EventType::new(13), EventType::UPDATE_DOWNLOAD_STARTED);
/// assert_eq!(EventType::new(77).code(), 77);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct EventType(i64);

named_numbers! { EventType, "event type":
    /// The client does not say; also what an absent attribute means.
    UNKNOWN = 0, "unknown event";
    /// The first installation's packages were fetched.
    DOWNLOAD_COMPLETE = 1, "download complete";
    /// The first installation ended.
    INSTALL_COMPLETE = 2, "install complete";
    /// An update ended; the result says how. From `update_engine`, with
    /// [`EventResult::SUCCESS`] the update waits for the reboot, and with
    /// [`EventResult::SUCCESS_REBOOT`] the machine has rebooted since.
    UPDATE_COMPLETE = 3, "update complete";
    /// The application was removed.
    UNINSTALL = 4, "uninstall complete";
    /// The first installation's packages are being fetched.
    DOWNLOAD_STARTED = 5, "download started";
    /// The first installation's installer was started.
    INSTALL_STARTED = 6, "install started";
    /// The installation of a further application was started.
    NEW_APPLICATION_INSTALL_STARTED = 9, "new application install started";
    /// The setup of the update client itself was started.
    SETUP_STARTED = 10, "setup started";
    /// The setup of the update client itself ended.
    SETUP_FINISHED = 11, "setup finished";
    /// The update of an application was started.
    UPDATE_APPLICATION_STARTED = 12, "update application started";
    /// The packages of an update are being fetched.
    UPDATE_DOWNLOAD_STARTED = 13, "update download started";
    /// The packages of an update were fetched and, by `update_engine`,
    /// verified.
    UPDATE_DOWNLOAD_FINISHED = 14, "update download finished";
    /// The installer of an update was started.
    UPDATE_INSTALLER_STARTED = 15, "update installer started";
    /// The update client began to update itself.
    SETUP_UPDATE_BEGIN = 16, "setup update begun";
    /// The update client ended updating itself.
    SETUP_UPDATE_COMPLETE = 17, "setup update complete";
    /// A product was registered without being installed.
    REGISTER_PRODUCT_COMPLETE = 20, "register product complete";
    /// The first check of a system that its manufacturer installed.
    OEM_INSTALL_FIRST_CHECK = 30, "OEM install first check";
    /// A command of the application was started.
    APP_SPECIFIC_COMMAND_STARTED = 40, "app-specific command started";
    /// A command of the application ended.
    APP_SPECIFIC_COMMAND_ENDED = 41, "app-specific command ended";
    /// An update check failed. Clients report only a few of these failures.
    UPDATE_CHECK_FAILURE = 50, "update check failure";
    /// The setup of the update client failed.
    SETUP_FAILURE = 100, "setup failure";
    /// The update client's COM server (Windows) failed.
    COM_SERVER_FAILURE = 102, "COM server failure";
    /// The update client failed to update itself.
    SETUP_UPDATE_FAILURE = 103, "setup update failure";
}

/// The result of an event (`eventresult`): how it ended.
///
/// Any number can be held; the associated constants are the known ones.
/// `Display` writes the text of a known one ("success, reboot") and
/// otherwise the number ("event result 12"). `update_engine` sends 0, 1, 2
/// and 9 only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct EventResult(i64);

named_numbers! { EventResult, "event result":
    /// It failed; the error code says why. Also what an absent attribute means.
    ERROR = 0, "error";
    /// It succeeded.
    SUCCESS = 1, "success";
    /// It succeeded, with a restart of the machine. `update_engine` sends this
    /// after the restart.
    SUCCESS_REBOOT = 2, "success, reboot";
    /// It succeeded, and the browser must be restarted.
    SUCCESS_RESTART_BROWSER = 3, "success, restart browser";
    /// The user cancelled it.
    CANCELLED = 4, "cancelled";
    /// A Windows Installer package (MSI) failed.
    ERROR_INSTALLER_MSI = 5, "error in MSI installer";
    /// An installer of another kind failed.
    ERROR_INSTALLER_OTHER = 6, "error in other installer";
    /// The server answered that there is no update.
    NO_UPDATE = 7, "no update";
    /// The system failed to run the installer.
    ERROR_INSTALLER_SYSTEM = 8, "error in system installer";
    /// The client put the update off. `update_engine` does so after repeated
    /// failures, with [`ErrorCode::UPDATE_DEFERRED_FOR_BACKOFF`].
    ///
    /// [`ErrorCode::UPDATE_DEFERRED_FOR_BACKOFF`]: super::ErrorCode::UPDATE_DEFERRED_FOR_BACKOFF
    UPDATE_DEFERRED = 9, "update deferred";
    /// The update could not be handed over to a client that was there already.
    HANDOFF_ERROR = 10, "handoff error";
}

/// `Display` of a newtype with [`named_numbers`]: the text, or else the number.
macro_rules! display_number {
    ($type:ident, $noun:literal) => {
        impl fmt::Display for $type {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.text() {
                    Some(text) => formatter.pad(text),
                    None => write!(formatter, concat!($noun, " {}"), self.0),
                }
            }
        }
    };
}

display_number!(EventType, "event type");
display_number!(EventResult, "event result");

/// An enum of the texts that a status attribute can have, open at the end.
macro_rules! status {
    (
        $(#[$attribute:meta])*
        $type:ident { $($(#[$variant_attribute:meta])* $variant:ident = $text:literal,)+ }
    ) => {
        $(#[$attribute])*
        ///
        /// `From` makes one of any text.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $type {
            $($(#[$variant_attribute])* $variant,)+
            /// Any other text, which a later version may have a variant for.
            Other(OtherText),
        }

        impl $type {
            /// The text on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Other(text) => text.as_str(),
                }
            }
        }

        impl From<&str> for $type {
            fn from(text: &str) -> Self {
                match text {
                    $($text => Self::$variant,)+
                    other => Self::Other(OtherText::new(other)),
                }
            }
        }

        impl From<String> for $type {
            fn from(text: String) -> Self {
                Self::from(text.as_str())
            }
        }

        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl fmt::Display for $type {
            /// Writes the text on the wire.
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.pad(self.as_str())
            }
        }
    };
}

status! {
    /// Whether a server deals with an application (`status` of an `<app>` in a
    /// response). `update_engine` does not read it.
    ///
    /// The default is `ok`: a server that says nothing about an application
    /// has no objection to it.
    AppStatus {
        /// The application is known.
        #[default]
        Ok = "ok",
        /// It is known, but policy forbids a better answer.
        Restricted = "restricted",
        /// There is no such application.
        UnknownApplication = "error-unknownApplication",
        /// The `appid` is not one.
        InvalidAppId = "error-invalidAppId",
        /// The `version` is not one, an extension of go-omaha.
        InvalidVersion = "error-invalidVersion",
        /// The server failed, an extension of go-omaha.
        Internal = "error-internal",
    }
}

status! {
    /// The outcome of an update check (`status` of an `<updatecheck>` in a
    /// response). `update_engine` takes anything but `ok` and `noupdate` for a
    /// broken answer (its error 34).
    ///
    /// The default is `noupdate`, the answer that never does harm.
    UpdateStatus {
        /// There is nothing to install.
        #[default]
        NoUpdate = "noupdate",
        /// There is an update, and its description follows.
        Ok = "ok",
        /// Not for this operating system.
        OsNotSupported = "error-osnotsupported",
        /// Not for this hardware.
        HardwareNotSupported = "error-hwnotsupported",
        /// The server cannot answer in this version of the protocol.
        UnsupportedProtocol = "error-unsupportedProtocol",
        /// Not for this host of a browser plug-in, an extension of go-omaha.
        PluginRestrictedHost = "error-pluginRestrictedHost",
        /// The server has no digest for the package.
        Hash = "error-hash",
        /// The server failed.
        Internal = "error-internal",
    }
}

status! {
    /// Whether a ping or an event was taken note of (`status` of a `<ping>` or
    /// an `<event>` in a response). The specification knows `ok` only.
    AckStatus {
        /// It was.
        #[default]
        Ok = "ok",
    }
}

/// So that an [`Updater`](crate::Updater) can refuse with `?`.
impl Error for AppStatus {}

/// So that an [`Updater`](crate::Updater) can refuse with `?`.
impl Error for UpdateStatus {}

#[cfg(test)]
mod tests;
