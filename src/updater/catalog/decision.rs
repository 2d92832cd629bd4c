//! Which release of a catalog a machine is offered: a function of the releases,
//! the request and the operator's wish alone.

use super::Release;
use crate::protocol::VersionText;
use crate::protocol::request::App;
use crate::updater::Reason;
use crate::updater::decision::compare;

/// The release for a machine, of those in a catalog's order.
///
/// # Errors
///
/// Why there is none.
pub(super) fn decide<'a>(
    releases: &'a [Release],
    app: &App,
    force: bool,
) -> Result<(&'a Release, Reason), Reason> {
    let of_board = of_board(releases, &app.board);
    if of_board.is_empty() {
        return Err(Reason::NoSuchBoard);
    }
    let is_of_channel =
        |release: &&Release| release.channel.as_ref().is_none_or(|channel| *channel == app.track);
    let prefix = app.update_check.as_ref().map_or("", |check| &*check.target_version_prefix);
    let is_wanted = |release: &&Release| release.update.version.as_str().starts_with(prefix);

    // From the newest on. Each one that is passed over says why.
    let mut reason = Reason::NoSuchChannel;
    let mut target = None;
    let mut newest_held = None;
    for release in of_board.iter().rev().filter(is_of_channel) {
        if let Some(refusal) = release.update.refusal(app) {
            reason = refusal;
        } else if !is_wanted(&release) {
            reason = Reason::OtherPrefix;
        } else if release.is_held {
            newest_held = newest_held.or(Some(release));
        } else {
            target = Some(release);
            break;
        }
    }
    let Some(target) = target else {
        return Err(if newest_held.is_some() { Reason::Held } else { reason });
    };
    let VersionText::Version(own) = &app.version else {
        return compare(&app.version, &target.update.version, force).map(|reason| (target, reason));
    };
    // Floors lie on the way, whatever the prefix: it says where the way ends.
    let is_between = |release: &&Release| {
        release.is_floor
            && release.update.version > *own
            && release.update.version < target.update.version
            && release.update.refusal(app).is_none()
    };
    match of_board.iter().filter(is_of_channel).find(is_between) {
        Some(floor) if floor.is_held => return Err(Reason::Held),
        Some(floor) => return Ok((floor, Reason::Floor)),
        None => {}
    }
    match compare(&app.version, &target.update.version, force) {
        Err(Reason::Newer) if newest_held.is_some_and(|held| held.update.version > *own) => {
            Err(Reason::Held)
        }
        decided => decided.map(|reason| (target, reason)),
    }
}

/// Those for a board.
fn of_board<'a>(releases: &'a [Release], board: &str) -> &'a [Release] {
    let start = releases.partition_point(|release| release.board.as_str() < board);
    let number = releases[start..].partition_point(|release| release.board == board);
    &releases[start..start + number]
}
