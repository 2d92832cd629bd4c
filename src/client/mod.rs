//! The other half of the conversation: a machine that asks for updates.
//!
//! A [`Client`] speaks with one server about any number of applications. What
//! it says about each of them is an [`AppClient`]'s business; [`Download`]
//! fetches the packages of an update; [`PingTimer`] says when to ask again;
//! [`lint`] says what real clients would stumble over in an answer.
//!
//! Everything is synchronous. The network ([`Transport`]), time and chance
//! ([`Environment`]) can be replaced by the caller's own.
//!
//! ```no_run
//! use omaha::client::{Client, Download, HttpUrl, Machine, events};
//! use omaha::protocol::request::App;
//!
//! let mut client = Client::for_machine("http://localhost:8000".parse()?, Machine::local()?);
//! let id = "{e96281a6-d1af-4bde-9a0a-97b76e56dc57}";
//! let app = client.add_app(App {
//!     id: id.to_owned(),
//!     version: "4081.2.0".into(),
//!     track: "stable".to_owned(),
//!     ..App::default()
//! })?;
//!
//! let checked = app.check()?;
//! if let Some(update) = checked.update()
//!     && let Some(package) = update.manifests.first().and_then(|m| m.packages.first())
//!     && let Some(url) = update.urls.first()
//! {
//!     app.report_later(events::downloading());
//!     let url = HttpUrl::of_package(&url.codebase, &package.name)?;
//!     Download::new(url, package).to_file("/var/tmp/update.gz".as_ref(), &mut |_| {})?;
//!     app.report_later(events::downloaded());
//! }
//! client.flush();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod app;
mod conversation;
mod download;
mod environment;
mod error;
pub mod events;
mod exchange;
mod http;
pub mod lint;
mod machine;
mod outbox;
mod quoted;
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
pub use outbox::Pending;
pub use retry::Retry;
pub use timer::PingTimer;
pub use transport::{HttpAnswer, HttpRequest, Transport, TransportError};
pub use url::{HttpUrl, ParseUrlError, ServerUrl};
