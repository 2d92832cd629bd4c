//! What both threads of a server know. Nothing of it belongs to a connection.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::activity::{Activity, Observer};
use super::limits::Limits;
use super::packages::PackagesHandle;
use crate::authority::Authority;

/// What both threads know.
pub(super) struct Context {
    pub packages: PackagesHandle,
    pub observer: Arc<dyn Observer>,
    /// This server's name for clients that do not say how they know it.
    pub authority: Option<Authority>,
    pub limits: Limits,
    /// Set again and again by the thread that sends packages.
    pub downloads_alive: AtomicBool,
}

impl Context {
    pub fn observe(&self, activity: &Activity<'_>) {
        self.observer.observe(activity);
    }

    /// Tells the operator of something that is no client's doing.
    pub fn trouble(&self, what: &str, error: &str) {
        self.observe(&Activity::Trouble { what, error });
    }
}
