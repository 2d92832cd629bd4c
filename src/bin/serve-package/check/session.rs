//! The conversation with the server, as a machine has it.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use omaha::client::lint::{self, Finding, Rule};
use omaha::client::{
    AppClient, Checked, Client, ClientError, HttpTransport, HttpUrl, Retry, Validation, events,
};
use omaha::protocol::ErrorCode;
use omaha::protocol::request::{App, Event, Os};
use omaha::protocol::response::UpdateCheck;

use super::fetch::Fetcher;
use super::interrupt::Interrupt;
use super::outcome::{Failure, Outcome};
use super::screen::Screen;
use crate::args::CheckSettings;
use crate::words::Quoted;

/// What this client calls itself, to the server and to its operator.
const NAME: &str = concat!("serve-package-", env!("CARGO_PKG_VERSION"));
const ALIAS: &str = "serve-package check";

/// One check.
pub struct Session<'a> {
    settings: &'a CheckSettings,
    screen: &'a mut Screen,
    interrupt: Interrupt,
    transport: Arc<HttpTransport>,
    outcome: Outcome,
}

impl<'a> Session<'a> {
    pub fn new(settings: &'a CheckSettings, screen: &'a mut Screen, interrupt: Interrupt) -> Self {
        let transport = Arc::new(HttpTransport::new().with_patience(settings.timeout));
        Self { settings, screen, interrupt, transport, outcome: Outcome::default() }
    }

    /// Asks, and fetches what is offered if that is wanted.
    pub fn run(mut self) -> Outcome {
        if let Err(failure) = self.converse() {
            self.screen.complain("error", &failure.to_string());
            self.outcome.failure = Some(failure);
        }
        self.outcome
    }

    fn converse(&mut self) -> Result<(), Failure> {
        if let Some(directory) = &self.settings.download {
            fs::create_dir_all(directory).map_err(|error| unusable(directory, &error))?;
        }
        let client = self.client()?;
        let missing = || Failure::new("settings", "there is no application");
        let app = client.app(&self.settings.app_id).ok_or_else(missing)?;
        self.introduce();
        let checked = self.check(app);
        // Failures are reported in the background. Nobody listens where there
        // was no connection.
        if !matches!(checked, Err(ClientError::Transport(_))) {
            client.flush();
        }
        let checked = checked
            .map_err(|error| Failure::new("update check", &error).with_code(error.error_code()))?;
        let asked = self.settings.server.as_url();
        for finding in lint::answer(&checked.answer, asked, &self.settings.app_id) {
            self.find(finding);
        }
        let Some(update) = checked.update() else {
            self.screen.say("no update is offered");
            return Ok(());
        };
        self.describe(update);
        self.outcome.update = Some(update.clone());
        match &self.settings.download {
            Some(directory) => self.update(app, update, directory),
            None => Ok(()),
        }
    }

    /// A client that says what `update_engine` says, under its own name.
    fn client(&self) -> Result<Client, Failure> {
        let settings = self.settings;
        let wrong = |error| Failure::new("settings", error);
        let os = Os {
            platform: "CoreOS".to_owned(),
            version: "Chateau".to_owned(),
            service_pack: format!("{}_x86_64", settings.app_version),
            ..Os::default()
        };
        let mut client = Client::new(settings.server.clone(), &settings.machine_id)
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
        let app = App {
            id: settings.app_id.clone(),
            version: settings.app_version.as_str().into(),
            track: settings.track.clone(),
            board: settings.board.clone(),
            oem: settings.oem.clone(),
            machine_id: settings.machine_id.clone(),
            machine_alias: ALIAS.to_owned(),
            lang: "en-US".to_owned(),
            ..App::default()
        };
        client.add_app(app).map_err(wrong)?;
        Ok(client)
    }

    fn retry(&self) -> Retry {
        Retry::REQUEST.with_tries(self.settings.tries)
    }

    fn check(&self, app: AppClient<'_>) -> Result<Checked, ClientError> {
        let mut request = app.request();
        if let Some(app) = request.apps.first_mut() {
            app.add_ping();
            app.add_update_check();
            if self.settings.events {
                // What update_engine sends when it has not updated before.
                let previous_version = "0.0.0.0".into();
                app.events.push(Event { previous_version, ..events::complete() });
            }
        }
        app.check_with(&request)
    }

