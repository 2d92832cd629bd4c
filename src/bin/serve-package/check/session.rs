//! The conversation with the server, as a machine has it.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use omaha::client::lint::{self, Finding, Rule};
use omaha::client::{
    AppClient, Checked, Client, ClientError, HttpTransport, Offer, Retry, SettingsError,
    Validation, events,
};
use omaha::protocol::ErrorCode;
use omaha::protocol::request::{App, Event, Os};

use super::fetch::Fetcher;
use super::interrupt::Interrupt;
use super::lock;
use super::outcome::{Failure, Outcome};
use super::payload::Wanted;
use super::terminal::Terminal;
use crate::args::CheckSettings;
use crate::format::{OneLine, Plain, sentence};
use crate::key_file::KeyFile;

/// What this client calls itself, to the server and to its operator.
const NAME: &str = concat!("serve-package-", env!("CARGO_PKG_VERSION"));
const ALIAS: &str = "serve-package check";

/// One check.
pub struct Session<'a> {
    settings: &'a CheckSettings,
    terminal: &'a mut Terminal,
    interrupt: &'a Interrupt,
    transport: Arc<HttpTransport>,
    outcome: &'a Mutex<Outcome>,
}

impl<'a> Session<'a> {
    /// A session that fills an outcome.
    pub fn new(
        settings: &'a CheckSettings,
        terminal: &'a mut Terminal,
        interrupt: &'a Interrupt,
        outcome: &'a Mutex<Outcome>,
    ) -> Self {
        let transport = Arc::new(HttpTransport::new().with_idle_timeout(settings.timeout));
        Self { settings, terminal, interrupt, transport, outcome }
    }

    /// Asks, and fetches what is offered if that is wanted.
    pub fn run(mut self) {
        if let Err(failure) = self.converse() {
            self.terminal.complain("error", &failure.to_string());
            lock(self.outcome).failure = Some(failure);
        }
    }

    fn converse(&mut self) -> Result<(), Failure> {
        if let Some(directory) = &self.settings.download {
            fs::create_dir_all(directory).map_err(|error| unusable(directory, &error))?;
        }
        let wanted = self.wanted()?;
        let client = self.client()?;
        let missing = || Failure::new("settings", "there is no application");
        let app = client.app(&self.settings.app_id).ok_or_else(missing)?;
        self.introduce();
        let (checked, findings) = self.check(&app);
        // Failures are reported in the background. Nobody listens where there
        // was no connection.
        if !matches!(checked, Err(ClientError::Transport(_))) {
            client.flush();
        }
        for finding in findings {
            self.find(finding);
        }
        let checked = checked.map_err(|error| {
            Failure::because("update check", &error).with_code(error.error_code())
        })?;
        let Some(offer) = checked.offer() else {
            self.terminal.say("no update is offered");
            return Ok(());
        };
        self.describe(&offer);
        lock(self.outcome).offer = Some(offer.clone());
        match &self.settings.download {
            Some(directory) => self.update(&app, &offer, directory, &wanted),
            None => Ok(()),
        }
    }

    /// What is verified of the packages.
    fn wanted(&self) -> Result<Wanted, Failure> {
        match &self.settings.key {
            _ if self.settings.skip_payload_check => Ok(Wanted::Digests),
            None => Ok(Wanted::Whole),
            Some(path) => KeyFile::read(path)
                .map(Wanted::Signed)
                .map_err(|error| Failure::new("--key", error)),
        }
    }

    /// A client that says what `update_engine` says, under its own name.
    fn client(&self) -> Result<Client, Failure> {
        let settings = self.settings;
        let wrong = |error: SettingsError| Failure::because("settings", &error);
        let service_pack = format!("{}_{}", settings.app_version, machine_type(&settings.board));
        let os = Os::default()
            .with_platform("CoreOS")
            .with_version("Chateau")
            .with_service_pack(service_pack);
        let client = Client::new(settings.server.clone(), &settings.machine_id)
            .map_err(wrong)?
            .with_version(NAME)
            .with_install_source("ondemandupdate")
            .with_is_machine(true)
            .with_os(os)
            .with_transport(Arc::clone(&self.transport))
            .with_timeout(settings.timeout)
            .with_retry(self.retry())
            .with_validation(Validation::UpdateEngine)
            .with_failure_reports(settings.events);
        let app = App::new(&settings.app_id, settings.app_version.as_str())
            .with_track(&settings.track)
            .with_board(&settings.board)
            .with_oem(&settings.oem)
            .with_machine_id(&settings.machine_id)
            .with_machine_alias(ALIAS)
            .with_lang("en-US");
        client.add_app(app).map_err(wrong)?;
        Ok(client)
    }

    fn retry(&self) -> Retry {
        Retry::REQUEST.with_tries(self.settings.tries)
    }

