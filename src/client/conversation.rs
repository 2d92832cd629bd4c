//! A client: one server, any number of applications.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::app::AppClient;
use super::environment::uuid;
use super::exchange::Exchange;
use super::outbox::Outbox;
use super::{
    Answer, ClientError, Environment, HttpTransport, HttpUrl, Machine, Retry, SettingsError,
    SystemEnvironment, Transport, Validation,
};
use crate::protocol::request::{App, Os};
use crate::protocol::{Request, response};

/// An update client for one server and any number of applications.
///
/// See [the module](super) for an example.
#[derive(Debug)]
pub struct Client {
    pub(super) exchange: Exchange,
    pub(super) outbox: Outbox,
    pub(super) reports_failures: bool,
    server: HttpUrl,
    /// What all requests have in common; without applications.
    common: Request,
    apps: Mutex<Vec<Arc<App>>>,
}

impl Client {
    /// How long a request may take by default, as in go-omaha.
    pub const TIMEOUT: Duration = Duration::from_secs(90);

    /// A client for an installation with this identity, which must stay the
    /// same and be no other's. The session gets a random one. A server's URL
    /// without a path gains `/v1/update/`, as in go-omaha.
    ///
    /// # Errors
    ///
    /// When the identity is empty.
    pub fn new(server: HttpUrl, user_id: impl Into<String>) -> Result<Self, SettingsError> {
        let user_id = user_id.into();
        if user_id.is_empty() {
            return Err(SettingsError::NoUserId);
        }
        Ok(Self::with_identity(server, user_id, uuid(&SystemEnvironment)))
    }

    /// A client that serves the whole machine: the installation is the machine,
    /// the session its present boot.
    pub fn for_machine(server: HttpUrl, machine: Machine) -> Self {
        let mut client = Self::with_identity(server, machine.id, machine.boot_id);
        client.common.is_machine = true;
        client
    }

    fn with_identity(server: HttpUrl, user_id: String, session_id: String) -> Self {
        let exchange = Exchange {
            url: server.clone().or_update_path(),
            transport: Arc::new(HttpTransport::new()),
            environment: Arc::new(SystemEnvironment),
            retry: Retry::REQUEST,
            timeout: Self::TIMEOUT,
            validation: Validation::Full,
        };
        let common =
            Request { version: response::SERVER.to_owned(), user_id, session_id, ..Request::new() };
        let (outbox, apps) = (Outbox::default(), Mutex::default());
        Self { exchange, outbox, reports_failures: true, server, common, apps }
    }

    /// Another way to the server than [`HttpTransport`].
    #[must_use]
    pub fn with_transport(mut self, transport: impl Transport + 'static) -> Self {
        self.exchange.transport = Arc::new(transport);
        self
    }

    /// Another clock and another source of chance than the system's.
    #[must_use]
    pub fn with_environment(mut self, environment: impl Environment + 'static) -> Self {
        self.exchange.environment = Arc::new(environment);
        self
    }

    /// How often to try again (default: [`Retry::REQUEST`]).
    #[must_use]
    pub fn with_retry(mut self, retry: Retry) -> Self {
        self.exchange.retry = retry;
        self
    }