    /// Fetches every package, and reports each step as a machine does.
    fn update(
        &mut self,
        app: AppClient<'_>,
        update: &UpdateCheck,
        directory: &Path,
    ) -> Result<(), Failure> {
        let Some(manifest) = update.manifests.first() else { return Ok(()) };
        let action = manifest.actions.iter().find(|action| action.event == "postinstall");
        for (index, package) in manifest.packages.iter().enumerate() {
            let is_payload = index == 0;
            if is_payload {
                self.report(app, events::downloading());
            }
            let fetcher = Fetcher {
                package,
                sha256: action.filter(|_| is_payload).and_then(|action| action.sha256),
                directory,
                transport: &self.transport,
                interrupt: &self.interrupt,
                retry: self.retry(),
            };
            let urls = update.urls.iter().map(|url| &*url.codebase);
            match fetcher.run(urls, self.screen) {
                Ok(downloaded) => {
                    if let Ok(url) = downloaded.url.parse::<HttpUrl>() {
                        for finding in lint::download(&*self.transport, &url, package) {
                            self.find(finding);
                        }
                    }
                    self.outcome.downloads.push(downloaded);
                }
                Err((reason, code)) => {
                    // Extensions are the business of the postinstall step.
                    let code = if is_payload { code } else { ErrorCode::POSTINSTALL_RUNNER_ERROR };
                    self.report(app, events::failed(code));
                    let at = format!("package {}", Quoted(&package.name));
                    return Err(Failure::new(at, reason).with_code(code));
                }
            }
            if is_payload {
                self.report(app, events::downloaded());
            }
        }
        // With this answer no machine would have come so far.
        self.report(
            app,
            match self.outcome.has_errors() {
                true => events::failed(ErrorCode::OMAHA_RESPONSE_INVALID),
                false => events::installed(),
            },
        );
        Ok(())
    }

    fn report(&mut self, app: AppClient<'_>, event: Event) {
        if !self.settings.events {
            return;
        }
        let found = format!("event {} ({})", event.event_type, event.result);
        match app.report(event) {
            Ok(()) => self.screen.say(&format!("reported: {}", found.trim_start_matches("event "))),
            Err(error) => {
                let found = format!("{found}: {error}");
                self.find(Finding { rule: Rule::Event, line: None, found });
            }
        }
    }

    fn find(&mut self, finding: Finding) {
        self.screen.find(&finding);
        self.outcome.findings.push(finding);
    }

    fn introduce(&mut self) {
        let CheckSettings { server, app_id, app_version, track, board, oem, .. } = self.settings;
        let mut line = format!(
            "asking {server} as version {} of application {}, track {}, board {}",
            Quoted(app_version),
            Quoted(app_id),
            Quoted(track),
            Quoted(board)
        );
        if !oem.is_empty() {
            line.push_str(&format!(", OEM {}", Quoted(oem)));
        }
        self.screen.say(&line);
    }

    fn describe(&mut self, update: &UpdateCheck) {
        let Some(manifest) = update.manifests.first() else { return };
        let mut lines = vec![format!("offered: version {}", Quoted(manifest.version.as_str()))];
        lines.extend(update.urls.iter().map(|url| format!("from {}", Quoted(&url.codebase))));
        let action = manifest.actions.iter().find(|action| action.event == "postinstall");
        for (index, package) in manifest.packages.iter().enumerate() {
            lines.push(format!("package {}: {} bytes", Quoted(&package.name), package.size));
            lines.extend(package.sha1.map(|digest| format!("  SHA-1 {digest}")));
            let of_action = action.filter(|_| index == 0).and_then(|action| action.sha256);
            for digest in [of_action, package.sha256].into_iter().flatten() {
                lines.push(format!("  SHA-256 {digest}"));
            }
        }
        for line in lines {
            self.screen.say(&line);
        }
    }
}

fn unusable(directory: &Path, error: &io::Error) -> Failure {
    Failure::new("--download", format!("{directory:?} cannot be used: {error}"))
}
