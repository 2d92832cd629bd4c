//! Serving the payloads to this machine only.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use omaha::server::{Activity, Handle, ListenAddress, Server};
use omaha::{Codebase, PackageFile, TrivialUpdater, Update, Version};

use super::error::UpdateError;
use super::happening::Happening;
use super::queue::Queue;
use crate::background;
use crate::events;
use crate::format::sentence;

/// The loopback interface, and a free port.
const ADDRESS: &str = "127.0.0.1:0";

/// The running server. It stops when this is dropped.
#[derive(Debug)]
pub struct Serving {
    handle: Handle,
    /// What `SERVER=` must be.
    pub url: String,
}

impl Serving {
    /// Starts the server. What it does goes into the queue, and to standard
    /// output as JSON if that is wanted.
    ///
    /// # Errors
    ///
    /// When it cannot listen.
    pub fn start(
        version: &Version,
        packages: &[Arc<PackageFile>],
        force: bool,
        with_events: bool,
        queue: &Queue,
    ) -> Result<Self, UpdateError> {
        let update = Update::from_packages(version.clone(), Codebase::default(), packages);
        let updater =
            TrivialUpdater::new(update).with_force(force).with_watched(packages.iter().cloned());
        let address: ListenAddress =
            ADDRESS.parse().map_err(|error| UpdateError::from(sentence(&error)))?;
        let observer = queue.clone();
        let server = Server::bind(&address, updater)
            .map_err(|error| UpdateError::from(sentence(&error)))?
            .with_packages(packages.iter().cloned())
            .with_observer(move |activity: &Activity<'_>| {
                if with_events && let Some(object) = events::activity(activity, None) {
                    events::write(object);
                }
                if let Some(happening) = Happening::of(activity) {
                    observer.push(happening);
                }
            });
        let (handle, url) = (server.handle(), format!("http://{}/v1/update/", server.address()));
        let queue = queue.clone();
        background::start("server", move || {
            let ended = catch_unwind(AssertUnwindSafe(|| server.run()));
            let ended = match ended {
                Ok(Ok(())) => "it was stopped".to_owned(),
                Ok(Err(error)) => error.to_string(),
                Err(_) => "a panic, see above".to_owned(),
            };
            queue.push(Happening::ServerEnded(ended));
        })?;
        Ok(Self { handle, url })
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.handle.stop();
    }
}
