//! HTTP in front of an [`Updater`], and the packages beside it.
//!
//! ```text
//! accept → bytes → head, body → engine → handler ─ POST /v1/update ─→ Request → Updater → Response
//!            ↑                              └───── GET /packages/…  ─→ the thread that sends
//!          bytes ←──────────────────────────────── response
//! ```
//!
//! Two threads serve, each with an event loop of its own: one
//! accepts connections and answers on them, the other sends packages, so that a
//! slow disk delays no update check. A connection belongs to one of them at a
//! time, and neither waits for a client.
//!
//! ```
//! use std::sync::Arc;
//! use omaha::server::{Limits, Server};
//! use omaha::{Codebase, PackageFile, TrivialUpdater, Update};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let package = Arc::new(PackageFile::open("fixtures/update.gz".as_ref(), "update.gz".parse()?)?);
//! let update = Update::from_packages("4152.2.0".parse()?, Codebase::default(), &[package.clone()]);
//! let server = Server::bind(&"localhost:0".parse()?, TrivialUpdater::new(update))?
//!     .with_packages([package])
//!     .with_limits(Limits::default().with_max_connections(100));
//! let handle = server.handle();
//! let running = std::thread::spawn(move || server.run());
//! // Another thread, or a signal, stops it; requests under way are finished.
//! handle.stop();
//! running.join().expect("the server does not panic")?;
//! # Ok(())
//! # }
//! ```

mod acceptor;
mod activation;
mod activity;
mod answering;
mod clock;
mod connection;
mod connections;
mod context;
mod download;
mod downloads;
mod engine;
mod event_loop;
mod handle;
mod handler;
mod lifetime;
mod limits;
mod listen;
mod mailbox;
mod messages;
mod packages;
mod page;
mod poller;
mod request_reader;
mod responder;
mod route;
mod sending;
mod socket;
mod sys;
mod transfer;
mod update;

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

pub use activation::{ActivationError, passed_listener};
pub use activity::{Activity, CutCause, Download, Machine, Observer};
pub use handle::Handle;
pub use lifetime::{Heartbeat, ServeError};
pub use limits::{Limits, Violation};
pub use listen::BindError;
pub use packages::{Packages, PackagesHandle};
pub use page::{Page, PageRequest};

pub use crate::listen_address::{ListenAddress, ParseListenAddressError};
use crate::package::PackageFile;
use crate::updater::{Codebase, Updater};
use acceptor::{Acceptor, affordable};
use activity::CatchPanics;
use answering::{Answering, Peer};
use context::Context;
use downloads::Downloads;
use event_loop::EventLoop;
use lifetime::{Lifetime, Pulse};
use mailbox::Inbox;
use messages::ToAnswering;
use page::Pages;
use poller::{Poller, Token};
use responder::Responder;
use sending::Sending;

/// How long requests under way get to end after a stop.
const GRACE: Duration = Duration::from_secs(10);