    fn check(&self, app: &AppClient<'_>) -> (Result<Checked, ClientError>, Vec<Finding>) {
        let mut request = app.request();
        if let Some(app) = request.apps.first_mut() {
            app.add_ping();
            app.add_update_check();
            if self.settings.events {
                // What update_engine sends when it has not updated before.
                app.events.push(events::complete().with_previous_version("0.0.0.0"));
            }
        }
        app.check_and_inspect(&request)
    }

    /// Fetches every package, and reports each step as a machine does.
    fn update(
        &mut self,
        app: &AppClient<'_>,
        offer: &Offer,
        directory: &Path,
        wanted: &Wanted,
    ) -> Result<(), Failure> {
        for (index, package) in offer.packages().iter().enumerate() {
            let is_payload = index == 0;
            if is_payload {
                self.report(app, events::downloading());
            }
            let fetcher = Fetcher {
                package,
                directory,
                transport: &self.transport,
                interrupt: self.interrupt,
                retry: self.retry(),
            };
            // download_sysext takes the first one only (`get_pkgs_to_download` in
            // src/download/mod.rs of ue-rs).
            let number = if is_payload { usize::MAX } else { 1 };
            let codebases = offer.codebases();
            let (fetched, findings) =
                fetcher.run(&codebases[..codebases.len().min(number)], self.terminal);
            for finding in findings {
                self.find(finding);
            }
            let fetched = fetched.and_then(|downloaded| {
                let (path, name) = (&downloaded.path, package.name());
                wanted.verify(path, name, is_payload, self.terminal)?;
                Ok(downloaded)
            });
            match fetched {
                Ok(downloaded) => {
                    if is_payload {
                        let (url, package) = (&downloaded.url, package.package());
                        for finding in lint::download(&*self.transport, url, package) {
                            self.find(finding);
                        }
                    }
                    lock(self.outcome).downloads.push(downloaded);
                }
                Err((reason, code)) => {
                    // Extensions are the business of the postinstall step.
                    let code = if is_payload { code } else { ErrorCode::POSTINSTALL_RUNNER_ERROR };
                    self.report(app, events::failed(code));
                    let at = format!("package {}", OneLine(package.name()));
                    return Err(Failure::new(at, reason).with_code(code));
                }
            }
            if is_payload {
                self.report(app, events::downloaded());
            }
        }
        lock(self.outcome).shown = Some(wanted.shown());
        // A report locks the outcome again, so that the lock must be gone by then.
        let has_errors = lock(self.outcome).has_errors();
        // With this answer no machine would have come so far.
        let event = match has_errors {
            true => events::failed(ErrorCode::OMAHA_RESPONSE_INVALID),
            false => events::installed(),
        };
        self.report(app, event);
        Ok(())
    }

    fn report(&mut self, app: &AppClient<'_>, event: Event) {
        if !self.settings.events {
            return;
        }
        let found = format!("event {} ({})", event.event_type, event.result);
        match app.report(event) {
            Ok(()) => {
                self.terminal.say(&format!("reported: {}", found.trim_start_matches("event ")))
            }
            Err(error) => {
                self.find(Finding::new(Rule::Event, format!("{found}: {}", sentence(&error))));
            }
        }
    }

    fn find(&mut self, finding: Finding) {
        self.terminal.find(&finding);
        lock(self.outcome).findings.push(finding);
    }

    fn introduce(&mut self) {
        let CheckSettings { server, app_id, app_version, track, board, oem, .. } = self.settings;
        let mut line = format!(
            "asking {} as version {} of application {}, track {}, board {}",
            server.clone().or_update_path(),
            OneLine(app_version),
            OneLine(app_id),
            OneLine(track),
            OneLine(board)
        );
        if !oem.is_empty() {
            line.push_str(&format!(", OEM {}", OneLine(oem)));
        }
        self.terminal.say(&line);
    }

    fn describe(&mut self, offer: &Offer) {
        let mut lines = vec![format!("offered: version {}", OneLine(offer.version().as_str()))];
        lines
            .extend(offer.codebases().iter().map(|codebase| format!("from {}", OneLine(codebase))));
        for package in offer.packages() {
            lines.push(format!("package {}: {} bytes", OneLine(package.name()), package.size()));
            lines.extend(package.sha1().map(|digest| format!("  SHA-1 {digest}")));
            let both = [package.action_sha256(), package.package().sha256];
            lines.extend(both.into_iter().flatten().map(|digest| format!("  SHA-256 {digest}")));
        }
        for line in lines {
            self.terminal.say(&line);
        }
    }
}

/// The machine type that `uname` names on a machine of a board, which
/// `update_engine` appends to the version.
fn machine_type(board: &str) -> &'static str {
    if board.starts_with("arm64") { "aarch64" } else { "x86_64" }
}

fn unusable(directory: &Path, error: &io::Error) -> Failure {
    let reason = match error.kind() {
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
            format!("{directory:?} is a file; name a folder")
        }
        _ => format!("{directory:?} cannot be used: {}", Plain(error)),
    };
    Failure::new("--download", reason)
}
