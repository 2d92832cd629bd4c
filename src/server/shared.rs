//! What the threads of a server share.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::activity::{Activity, Observer};
use super::body::Budget;
use super::crew::SecondSender;
use super::download::Published;
use super::guard::{Connections, Limits};
use super::lot::Lot;
use super::reply::Reply;
use super::under_way::UnderWay;
use crate::authority::Authority;
use crate::updater::Updater;

/// What the threads share.
pub(super) struct Shared {
    pub messages: Sender<Message>,
    /// Asked by one thread at a time.
    pub updater: Mutex<Box<dyn Updater>>,
    pub packages: Vec<Arc<Published>>,
    pub observer: Arc<dyn Observer>,
    /// This server's name for clients that do not say how they know it.
    pub authority: Option<Authority>,
    pub under_way: UnderWay,
    pub connections: Connections,
    /// Connections that wait for a request.
    pub waiting: Lot,
    /// Connections with a download, which wait for room.
    pub sending: Lot,
    pub second_sender: SecondSender,
    /// The memory that large bodies may take together.
    pub body_budget: Budget,
    pub limits: Limits,
    /// No new connections, and no further requests on old ones.
    pub stopping: Arc<AtomicBool>,
    /// The server has ended.
    pub over: AtomicBool,
}

/// What the server is told.
#[derive(Debug)]
pub(super) enum Message {
    /// To end when nothing is under way, or after so long.
    Stop(Duration),
    Failed(io::Error),
}

impl Shared {
    pub fn package(&self, name: &str) -> Option<&Arc<Published>> {
        self.packages.iter().find(|package| package.name() == name)
    }

    /// Tells the operator why a request is refused, if it is.
    pub fn note(&self, reply: &Reply, address: SocketAddr, request: &str) {
        if let Some(reason) = &reply.refusal {
            let status = reply.status.code();
            self.observer.observe(&Activity::Refused { address, request, status, reason });
        }
    }

    /// Ends the server with an error.
    pub fn fail(&self, error: io::Error) {
        // Without anybody to be told there is nothing left to end.
        let _ = self.messages.send(Message::Failed(error));
    }
}
