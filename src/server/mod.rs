//! HTTP in front of an [`Updater`], and the packages beside it.
//!
//! ```text
//! socket → connection thread ─ POST /v1/update ─→ the loop: Request → Updater → Response
//!                            └ GET /packages/… ─→ the package's file, on the same thread
//!                            └ anything else   ─→ a clear error
//! ```
//!
//! The loop is [`Server::run`]: one thread, on which alone the [`Updater`] is
//! called. It is handed whole bodies and hands back whole answers, so no
//! client's socket can hold it up.

mod accept;
mod activity;
mod condition;
mod connection;
mod download;
mod guard;
mod listen;
mod omaha;
mod range;
mod reply;
mod route;
mod slots;
mod sys;
mod under_way;

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel};
use std::thread;
use std::time::{Duration, Instant};

pub use activity::{Activity, CutCause, Download, Machine, Observer};
pub use guard::{Limits, Offence};
pub use listen::{BindError, ListenAddress, ParseListenAddressError};

use crate::authority::Authority;
use crate::package::PackageFile;
use crate::updater::{Reason, Updater};
use download::Published;
use guard::Connections;
use omaha::Question;
use reply::{Reply, Status};
use under_way::{Counted, UnderWay};

/// How long requests under way get to end after a stop.
const GRACE: Duration = Duration::from_secs(10);

/// How often the loop looks whether the last request has ended after a stop.
const TICK: Duration = Duration::from_millis(20);

/// An update server: answers update requests through an [`Updater`], and
/// serves packages.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    updater: Box<dyn Updater>,
    shared: Shared,
    inbox: Receiver<Message>,
    stop: Arc<UnixStream>,
    wake: UnixStream,
    grace: Duration,
}

/// What the loop and the connections share.
struct Shared {
    messages: Sender<Message>,
    packages: Vec<Published>,
    observer: Arc<dyn Observer>,
    /// This server's name for clients that do not say how they know it.
    authority: Option<Authority>,
    under_way: UnderWay,
    connections: Connections,
    limits: Limits,
    stopping: Arc<AtomicBool>,
}

/// What the loop is told.
enum Message {
    Job(Job),
    Stop,
    Failed(io::Error),
}

/// An update request to answer.
struct Job {
    question: Question,
    answer: SyncSender<Reply>,
}

impl Shared {
    fn package(&self, name: &str) -> Option<&Published> {
        self.packages.iter().find(|package| package.name() == name)
    }

    fn under_way(&self) -> Counted<'_> {
        self.under_way.count()
    }

    /// Ends the loop with an error.
    fn fail(&self, error: io::Error) {
        // Without a loop there is nothing left to end.
        let _ = self.messages.send(Message::Failed(error));
    }
}

impl Server {
    /// Listens on an address. Clients that connect wait until
    /// [`run`](Self::run) is called.
    ///
    /// # Errors
    ///
    /// When the address is in use, is not one of this machine, or is refused
    /// to this user.
    pub fn bind(
        address: &ListenAddress,
        updater: impl Updater + 'static,
    ) -> Result<Self, BindError> {
        let listener = address.bind()?;
        Self::prepare(listener, updater).map_err(|source| BindError::new(address, source))
    }

    fn prepare(listener: TcpListener, updater: impl Updater + 'static) -> io::Result<Self> {
        listen::prepare(&listener)?;
        let address = listener.local_addr()?;
        let (messages, inbox) = channel();
        let (stop, wake) = UnixStream::pair()?;
        let shared = Shared {
            messages,
            packages: Vec::new(),
            observer: Arc::new(|_: &Activity<'_>| {}),
            authority: Some(address)
                .filter(|address| !address.ip().is_unspecified())
                .and_then(|address| address.to_string().parse().ok()),
            under_way: UnderWay::default(),
            connections: Connections::default(),
            limits: Limits::default(),
            stopping: Arc::new(AtomicBool::new(false)),
        };
        Ok(Self {
            listener,
            address,
            updater: Box::new(updater),
            shared,
            inbox,
            stop: Arc::new(stop),
            wake,
            grace: GRACE,
        })
    }

    /// Serves these packages under [`Codebase::PACKAGES`](crate::Codebase::PACKAGES).
    /// Of several with the same name, the first is served.
    #[must_use]
    pub fn with_packages(mut self, packages: impl IntoIterator<Item = Arc<PackageFile>>) -> Self {
        self.shared.packages.extend(packages.into_iter().map(Published::new));
        self
    }

    /// Tells `observer` everything that happens.
    #[must_use]
    pub fn with_observer(mut self, observer: impl Observer + 'static) -> Self {
        self.shared.observer = Arc::new(observer);
        self
    }

    /// What connections may do.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.shared.limits = limits;
        self
    }

