//! **Omaha**, the XML update protocol (version 3.0), in the dialect of CoreOS
//! Container Linux and its successor Flatcar.
//!
//! Omaha is a protocol of polls: a machine asks whether there is an update for
//! what it runs, downloads the packages that the answer names, and reports
//! each step as an event. The crate has a room for each part of that:
//!
//! - [`protocol`]: the documents, as types that read and write their XML.
//! - [`Updater`]: what an update server decides. [`TrivialUpdater`] offers one
//!   [`Update`] to everybody, a [`Catalog`] each machine the newest one for it. [`OmahaHandler`] answers requests with either, for
//!   programs that have an HTTP server of their own.
//! - [`server`]: HTTP in front of any `Updater`, and the packages beside it.
//! - [`payload`]: what is in an update payload, whether it is whole, and who
//!   signed it.
//! - [`client`]: the other half, a machine that asks for updates and fetches
//!   them, and a validator of what servers answer.
//!
//! The `serve-package` command is a thin layer on top. A program that needs
//! one half only takes the feature `server` or `client` without the default
//! features; without any feature, there are the protocol and its decisions. With
//! the feature `serde`, the documents have other forms than XML.
//!
//! # Serve an update
//!
//! ```
//! # #[cfg(not(feature = "server"))]
//! # fn main() {}
//! # #[cfg(feature = "server")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//! use omaha::{Codebase, PackageFile, TrivialUpdater, Update, server::Server};
//!
//! let package = Arc::new(PackageFile::open("fixtures/update.gz".as_ref(), "update.gz".parse()?)?);
//! let update = Update::from_packages("4152.2.0".parse()?, Codebase::default(), &[package.clone()]);
//! let server = Server::bind(&"localhost:0".parse()?, TrivialUpdater::new(update))?
//!     .with_packages([package]);
//! println!("SERVER=http://{}/v1/update/", server.address());
//! let handle = server.handle();
//! let running = std::thread::spawn(move || server.run());
//! // … until it is time to stop:
//! handle.stop();
//! running.join().expect("the server does not panic")?;
//! # Ok(())
//! # }
//! ```
//!
//! # Decide for yourself
//!
//! ```
//! # #[cfg(feature = "server")]
//! # mod server {
//! use omaha::protocol::{Request, request::App};
//! use omaha::{Decision, Reason, Updater, UpdaterError};
//!
//! struct Never;
//!
//! impl Updater for Never {
//!     fn check_update(&mut self, _: &Request, _: &App) -> Result<Decision, UpdaterError> {
//!         Ok(Decision::none(Reason::from("the freeze is on")))
//!     }
//! }
//! # }
//! ```
//!
//! # Ask for an update
//!
//! ```no_run
//! # #[cfg(feature = "client")]
//! # fn ask() -> Result<(), Box<dyn std::error::Error>> {
//! use omaha::client::{Client, Machine};
//! use omaha::protocol::request::App;
//!
//! let client = Client::for_machine("http://localhost:8000".parse()?, Machine::local()?);
//! let app = App::new("{e96281a6-d1af-4bde-9a0a-97b76e56dc57}", "4081.2.0");
//! let app = client.add_app(app)?;
//! match app.check()?.offer() {
//!     Some(offer) => println!("version {}, {} packages", offer.version(), offer.packages().len()),
//!     None => println!("no update"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Read and write the documents
//!
//! ```
//! use omaha::protocol::{EventResult, EventType, Request};
//!
//! let mut request = Request::new();
//! let app = request.add_app("{e96281a6-d1af-4bde-9a0a-97b76e56dc57}", "4081.2.0");
//! app.add_event(EventType::UPDATE_DOWNLOAD_STARTED, EventResult::SUCCESS);
//! let document = request.to_xml();
//! assert_eq!(Request::read(document.as_bytes())?, request);
//! # Ok::<(), omaha::protocol::ReadError>(())
//! ```

#[cfg(all(feature = "server", not(target_os = "linux")))]
compile_error!(
    "the feature `server` of the crate `omaha` is for Linux only: it uses epoll(7) and statx(2)"
);

mod authority;
mod chain;
#[cfg(feature = "client")]
pub mod client;
mod digest;
#[cfg(feature = "server")]
mod http;
mod media_type;
mod number;
mod package;
#[cfg(feature = "payload")]
pub mod payload;
pub mod protocol;
mod quoted;
#[cfg(feature = "server")]
pub mod server;
mod updater;
mod version;

#[cfg(all(fuzzing, feature = "server"))]
#[doc(hidden)]
pub use http::fuzzing;

pub use authority::{Authority, ParseAuthorityError};
pub use chain::Chain;
pub use digest::{Digests, ParseDigestError, Sha1, Sha256};
#[cfg(all(feature = "server", feature = "payload"))]
pub use package::PayloadFile;
#[cfg(feature = "server")]
pub use package::{PackageError, PackageFile, PackageName, ParsePackageNameError};
pub use package::{VerifyError, VerifyErrorKind, is_extension_name};
pub use quoted::{Escaped, Quoted};
pub use updater::{
    Catalog, CatalogHandle, Codebase, Decision, OmahaHandler, Outcome, ParseCodebaseError,
    ReadUpdateError, Reason, Release, TrivialUpdater, TrivialUpdaterHandle, Update, Updater,
    UpdaterError,
};
pub use version::{ParseVersionError, Version};

/// The examples of the README, as tests.
#[cfg(all(doctest, feature = "server"))]
#[doc = include_str!("../README.md")]
mod readme {}
