//! What an update server decides, apart from how it is asked.

mod catalog;
mod codebase;
mod decision;
mod handler;
mod trivial;
mod update;
mod update_file;

use std::error::Error;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

pub use catalog::{Catalog, CatalogHandle, Release};
pub use codebase::{Codebase, ParseCodebaseError};
pub use decision::{Decision, Reason};
pub use handler::{OmahaHandler, Outcome};
pub use trivial::{TrivialUpdater, TrivialUpdaterHandle};
pub use update::Update;
pub use update_file::ReadUpdateError;

use crate::protocol::request::{App, Event, Request};
use crate::protocol::{AppStatus, UpdateStatus};

/// An update server's decisions and the reports it takes.
///
/// They are asked by an [`OmahaHandler`], and so by the server of the feature
/// `server`, always from the thread that answers. That server calls
/// [`begin`](Self::begin) for each request. Then these methods are called for
/// each application of it: [`check_app`](Self::check_app) first; unless
/// that refuses, then [`check_update`](Self::check_update), [`ping`](Self::ping)
/// and [`event`](Self::event) for what the application holds. They should not
/// block: every client waits for them.
///
/// An updater belongs to its server. To change its decisions from outside while
/// the server runs, as [`TrivialUpdaterHandle`] does, give it one end of something that is shared, such as an
/// `Arc<Mutex<…>>` or the receiver of a channel, and look there in
/// `check_update`.
pub trait Updater: Send {
    /// A request begins, which came from this address. A program with an HTTP
    /// server of its own calls it where the updater wants to know.
    fn begin(&mut self, request: &Request, address: SocketAddr) {
        let _ = (request, address);
    }

    /// Whether this server deals with the application at all.
    ///
    /// # Errors
    ///
    /// [`UpdaterError::App`] becomes the application's status; anything else
    /// `error-internal`.
    fn check_app(&mut self, request: &Request, app: &App) -> Result<(), UpdaterError> {
        let _ = (request, app);
        Ok(())
    }

    /// Whether there is an update for the application.
    ///
    /// # Errors
    ///
    /// [`UpdaterError::Update`] becomes the status of the update check,
    /// [`UpdaterError::App`] that of the application, anything else
    /// `error-internal`. A machine takes every one of them for a broken server
    /// (`update_engine`'s error 34); where there is merely nothing to offer,
    /// answer [`Decision::none`].
    fn check_update(&mut self, request: &Request, app: &App) -> Result<Decision, UpdaterError>;

    /// What a machine is offered once more that has downloaded the update's
    /// payload (event 14/1) and is about to install it.
    ///
    /// Some versions of `update_engine` look for the extensions of an update in
    /// the answer to that event. No other looks at the answer. It is sent if the
    /// update has extensions, and changes nothing else.
    fn download_finished(&mut self, request: &Request, app: &App) -> Option<Arc<Update>> {
        let _ = (request, app);
        None
    }

    /// Takes a report of what happened on the machine.
    fn event(&mut self, request: &Request, app: &App, event: &Event) {
        let _ = (request, app, event);
    }

    /// Takes a sign of life.
    fn ping(&mut self, request: &Request, app: &App) {
        let _ = (request, app);
    }
}

/// Why an [`Updater`] has no answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum UpdaterError {
    /// The application is refused with this status.
    App(AppStatus),
    /// The update check is refused with this status.
    Update(UpdateStatus),
    /// Something broke; the client learns only that.
    Internal(Box<dyn Error + Send + Sync>),
}

impl From<AppStatus> for UpdaterError {
    fn from(status: AppStatus) -> Self {
        Self::App(status)
    }
}

impl From<UpdateStatus> for UpdaterError {
    fn from(status: UpdateStatus) -> Self {
        Self::Update(status)
    }
}

impl From<Box<dyn Error + Send + Sync>> for UpdaterError {
    fn from(error: Box<dyn Error + Send + Sync>) -> Self {
        Self::Internal(error)
    }
}

/// What an [`UpdaterError::Internal`] says is what its error says, whose own
/// source is then the source.
impl fmt::Display for UpdaterError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::App(status) => write!(formatter, "application status {status}"),
            Self::Update(status) => write!(formatter, "update status {status}"),
            Self::Internal(error) => write!(formatter, "{error}"),
        }
    }
}

impl Error for UpdaterError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Internal(error) => error.source(),
            Self::App(_) | Self::Update(_) => None,
        }
    }
}
