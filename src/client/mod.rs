//! The other half of the conversation: a machine that asks for updates.
//!
//! A [`Client`] talks to one server about any number of applications, and an
//! [`AppClient`] about one of them; [`Download`] fetches the packages of an
//! update; [`PingTimer`] says when to ask again; [`lint`] reports what in an
//! answer would make real clients fail.
//!
//! Everything is synchronous. The network ([`Transport`]), time and chance
//! ([`Environment`]) can be replaced by the caller's own.
//!
//! ```
//! # #[cfg(feature = "server")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use omaha::client::{Client, Machine, events};
//! use omaha::protocol::request::App;
//!
//! # use std::sync::Arc;
//! # use omaha::{Codebase, PackageFile, TrivialUpdater, Update, server::Server};
//! # let package = Arc::new(PackageFile::open("fixtures/update.gz".as_ref(), "update.gz".parse()?)?);
//! # let update = Update::from_packages("4152.2.0".parse()?, Codebase::default(), &[package.clone()]);
//! # let server = Server::bind(&"localhost:0".parse()?, TrivialUpdater::new(update))?
//! #     .with_packages([package]);
//! # let (url, handle) = (format!("http://{}", server.address()), server.handle());
//! # let running = std::thread::spawn(move || server.run());
//! # let directory = std::env::temp_dir().join(format!("omaha-{}", std::process::id()));
//! # std::fs::create_dir_all(&directory)?;
//! // On a machine, Machine::local() reads its identity.
//! let machine = Machine::new("6b8c1e0d5f8a4c0fb2c4a1c8f6a0d3e2", "");
//! let client = Client::for_machine(url.parse()?, machine);
//! let app = App::new("{e96281a6-d1af-4bde-9a0a-97b76e56dc57}", "4081.2.0");
//! let app = client.add_app(app.with_track("stable"))?;
//!
//! if let Some(offer) = app.check()?.offer() {
//!     app.report_later(events::downloading());
//!     for package in offer.packages() {
//!         // Compares the size and every digest, the one that update_engine
//!         // compares included.
//!         let download = package.downloads().next().ok_or("no URL to fetch it from")?;
//!         let path = download.to_directory(&directory, &mut |_| {})?;
//!         println!("{} is {}", package.name(), path.display());
//!     }
//!     app.report_later(events::downloaded());
//! }
//! client.flush();
//! # assert_eq!(std::fs::metadata(directory.join("update.gz"))?.len(), 60941);
//! # std::fs::remove_dir_all(directory)?;
//! # handle.stop();
//! # running.join().expect("the server does not panic")?;
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "server"))]
//! # fn main() {}
//! ```

mod app;
mod app_status;
mod conversation;
mod download;
mod environment;
mod error;
pub mod events;
mod exchange;
mod http;
mod lenient;
pub mod lint;
mod machine;
mod offer;
mod outbox;
mod redirect;
mod retry;
#[cfg(test)]
mod testing;
mod timer;
mod transport;
mod url;

pub use app::{AppClient, Checked};
pub use conversation::Client;
pub use download::{Download, DownloadError, Progress};
pub use environment::{Environment, SystemEnvironment};
pub use error::{ClientError, SettingsError};
pub use exchange::{Answer, Validation};
pub use http::HttpTransport;
pub use machine::{Machine, MachineError};
pub use offer::{Offer, OfferedPackage};
pub use outbox::Pending;
pub use redirect::{RedirectError, RedirectReason};
pub use retry::Retry;
pub use timer::PingTimer;
pub use transport::{HttpAnswer, HttpRequest, Transport, TransportError};
pub use url::{HttpUrl, ParseUrlError};
