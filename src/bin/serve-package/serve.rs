//! From settings to a running server.

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use omaha::Updater;
use omaha::server::{Activity, Observer, Server};

use crate::args::Settings;
use crate::exit_condition::{ExitCondition, Outcome};
use crate::listening::Listening;
use crate::log::{Log, Priority};
use crate::offer::{Offer, Place};
use crate::rollout::RolloutUpdater;
use crate::state_dir::Writer;
use crate::watch::{self, Watch};
use crate::{banner, descriptors, events, pages, ready_file, signals, systemd, tracker_setup};

/// Serves until the run has come to its end.
///
/// # Errors
///
/// When a package cannot be served, the address cannot be had, or serving
/// fails later.
pub fn run(settings: &Settings, log: Log) -> Result<Outcome, Box<dyn Error>> {
    let started = Instant::now();
    descriptors::raise_limit();
    if let Some(path) = &settings.ready_file {
        ready_file::prepare(path)?;
    }
    let listening = Listening::new(settings)?;
    let state_dir = tracker_setup::state_dir(settings)?;
    let offer = Offer::open(settings, state_dir.as_ref().map(|folder| folder.path()), log)?;
    let offered = offer.offered();
    let tracker = tracker_setup::tracker(settings, offered.clone(), offer.packages())?;
    let exit_condition =
        ExitCondition::new(settings.until_updated, settings.deadline, settings.fail_fast);
    let watch = Watch::new(log, exit_condition, settings.events, Arc::clone(&tracker), started);
    let watch = Arc::new(watch);
    if let Some(state_dir) = &state_dir {
        tracker_setup::restore(state_dir, &tracker, log)?;
    }
    let ignored = listening.ignored(settings);
    let host = listening.host();
    let codebase = settings.package_url.clone().unwrap_or_default();
    let is_here = codebase.is_path() || listening.is_at(&codebase);
    let place = Place { codebase, is_here };
    let (updater, catalog) = offer.updater(settings.force, &place);
    let server = prepare(settings, listening, updater, &watch)?;
    watch.control(server.handle());
    if let Some(state_dir) = state_dir {
        watch.write_to(Writer::start(state_dir, tracker, log)?);
    }
    let (lines, notes) = (offer.lines(), offer.notes().to_vec());
    let odd_extensions: Vec<_> = banner::odd_extensions(offer.packages()).collect();
    let (server, reload) = offer.serve(server, catalog, place, &watch)?;
    signals::stop_on_signal(server.handle(), Arc::clone(&watch), reload)?;

    for line in banner::lines(settings, offered.as_str(), lines, &server, &host) {
        log.line(Priority::Info, &line);
    }
    for (priority, line) in notes {
        log.line(priority, &line);
    }
    if let Some(line) = ignored {
        log.line(Priority::Notice, &line);
    }
    let link_local = banner::link_local(settings, &server);
    watch.tell_stop();
    for line in odd_extensions.into_iter().chain(link_local) {
        log.line(Priority::Warning, &line);
    }
    let address = server.address();
    if settings.events {
        events::write(events::serving(offered.as_str(), &address.to_string()));
    }
    // The socket listens: who connects now is answered.
    if let Some(path) = &settings.ready_file {
        ready_file::write(path, address)?;
    }
    server.run()?;

    Ok(watch.finish())
}

/// Puts the server together, but for its packages.
fn prepare(
    settings: &Settings,
    listening: Listening,
    updater: Box<dyn Updater>,
    watch: &Arc<Watch>,
) -> Result<Server, Box<dyn Error>> {
    let updater = RolloutUpdater::new(updater, Arc::clone(watch));
    let observer = Arc::clone(watch);
    let every = systemd::interval();
    let every = watch.exit_condition().interval().map_or(every, |interval| every.min(interval));
    let host = listening.host();
    let server = listening
        .server(updater)?
        .with_limits(settings.limits)
        .with_observer(move |activity: &Activity<'_>| observer.observe(activity))
        .with_heartbeat(every, watch::heartbeat(watch));
    let url = banner::server_url(settings, &server, &host);
    watch.know_url(url.clone());
    Ok(server.with_pages(pages::pages(settings.status, url, Arc::clone(watch))))
}