    /// How long requests under way get to end after a stop: 10 s if not said.
    #[must_use]
    pub fn with_grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// The address it listens on, with the port that was chosen.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What stops it from another thread.
    pub fn handle(&self) -> Handle {
        Handle {
            messages: self.shared.messages.clone(),
            stopping: Arc::clone(&self.shared.stopping),
            stop: Arc::clone(&self.stop),
        }
    }

    /// Serves until it is stopped. This is the loop that answers the update
    /// checks. After a stop it takes no new connections, waits for the
    /// requests under way, and returns.
    ///
    /// # Errors
    ///
    /// When connections can no longer be accepted.
    pub fn run(self) -> Result<(), ServeError> {
        let shared = Arc::new(self.shared);
        let accepting = {
            let shared = Arc::clone(&shared);
            thread::Builder::new()
                .name("accept".to_owned())
                .spawn(move || accept::run(self.listener, &self.wake, &shared))
                .map_err(ServeError)?
        };
        {
            let shared = Arc::clone(&shared);
            thread::Builder::new()
                .name("guard".to_owned())
                .spawn(move || guard::run(&shared))
                .map_err(ServeError)?;
        }
        let mut deadline = None;
        loop {
            match receive(&self.inbox, deadline.map(|_| TICK)) {
                Some(Message::Job(job)) => {
                    let reply = answer(&*self.updater, &shared, &job.question);
                    // A connection that broke meanwhile needs no answer.
                    let _ = job.answer.send(reply);
                }
                Some(Message::Stop) => deadline = Some(Instant::now() + self.grace),
                Some(Message::Failed(error)) => return Err(ServeError(error)),
                None => {}
            }
            let Some(deadline) = deadline else { continue };
            let left = shared.under_way.number();
            if left > 0 && Instant::now() < deadline {
                continue;
            }
            if left > 0 {
                let what = "stopped before every request had its answer";
                let error = &format!("{left} under way");
                shared.observer.observe(&Activity::Trouble { what, error });
            }
            // It was told to stop before the loop was; it only lets go of the port.
            let _ = accepting.join();
            return Ok(());
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = &self.address;
        formatter.debug_struct("Server").field("address", address).finish_non_exhaustive()
    }
}

/// The next message, or none after a while. The inbox cannot be disconnected
/// while the connections' side of it is shared with the loop.
fn receive(inbox: &Receiver<Message>, patience: Option<Duration>) -> Option<Message> {
    match patience {
        None => inbox.recv().ok(),
        Some(patience) => inbox.recv_timeout(patience).ok(),
    }
}

/// Answers an update request, and survives an [`Updater`] that panics.
fn answer(updater: &dyn Updater, shared: &Shared, question: &Question) -> Reply {
    let observer = |activity: &Activity<'_>| {
        shared.observer.observe(activity);
        if let Activity::Checked { reason: Reason::PackageChanged, .. } = activity {
            for package in &shared.packages {
                package.is_intact(&*shared.observer);
            }
        }
    };
    catch_unwind(AssertUnwindSafe(|| omaha::answer(updater, &observer, question))).unwrap_or_else(
        |_| Reply::refusal(Status::InternalServerError, "the server failed on this request"),
    )
}

/// Stops a [`Server`] from another thread.
#[derive(Clone, Debug)]
pub struct Handle {
    messages: Sender<Message>,
    stopping: Arc<AtomicBool>,
    stop: Arc<UnixStream>,
}

impl Handle {
    /// Lets the server end: no new connections, and
    /// [`run`](Server::run) returns when the requests under way have ended, or
    /// after the grace that they are given. More calls change nothing.
    pub fn stop(&self) {
        if self.stopping.swap(true, Ordering::AcqRel) {
            return;
        }
        // Both fail only when the server has ended already.
        let _ = self.stop.shutdown(std::net::Shutdown::Both);
        let _ = self.messages.send(Message::Stop);
    }
}

/// Why a [`Server`] cannot go on.
#[derive(Debug)]
pub struct ServeError(io::Error);

impl fmt::Display for ServeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "connections can no longer be accepted: {}", self.0)
    }
}

impl std::error::Error for ServeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}
