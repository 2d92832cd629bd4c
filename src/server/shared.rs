//! What the threads of a server share.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Sender, SyncSender};
use std::time::Duration;

use super::activity::Observer;
use super::body::Budget;
use super::buffers::Buffers;
use super::download::Published;
use super::guard::{Connections, Limits};
use super::omaha::Question;
use super::reply::Reply;
use super::under_way::UnderWay;
use crate::authority::Authority;

/// What the loop and the connections share.
pub(super) struct Shared {
    pub messages: Sender<Message>,
    pub packages: Vec<Published>,
    pub observer: Arc<dyn Observer>,
    /// This server's name for clients that do not say how they know it.
    pub authority: Option<Authority>,
    pub under_way: UnderWay,
    pub connections: Connections,
    /// The memory that large bodies may take together.
    pub body_budget: Budget,
    pub buffers: Buffers,
    pub limits: Limits,
    /// No new connections, and no further requests on old ones.
    pub stopping: Arc<AtomicBool>,
    /// The loop has ended.
    pub over: AtomicBool,
}

/// What the loop is told.
#[derive(Debug)]
pub(super) enum Message {
    Job(Job),
    /// To end when nothing is under way, or after so long.
    Stop(Duration),
    Failed(io::Error),
}

/// An update request to answer.
#[derive(Debug)]
pub(super) struct Job {
    pub question: Question,
    pub answer: SyncSender<Reply>,
}

impl Shared {
    pub fn package(&self, name: &str) -> Option<&Published> {
        self.packages.iter().find(|package| package.name() == name)
    }

    /// Ends the loop with an error.
    pub fn fail(&self, error: io::Error) {
        // Without a loop there is nothing left to end.
        let _ = self.messages.send(Message::Failed(error));
    }
}
