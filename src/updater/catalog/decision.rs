//! Which release of a catalog a machine is offered: a function of the releases,
//! the request and the operator's wish alone.

use super::Release;
use crate::protocol::request::App;
use crate::updater::Reason;
use crate::updater::decision::{compare, is_wanted};

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
    let own = app.version.version();
    let is_above = |release: &&Release| own.is_some_and(|own| release.update.version > *own);
    // Floors lie on the way, whatever the prefix: it says where the way ends.
    let floor = of_board
        .iter()
        .filter(is_of_channel)
        .filter(|release| release.is_floor && is_above(release))
        .find(|floor| floor.update.refusal(app).is_none());
    let is_beyond = |release: &Release| {
        floor.is_some_and(|floor| release.update.version > floor.update.version)
    };
    let is_barred = floor.is_some_and(|floor| floor.is_held);

    // From the newest on. Each one that is passed over says why.
    let mut reason = Reason::NoSuchChannel;
    let mut target = None;
    let mut newest_held = None;
    let mut is_out_of_reach = false;
    for release in of_board.iter().rev().filter(is_of_channel) {
        if let Some(refusal) = release.update.refusal(app) {
            reason = refusal;
        } else if !is_wanted(app, &release.update.version) {
            reason = Reason::OtherPrefix;
        } else if release.is_held {
            newest_held = newest_held.or(Some(release));
        } else if is_barred && is_beyond(release) {
            is_out_of_reach = true;
        } else {
            target = Some(release);
            break;
        }
    }
    // It waits for the floor where it is, unless something newer lies before that.
    if is_out_of_reach && !target.as_ref().is_some_and(is_above) {
        return Err(Reason::Held);
    }
    let Some(target) = target else {
        return Err(if newest_held.is_some() { Reason::Held } else { reason });
    };
    if let Some(floor) = floor.filter(|_| is_beyond(target)) {
        return Ok((floor, Reason::Floor));
    }
    match compare(&app.version, &target.update.version, force) {
        Err(Reason::Newer) if newest_held.as_ref().is_some_and(is_above) => Err(Reason::Held),
        decided => decided.map(|reason| (target, reason)),
    }
}

/// Those for a board.
fn of_board<'a>(releases: &'a [Release], board: &str) -> &'a [Release] {
    let start = releases.partition_point(|release| release.board.as_str() < board);
    let number = releases[start..].partition_point(|release| release.board == board);
    &releases[start..start + number]
}