    /// How long one try may take (default: [`TIMEOUT`](Self::TIMEOUT)).
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.exchange.timeout = timeout;
        self
    }

    /// How strictly to judge answers (default: [`Validation::Full`]).
    #[must_use]
    pub fn with_validation(mut self, validation: Validation) -> Self {
        self.exchange.validation = validation;
        self
    }

    /// Name and version of the client (`version` and `updaterversion`), such
    /// as `update_engine-0.4.10` (default: this library's).
    #[must_use]
    pub fn with_version(mut self, version: impl Into<String>) -> Self {
        self.common.version = version.into();
        self.common.updater_version.clone_from(&self.common.version);
        self
    }

    /// What makes the client ask (`installsource`): `scheduler` or
    /// `ondemandupdate` (default: nothing).
    #[must_use]
    pub fn with_install_source(mut self, source: impl Into<String>) -> Self {
        self.common.install_source = source.into();
        self
    }

    /// The operating system (`<os>`; default: [`Os::local`]).
    #[must_use]
    pub fn with_os(mut self, os: Os) -> Self {
        self.common.os = Some(os);
        self
    }

    /// Whether this client serves the whole machine (`ismachine`).
    #[must_use]
    pub fn with_is_machine(mut self, is_machine: bool) -> Self {
        self.common.is_machine = is_machine;
        self
    }

    /// Whether failures of requests are reported to the server, as events;
    /// they are by default.
    #[must_use]
    pub fn with_failure_reports(mut self, reports: bool) -> Self {
        self.reports_failures = reports;
        self
    }

    /// The server, as it was given.
    pub fn server(&self) -> &HttpUrl {
        &self.server
    }

    /// Asks another server from now on.
    pub fn set_server(&mut self, server: HttpUrl) {
        self.exchange.url = server.clone().or_update_path();
        self.server = server;
    }

    /// Adds an application: what every request says of it. Pings, update
    /// checks and events in it are left out. Where it names no machine and no
    /// boot, they are the identities of the installation and the session, as
    /// in go-omaha.
    ///
    /// # Errors
    ///
    /// When its id or version is empty, or there is one with this id already.
    pub fn add_app(&self, app: App) -> Result<AppClient<'_>, SettingsError> {
        let app = self.checked(app)?;
        let mut apps = self.lock_apps();
        if apps.iter().any(|other| other.id == app.id) {
            return Err(SettingsError::DuplicateApp { id: app.id });
        }
        let app = Arc::new(app);
        apps.push(Arc::clone(&app));
        Ok(AppClient::new(self, app))
    }

    /// The list is whole at any time.
    fn lock_apps(&self) -> MutexGuard<'_, Vec<Arc<App>>> {
        self.apps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what requests say of an application, its id included.
    ///
    /// # Errors
    ///
    /// When there is no such application, its new id or version is empty, or
    /// its new id is another's; then nothing is changed.
    pub fn change_app(
        &mut self,
        id: &str,
        change: impl FnOnce(&mut App),
    ) -> Result<(), SettingsError> {
        let mut apps = self.lock_apps();
        let Some(index) = apps.iter().position(|app| app.id == id) else {
            return Err(SettingsError::UnknownApp { id: id.to_owned() });
        };
        let mut changed = (*apps[index]).clone();
        change(&mut changed);
        let changed = self.checked(changed)?;
        let is_other = |(at, other): (usize, &Arc<App>)| at != index && other.id == changed.id;
        if apps.iter().enumerate().any(is_other) {
            return Err(SettingsError::DuplicateApp { id: changed.id });
        }
        apps[index] = Arc::new(changed);
        Ok(())
    }

    /// The application with this id.
    pub fn app(&self, id: &str) -> Option<AppClient<'_>> {
        let app = self.lock_apps().iter().find(|app| app.id == id).cloned();
        app.map(|app| AppClient::new(self, app))
    }

    /// All applications, in the order in which they were added.
    pub fn apps(&self) -> impl Iterator<Item = AppClient<'_>> {
        let apps = self.lock_apps().clone();
        apps.into_iter().map(|app| AppClient::new(self, app))
    }

    /// A request of this client, without applications.
    pub fn request(&self) -> Request {
        self.common.clone()
    }

    /// Sends any request, again where that may help, and returns the answer.
    /// What it says about the applications is up to the caller.
    ///
    /// # Errors
    ///
    /// When there is no answer, or it is not an Omaha response.
    pub fn send(&self, request: &Request) -> Result<Answer, ClientError> {
        self.exchange.send(request)
    }

    /// Waits until all events that were handed over are sent or given up. A
    /// program that ends before loses them.
    pub fn flush(&self) {
        self.outbox.flush();
    }

    fn checked(&self, app: App) -> Result<App, SettingsError> {
        if app.id.is_empty() {
            return Err(SettingsError::NoAppId);
        }
        if app.version.as_str().is_empty() {
            return Err(SettingsError::NoVersion { id: app.id });
        }
        let or = |own: String, common: &String| if own.is_empty() { common.clone() } else { own };
        Ok(App {
            machine_id: or(app.machine_id, &self.common.user_id),
            boot_id: or(app.boot_id, &self.common.session_id),
            ping: None,
            update_check: None,
            events: Vec::new(),
            ..app
        })
    }
}

#[cfg(test)]
mod tests;
