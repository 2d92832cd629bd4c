//! HTTP in front of an [`Updater`], and the packages beside it.
//!
//! ```text
//! accept → wait for a request → worker ─ POST /v1/update ─→ Request → Updater → Response
//!               ↑                      ├ GET /packages/… ─→ wait for room → sender
//!               └────── answered ──────┴ anything else   ─→ a clear error
//! ```
//!
//! Connections wait without a thread; a few threads serve those that are ready
//! (see `crew.rs`), and never wait for a client. The [`Updater`] is called by one
//! of them at a time.

mod accept;
mod activation;
mod activity;
mod body;
mod condition;
mod connection;
mod crew;
mod download;
mod exchange;
#[cfg(fuzzing)]
pub mod fuzzing;
mod gate;
mod guard;
mod handle;
mod lifetime;
mod listen;
mod lot;
mod omaha;
mod range;
mod reply;
mod route;
mod shared;
mod slots;
mod sys;
mod thrift;
mod transfer;
mod under_way;

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

pub use activation::{ActivationError, passed_listener};
pub use activity::{Activity, CutCause, Download, Machine, Observer};
pub use guard::{Limits, Offence};
pub use handle::Handle;
pub use lifetime::{Heartbeat, ServeError};
pub use listen::{BindError, ListenAddress, ParseListenAddressError};

use crate::package::PackageFile;
use crate::updater::Updater;
use activity::Careful;
use body::Budget;
use crew::SecondSender;
use download::Published;
use guard::Connections;
use lifetime::{Lifetime, Pulse};
use lot::{Awaited, Lot};
use shared::{Message, Shared};
use under_way::UnderWay;

/// What a thread of a server does.
type Work<'scope> = Box<dyn FnOnce() + Send + 'scope>;

/// How long requests under way get to end after a stop.
const GRACE: Duration = Duration::from_secs(10);

/// An update server: answers update requests through an [`Updater`], and
/// serves packages.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    shared: Shared,
    inbox: Receiver<Message>,
    stop: Arc<UnixStream>,
    wake: UnixStream,
    grace: Duration,
    pulse: Option<Pulse>,
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
        Self::on(listener, updater).map_err(|source| BindError::new(address, source))
    }

    /// Listens on a socket that was opened elsewhere, by systemd for example.
    ///
    /// # Errors
    ///
    /// When it is not a listening TCP socket.
    pub fn on(listener: TcpListener, updater: impl Updater + 'static) -> io::Result<Self> {
        listen::prepare(&listener)?;
        let address = listener.local_addr()?;
        let (messages, inbox) = channel();
        let (stop, wake) = UnixStream::pair()?;
        let shared = Shared {
            messages,
            updater: Mutex::new(Box::new(updater)),
            packages: Vec::new(),
            observer: Arc::new(|_: &Activity<'_>| {}),
            authority: Some(address)
                .filter(|address| !address.ip().is_unspecified())
                .and_then(|address| address.to_string().parse().ok()),
            under_way: UnderWay::default(),
            connections: Connections::default(),
            waiting: Lot::new(Awaited::Input)?,
            sending: Lot::new(Awaited::Room)?,
            second_sender: SecondSender::default(),
            body_budget: Budget::default(),
            limits: Limits::default(),
            stopping: Arc::new(AtomicBool::new(false)),
            over: AtomicBool::new(false),
        };
        Ok(Self {
            listener,
            address,
            shared,
            inbox,
            stop: Arc::new(stop),
            wake,
            grace: GRACE,
            pulse: None,
        })
    }

    /// Serves these packages under [`Codebase::PACKAGES`](crate::Codebase::PACKAGES).
    /// Of several with the same name, the first is served.
    #[must_use]
    pub fn with_packages(mut self, packages: impl IntoIterator<Item = Arc<PackageFile>>) -> Self {
        self.shared.packages.extend(packages.into_iter().map(Published::new).map(Arc::new));
        self
    }

    /// Tells `observer` everything that happens.
    #[must_use]
    pub fn with_observer(mut self, observer: impl Observer + 'static) -> Self {
        self.shared.observer = Arc::new(Careful(observer));
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

    /// Has `beat` called: first when it begins to answer, then every so often,
    /// and at once when it is told to stop. While the [`Updater`] is stuck it
    /// is not called, which is what a watchdog is to notice.
    #[must_use]
    pub fn with_heartbeat(
        mut self,
        every: Duration,
        beat: impl FnMut(&Heartbeat) + Send + 'static,
    ) -> Self {
        self.pulse = Some(Pulse { every, beat: Box::new(beat) });
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
            grace: self.grace,
        }
    }

    /// Serves until it is stopped. After a stop it takes no new connections,
    /// waits for the requests under way, and returns; it also waits for an
    /// [`Updater`] or a disk that is stuck.
    ///
    /// # Errors
    ///
    /// When connections can no longer be accepted, or there are no threads.
    pub fn run(self) -> Result<(), ServeError> {
        let handle = self.handle();
        let Self { listener, mut shared, inbox, wake, pulse, .. } = self;
        shared.limits.max_connections = accept::affordable(shared.limits.max_connections);
        listen::set_patience(&listener, shared.limits.idle_timeout)?;
        let shared = &Arc::new(shared);
        let lifetime = Lifetime { shared, inbox, pulse };
        let mut end = Ok(());
        let mut works: Vec<(&str, Work<'_>)> = Vec::new();
        works.push(("guard", Box::new(|| guard::run(shared))));
        for _ in 0..crew::workers() {
            works.push(("worker", Box::new(|| crew::work(shared))));
        }
        works.push(("sender", Box::new(|| crew::send(shared))));
        works.push((
            "lifetime",
            Box::new(|| {
                end = lifetime.pass();
                handle.stop();
            }),
        ));
        // What the preparations have used is not needed any more.
        sys::give_back_memory();
        let started = thread::scope(|scope| {
            let mut threads = Vec::new();
            let started = works.into_iter().try_for_each(|(name, work)| {
                let builder = thread::Builder::new().name(name.to_owned());
                threads.push(builder.spawn_scoped(scope, work)?);
                io::Result::Ok(())
            });
            if started.is_ok() {
                // Here, and not in a thread of its own: each thread has memory
                // of its own, and the preparations have left enough here.
                accept::run(listener, &wake, shared);
                // The others go on until the lifetime has passed.
                let lifetime = threads.pop();
                let _ = lifetime.map(ScopedJoinHandle::join);
            }
            handle.stop();
            shared.over.store(true, Ordering::Release);
            for connection in shared.connections.all() {
                connection.shut_down();
            }
            shared.waiting.close();
            shared.sending.close();
            for thread in threads {
                thread.thread().unpark();
                // An observer that panicked there is no reason to panic here.
                let _ = thread.join();
            }
            shared.second_sender.join();
            started
        });
        // What came while it ended.
        for connection in shared.connections.all() {
            connection.shut_down();
        }
        // Their downloads learn that they are cut.
        for mut connection in shared.sending.empty() {
            connection.send_more(&mut transfer::room(), shared);
            connection.end(shared);
        }
        for connection in shared.waiting.empty() {
            connection.end(shared);
        }
        started?;
        end
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = &self.address;
        formatter.debug_struct("Server").field("address", address).finish_non_exhaustive()
    }
}
