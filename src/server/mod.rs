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
mod activation;
mod activity;
mod body;
mod buffers;
mod condition;
mod connection;
mod download;
mod event_loop;
#[cfg(fuzzing)]
pub mod fuzzing;
mod gate;
mod guard;
mod handle;
mod listen;
mod omaha;
mod range;
mod reply;
mod route;
mod shared;
mod slots;
mod sys;
mod under_way;

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

pub use activation::{ActivationError, passed_listener};
pub use activity::{Activity, CutCause, Download, Machine, Observer};
pub use event_loop::{Heartbeat, ServeError};
pub use guard::{Limits, Offence};
pub use handle::Handle;
pub use listen::{BindError, ListenAddress, ParseListenAddressError};

use crate::package::PackageFile;
use crate::updater::Updater;
use activity::Careful;
use body::Budget;
use buffers::Buffers;
use download::Published;
use event_loop::{EventLoop, Pulse};
use guard::Connections;
use shared::{Message, Shared};
use under_way::UnderWay;

/// How long requests under way get to end after a stop.
const GRACE: Duration = Duration::from_secs(10);

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
            packages: Vec::new(),
            observer: Arc::new(|_: &Activity<'_>| {}),
            authority: Some(address)
                .filter(|address| !address.ip().is_unspecified())
                .and_then(|address| address.to_string().parse().ok()),
            under_way: UnderWay::default(),
            connections: Connections::default(),
            body_budget: Budget::default(),
            buffers: Buffers::default(),
            limits: Limits::default(),
            stopping: Arc::new(AtomicBool::new(false)),
            over: AtomicBool::new(false),
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
            pulse: None,
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

    /// Has the loop itself call `beat`: first when it begins to answer, then
    /// every so often, and at once when it is told to stop. A loop that is
    /// stuck does not call, which is what a watchdog is to notice.
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

    /// Serves until it is stopped. This is the loop that answers the update
    /// checks. After a stop it takes no new connections, waits for the
    /// requests under way, and returns.
    ///
    /// # Errors
    ///
    /// When connections can no longer be accepted.
    pub fn run(self) -> Result<(), ServeError> {
        let handle = self.handle();
        let Self { listener, updater, mut shared, inbox, wake, pulse, .. } = self;
        shared.limits.max_connections = accept::affordable(shared.limits.max_connections);
        listen::set_patience(&listener, shared.limits.idle_timeout)?;
        let shared = Arc::new(shared);
        let (shared, updater, inbox) = (&shared, &*updater, &inbox);
        let result = thread::scope(|scope| {
            let spawn = |name: &str| thread::Builder::new().name(name.to_owned());
            let guarding = spawn("guard").spawn_scoped(scope, || guard::run(shared));
            let accepting =
                spawn("accept").spawn_scoped(scope, || accept::run(listener, &wake, shared));
            let result = match (&guarding, &accepting) {
                (Ok(_), Ok(_)) => EventLoop { shared, updater, inbox, pulse }.run(),
                _ => Ok(()),
            };
            handle.stop();
            shared.over.store(true, Ordering::Release);
            if let Ok(guarding) = &guarding {
                guarding.thread().unpark();
            }
            for spawned in [guarding, accepting] {
                // An observer that panicked there is no reason to panic here.
                let _ = spawned.map_err(ServeError::from)?.join();
            }
            result
        });
        for connection in shared.connections.all() {
            connection.shut_down();
        }
        result
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = &self.address;
        formatter.debug_struct("Server").field("address", address).finish_non_exhaustive()
    }
}