/// An update server: answers update requests through an [`Updater`], and
/// serves packages.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    updater: Box<dyn Updater>,
    pages: Pages,
    context: Context,
    poller: Poller,
    inbox: Inbox<ToAnswering>,
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
        let listener = listen::bind(address)?;
        Self::from_listener(listener, updater).map_err(|source| BindError::new(address, source))
    }

    /// Listens on a socket that was opened elsewhere, by systemd for example.
    ///
    /// # Errors
    ///
    /// When it is not a listening TCP socket.
    pub fn from_listener(
        listener: TcpListener,
        updater: impl Updater + 'static,
    ) -> io::Result<Self> {
        listen::prepare(&listener)?;
        let address = listener.local_addr()?;
        let poller = Poller::new()?;
        let inbox = Inbox::new(poller.waker());
        let context = Context {
            packages: PackagesHandle::default(),
            observer: Arc::new(|_: &Activity<'_>| {}),
            authority: Some(address)
                // A zone is a number of this machine's, and means nothing elsewhere.
                .filter(|address| !address.ip().is_unspecified() && !has_zone(address))
                .and_then(|address| address.to_string().parse().ok()),
            limits: Limits::default(),
            downloads_alive: AtomicBool::new(true),
        };
        let updater = Box::new(updater);
        Ok(Self {
            listener,
            address,
            updater,
            pages: Box::new(|_| None),
            context,
            poller,
            inbox,
            grace: GRACE,
            pulse: None,
        })
    }

    /// Serves these packages under [`Codebase::PACKAGES`](crate::Codebase::PACKAGES).
    /// Of several with the same name, the first is served. [`packages`](Self::packages)
    /// is for packages in folders below it, and for a server whose packages change.
    #[must_use]
    pub fn with_packages(self, packages: impl IntoIterator<Item = Arc<PackageFile>>) -> Self {
        let mut all = Packages::clone(&self.context.packages.packages());
        packages.into_iter().for_each(|package| all.add(&Codebase::default(), package));
        self.context.packages.set_packages(all);
        self
    }

    /// What changes the packages that are served, from another thread.
    pub fn packages(&self) -> PackagesHandle {
        self.context.packages.clone()
    }

    /// Tells `observer` everything that happens.
    #[must_use]
    pub fn with_observer(mut self, observer: impl Observer + 'static) -> Self {
        self.context.observer = Arc::new(CatchPanics(observer));
        self
    }

    /// Answers GET and HEAD of every path that is neither the update's nor a
    /// package's with what `pages` makes of it; where that is nothing, with 404
    /// as without it. Called by the thread that answers, so it should not block.
    /// No [`Activity`] reports it.
    #[must_use]
    pub fn with_pages(
        mut self,
        pages: impl FnMut(&PageRequest<'_>) -> Option<Page> + Send + 'static,
    ) -> Self {
        self.pages = Box::new(pages);
        self
    }

    /// What connections may do (default: [`Limits::default`]).
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.context.limits = limits;
        self
    }

    /// How long requests under way get to end after a stop (default: 10 s).
    #[must_use]
    pub fn with_grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Has `beat` called: first when it begins to answer, then after each such
    /// time (at least 10 ms), and at once when it is told to stop. It is called
    /// by the thread that answers: while an [`Updater`] or an [`Observer`] is
    /// stuck it is not called, which is what a watchdog is to notice.
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
        Handle::new(self.inbox.mailbox(), self.grace)
    }

    /// Serves until it is stopped, on the calling thread, and sends packages on
    /// one more. After a stop it takes no new connections, waits for the
    /// requests under way, and returns.
    ///
    /// It waits for an [`Updater`] that is stuck, and for a disk that is stuck
    /// a second longer than for the requests.
    ///
    /// # Errors
    ///
    /// When there is no thread for the packages, or the system fails.
    pub fn run(self) -> Result<(), ServeError> {
        let Self { listener, updater, pages, mut context, poller, inbox, pulse, .. } = self;
        let packages = context.packages.packages().all().len();
        context.limits.max_connections = affordable(context.limits.max_connections, packages);
        let context = Arc::new(context);
        poller.add(&listener, Token::LISTENER).map_err(ServeError::EventLoop)?;
        let responder =
            Responder::new(Arc::clone(&context), updater, pages).map_err(ServeError::Engine)?;

        let sending_poller = Poller::new().map_err(ServeError::EventLoop)?;
        let sending_inbox = Inbox::new(sending_poller.waker());
        let mailbox = sending_inbox.mailbox();
        let events = EventLoop::new(Arc::clone(&context), sending_poller);
        let sending = Sending::new(events, sending_inbox, inbox.mailbox());
        let thread = thread::Builder::new().name("sending".to_owned());
        let thread = thread.spawn(|| sending.run()).map_err(ServeError::Thread)?;

        let answering = Answering {
            events: EventLoop::new(context, poller),
            inbox,
            acceptor: Some(Acceptor::new(listener)),
            responder,
            downloads: Downloads::default(),
            sending: Peer { mailbox, thread: Some(thread) },
            lifetime: Lifetime::new(pulse),
        };
        answering.run().map_err(ServeError::EventLoop)
    }
}

fn has_zone(address: &SocketAddr) -> bool {
    matches!(address, SocketAddr::V6(address) if address.scope_id() != 0)
}

impl fmt::Debug for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = &self.address;
        formatter.debug_struct("Server").field("address", address).finish_non_exhaustive()
    }
}
