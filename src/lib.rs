//! **Omaha**, the XML update protocol (version 3.0), in the dialect of CoreOS
//! Container Linux and its successor Flatcar.
//!
//! In Omaha, a machine polls: it asks whether there is an update for what it
//! runs, downloads the packages that the answer names, and reports each step as
//! an event. The crate has a module for each part:
//!
//! | where | what | feature |
//! | --- | --- | --- |
//! | [`protocol`] | the documents, as types that read and write their XML | |
//! | [`Version`], [`Digests`] | how versions compare, and what identifies a package | |
//! | [`Updater`] | what an update server decides: [`TrivialUpdater`] offers one [`Update`], and a [`Catalog`] each machine the newest one for it | |
//! | [`OmahaHandler`] | answers requests with an `Updater`, for your own HTTP server | |
//! | [`server`] | an HTTP server for any `Updater`, and for the packages | `server` |
//! | [`payload`] | reads an update payload, and verifies its data and signature | `payload` |
//! | [`client`] | a machine that asks for updates and fetches them | `client` |
//! | [`client::lint`] | what in a server's answer would make real clients fail | `client` |
//!
//! The command `serve-package` is built on these (feature `command`, the
//! default). With `tls`, the client speaks https; with `serde`, the documents
//! can be serialized as JSON and the like.
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
//!         Ok(Decision::none(Reason::from("change freeze")))
//!     }
//! }
//! # }
//! ```
//!
//! # Ask for an update
//!
//! ```no_run
//! # #[cfg(feature = "client")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
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
//! # #[cfg(not(feature = "client"))]
//! # fn main() {}
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
#[cfg(feature = "server")]
mod listen_address;
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
