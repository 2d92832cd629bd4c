//! The other half of the conversation: a machine that asks for updates.
//!
//! A [`Client`] talks to one server about any number of applications, and an
//! [`AppClient`] about one of them; [`Download`]
//! fetches the packages of an update; [`PingTimer`] says when to ask again;
//! [`lint`] reports what in an answer would make real clients fail.
//!
//! Everything is synchronous. The network ([`Transport`]), time and chance
//! ([`Environment`]) can be replaced by the caller's own.
//!
//! ```no_run
//! use omaha::client::{Client, Machine, events};
//! use omaha::protocol::request::App;
//!
//! let client = Client::for_machine("http://localhost:8000".parse()?, Machine::local()?);
//! let app = App::new("{e96281a6-d1af-4bde-9a0a-97b76e56dc57}", "4081.2.0");
//! let app = client.add_app(app.with_track("stable"))?;
//!
//! if let Some(offer) = app.check()?.offer() {
//!     app.report_later(events::downloading());
//!     for package in offer.packages() {
//!         // Compares the size and every digest, the one that update_engine
//!         // compares included.
//!         let download = package.downloads().next().ok_or("no URL to fetch it from")?;
//!         let path = download.to_directory("/var/tmp".as_ref(), &mut |_| {})?;
//!         println!("{} is {}", package.name(), path.display());
//!     }
//!     app.report_later(events::downloaded());
//! }
//! client.flush();
//! # Ok::<(), Box<dyn std::error::Error>>(())
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
