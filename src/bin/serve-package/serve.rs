//! From settings to a running server.

use std::error::Error;
use std::sync::Arc;

use omaha::server::{Activity, Observer, Server};
use omaha::{PackageFile, TrivialUpdater, Update};

use crate::args::Settings;
use crate::exit_condition::{ExitCondition, Outcome};
use crate::listening::Listening;
use crate::log::{Log, Priority};
use crate::packages::{self, Packages};
use crate::rollout::RolloutUpdater;
use crate::state_dir::Writer;
use crate::watch::{self, Watch};
use crate::{banner, events, known, limits, pages, ready_file, signals, systemd};

/// Serves until the run has come to its end.
///
/// # Errors
///
/// When a package cannot be served, the address cannot be had, or serving
/// fails later.
pub fn run(settings: &Settings, log: Log) -> Result<Outcome, Box<dyn Error>> {
    limits::raise_descriptors();
    if let Some(path) = &settings.ready_file {
        ready_file::remove(path)?;
    }
    let listening = Listening::new(settings)?;
    let Packages { packages, is_delta, notes } = packages::open(settings)?;
    let tracker = known::tracker(settings, &packages)?;
    let exit_condition = ExitCondition::new(settings);
    let watch = Watch::new(log, exit_condition, settings.events, Arc::clone(&tracker));
    let watch = Arc::new(watch);
    let state_dir = known::restore(settings, &tracker, log)?;
    let ignored = listening.ignored(settings);
    let host = listening.host();
    let server = prepare(settings, listening, &packages, is_delta, &watch)?;
    watch.control(server.handle());
    if let Some(state_dir) = state_dir {
        watch.write_to(Writer::start(state_dir, tracker, log)?);
    }
    signals::stop_on_signal(server.handle(), Arc::clone(&watch))?;

    for line in banner::lines(settings, &packages, &server, &host) {
        log.line(Priority::Info, &line);
    }
    for (priority, line) in notes {
        log.line(priority, &line);
    }
    if let Some(line) = ignored {
        log.line(Priority::Notice, &line);
    }
    let link_local = banner::link_local(settings, &server);
    for line in banner::odd_extensions(&packages).chain(link_local) {
        log.line(Priority::Warning, &line);
    }
    let address = server.address();
    if settings.events {
        let offered = settings.package_version.as_str();
        events::write(events::serving(offered, &address.to_string()));
    }
    // The socket listens: whoever connects now is answered.
    if let Some(path) = &settings.ready_file {
        ready_file::write(path, address)?;
    }
    server.run()?;

    Ok(watch.finish())
}

/// Puts the server together.
fn prepare(
    settings: &Settings,
    listening: Listening,
    packages: &[Arc<PackageFile>],
    is_delta: bool,
    watch: &Arc<Watch>,
) -> Result<Server, Box<dyn Error>> {
    let codebase = settings.package_url.clone().unwrap_or_default();
    let served_here = codebase.is_path() || listening.is_at(&codebase);
    let served = if served_here { packages } else { &[] };

    let mut update = Update::from_packages(settings.package_version.clone(), codebase, packages);
    update.previous_version.clone_from(&settings.previous_version);
    for action in &mut update.manifest.actions {
        action.is_delta_payload = is_delta;
    }
    let updater =
        TrivialUpdater::new(update).with_force(settings.force).with_watched(served.iter().cloned());
    watch.watch_packages(served);
    let updater = RolloutUpdater::new(updater, Arc::clone(watch));
    let observer = Arc::clone(watch);
    let every = systemd::interval();
    let every = watch.exit_condition().interval().map_or(every, |interval| every.min(interval));
    let host = listening.host();
    let server = listening
        .server(updater)?
        .with_packages(served.iter().cloned())
        .with_limits(settings.limits)
        .with_observer(move |activity: &Activity<'_>| observer.observe(activity))
        .with_heartbeat(every, watch::heartbeat(watch));
    let url = banner::server_url(settings, &server, &host);
    watch.know_url(url.clone());
    Ok(server.with_pages(pages::pages(settings.status, url, Arc::clone(watch))))
}
