//! The updater of the command: the library's, and the rules of a staged
//! roll-out before it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use omaha::protocol::request::{App, Request};
use omaha::protocol::{ErrorCode, EventResult};
use omaha::server::Machine;
use omaha::{Decision, Reason, Update, Updater, UpdaterError};

use crate::watch::Watch;

/// Offers the update to the machines whose turn it is.
pub struct RolloutUpdater {
    inner: Box<dyn Updater>,
    watch: Arc<Watch>,
    /// Where the present request came from.
    address: SocketAddr,
}

impl RolloutUpdater {
    pub fn new(inner: Box<dyn Updater>, watch: Arc<Watch>) -> Self {
        Self { inner, watch, address: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)) }
    }
}

impl Updater for RolloutUpdater {
    fn begin(&mut self, _: &Request, address: SocketAddr) {
        self.address = address;
    }

    fn check_update(&mut self, request: &Request, app: &App) -> Result<Decision, UpdaterError> {
        let machine = Machine::new(app, self.address);
        let has_rolled_back = app.events.iter().any(|event| {
            event.result == EventResult::ERROR
                && event.error_code.is_some_and(|code| code.base() == ErrorCode::ROLLBACK)
        });
        self.watch.arrive(&machine, has_rolled_back);
        let decision = self.inner.check_update(request, app)?;
        let Some(update) = &decision.update else { return Ok(decision) };
        Ok(match self.watch.may_offer(&machine, update) {
            Ok(()) => decision,
            Err(reason) => Decision::none(reason),
        })
    }

    fn download_finished(&mut self, request: &Request, app: &App) -> Option<Arc<Update>> {
        let update = self.inner.download_finished(request, app)?;
        let machine = Machine::new(app, self.address);
        // It is what the machine installs already, whoever has a turn now.
        let is_for_it = self.watch.may_offer(&machine, &update) != Err(Reason::OtherBoard)
            && self.watch.may_install(&machine, &update);
        is_for_it.then_some(update)
    }
}
