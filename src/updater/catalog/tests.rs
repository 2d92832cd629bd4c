use super::*;
use crate::protocol::response::Package;
use crate::updater::{Codebase, Reason};

const BOARD: &str = "amd64-usr";

fn release(version: &str) -> Release {
    let packages = [] as [Package; 0];
    let version = version.parse().unwrap();
    Release::new(BOARD, Update::from_packages(version, Codebase::default(), packages))
}

/// What a machine of the board is offered, and why.
fn ask(catalog: &mut Catalog, board: &str, track: &str, version: &str, prefix: &str) -> String {
    let mut request = Request::new();
    let app = request.add_app("{app}", version);
    (app.board, app.track) = (board.to_owned(), track.to_owned());
    app.add_update_check().target_version_prefix = prefix.to_owned();
    let decision = catalog.check_update(&request, &request.apps[0]).unwrap();
    let offered = decision.update.map(|update| update.version.to_string());
    format!("{} {}", offered.as_deref().unwrap_or("-"), decision.reason.as_str())
}

fn expect(catalog: &mut Catalog, expected: &[(&str, &str)]) {
    for (version, answer) in expected {
        assert_eq!(ask(catalog, BOARD, "stable", version, ""), *answer, "{version:?}");
    }
}

#[test]
fn the_newest() {
    let mut catalog = Catalog::new(["3.0.0", "1.0.0", "2.0.0"].map(release));
    let cases = [
        ("0.9.0", "3.0.0 older"),
        ("2.5.0", "3.0.0 older"),
        ("3.0.0", "- up-to-date"),
        ("3.0.1", "- newer"),
        ("ForcedUpdate", "3.0.0 forced-by-machine"),
        ("", "- no-version"),
        ("main", "- not-a-version"),
    ];
    expect(&mut catalog, &cases);
    let mut catalog = catalog.with_force(true);
    let cases = [
        ("2.5.0", "3.0.0 older"),
        ("3.0.0", "- up-to-date"),
        ("3.0.1", "3.0.0 forced-by-operator"),
        ("", "3.0.0 forced-by-operator"),
    ];
    expect(&mut catalog, &cases);
}

/// As Nebraska does it: one manifest, of the lowest floor above the machine's version
/// and not above where it goes (`GetRequiredChannelFloors`, and its tests of floors).
#[test]
fn one_floor_after_the_other() {
    let floor = |version| release(version).with_floor(true);
    let mut catalog = Catalog::new([
        release("1.5.0"),
        floor("2.0.0"),
        release("2.5.0"),
        floor("3.0.0"),
        release("4.0.0"),
    ]);
    let cases = [
        ("1.0.0", "2.0.0 floor"),
        ("1.5.0", "2.0.0 floor"),
        ("2.0.0", "3.0.0 floor"),
        ("2.5.0", "3.0.0 floor"),
        ("3.0.0", "4.0.0 older"),
        ("4.0.0", "- up-to-date"),
        ("5.0.0", "- newer"),
        ("ForcedUpdate", "4.0.0 forced-by-machine"),
    ];
    expect(&mut catalog, &cases);
    // Up to the version that is wanted, and by the floors before it.
    for (version, prefix, answer) in [
        ("1.0.0", "2.5.", "2.0.0 floor"),
        ("2.0.0", "2.5.", "2.5.0 older"),
        ("1.0.0", "2.0.", "2.0.0 older"),
        ("1.0.0", "1.5.", "1.5.0 older"),
        ("1.0.0", "9.", "- other-prefix"),
        ("1.0.0", "1.5.0$", "1.5.0 older"),
        ("1.0.0", "2.5$", "- other-prefix"),
    ] {
        assert_eq!(ask(&mut catalog, BOARD, "", version, prefix), answer, "{version} {prefix}");
    }
    // The newest one is where everybody goes.
    let mut catalog = Catalog::new([release("1.5.0"), floor("2.0.0")]);
    expect(&mut catalog, &[("1.0.0", "2.0.0 older"), ("2.0.0", "- up-to-date")]);
}

#[test]
fn held_back() {
    let hold = |version| release(version).with_hold(true);
    let mut catalog = Catalog::new([release("2.0.0"), hold("3.0.0")]);
    let cases = [
        ("1.0.0", "2.0.0 older"),
        ("2.0.0", "- up-to-date"),
        ("2.5.0", "- held"),
        ("3.5.0", "- newer"),
        ("ForcedUpdate", "2.0.0 forced-by-machine"),
    ];
    expect(&mut catalog, &cases);
    expect(&mut Catalog::new([hold("3.0.0")]), &[("1.0.0", "- held"), ("3.0.0", "- held")]);
    // Nobody passes by a floor that is held, and everybody may come up to it.
    let mut catalog = Catalog::new([hold("2.0.0").with_floor(true), release("3.0.0")]);
    expect(&mut catalog, &[("1.0.0", "- held"), ("2.0.0", "3.0.0 older")]);
    let before = [release("1.0.0"), hold("2.0.0").with_floor(true)];
    let cases = [("0.5.0", "1.0.0 older"), ("1.0.0", "- up-to-date"), ("1.5.0", "- held")];
    expect(&mut Catalog::new(before.clone()), &cases);
    let after = [hold("3.0.0"), release("4.0.0"), hold("5.0.0")];
    let mut catalog = Catalog::new(before.into_iter().chain(after));
    let cases = [
        ("0.5.0", "1.0.0 older"),
        ("1.0.0", "- held"),
        ("1.5.0", "- held"),
        ("2.0.0", "4.0.0 older"),
        ("ForcedUpdate", "4.0.0 forced-by-machine"),
    ];
    expect(&mut catalog, &cases);
    assert_eq!(ask(&mut catalog, BOARD, "", "0.5.0", "4"), "- held");
    assert_eq!(ask(&mut catalog, BOARD, "", "0.5.0", "9"), "- other-prefix");
    // Nor does anybody go back from it.
    expect(
        &mut catalog.with_force(true),
        &[("1.5.0", "- held"), ("6.0.0", "4.0.0 forced-by-operator")],
    );
}

#[test]
fn who_ignores_updates() {
    let mut catalog = Catalog::new([release("1.0.0").with_floor(true), release("2.0.0")]);
    for (version, reason) in [("0.5.0", "update-disabled"), ("2.0.0", "up-to-date")] {
        let mut request = Request::new();
        let app = request.add_app("{app}", version);
        app.board = BOARD.to_owned();
        app.add_update_check().update_disabled = true;
        let decision = catalog.check_update(&request, &request.apps[0]).unwrap();
        assert_eq!((decision.update, decision.reason.as_str()), (None, reason));
    }
}

#[test]
fn boards_and_channels() {
    let other = |board: &str, version| {
        let mut release = release(version);
        release.board = board.to_owned();
        release
    };
    let mut catalog = Catalog::new([
        release("2.0.0").with_channel("stable"),
        release("3.0.0").with_channel("beta"),
        release("2.5.0").with_channel("beta").with_floor(true),
        other("arm64-usr", "5.0.0"),
        other("a", "9.0.0"),
        other("z", "9.0.0"),
    ]);
    for (board, track, answer) in [
        (BOARD, "stable", "2.0.0 older"),
        (BOARD, "beta", "2.5.0 floor"),
        (BOARD, "alpha", "- no-such-channel"),
        (BOARD, "", "- no-such-channel"),
        (BOARD, "Stable", "- no-such-channel"),
        // Without a channel: for every one.
        ("arm64-usr", "stable", "5.0.0 older"),
        ("arm64-usr", "", "5.0.0 older"),
        ("", "stable", "- no-such-board"),
        ("amd64", "stable", "- no-such-board"),
        ("zz", "stable", "- no-such-board"),
    ] {
        assert_eq!(ask(&mut catalog, board, track, "1.0.0", ""), answer, "{board} {track}");
    }
    expect(&mut Catalog::new([]), &[("1.0.0", "- no-such-board")]);
}

#[test]
fn what_an_update_asks_for() {
    let only_from = |previous: &str| {
        let mut release = release("3.0.0");
        let update = Update::clone(&release.update);
        release.update = Arc::new(update.with_previous_version(previous.parse().unwrap()));
        release
    };
    let mut catalog = Catalog::new([release("2.0.0"), only_from("2.0.0")]);
    expect(&mut catalog, &[("1.0.0", "2.0.0 older"), ("2.0.0", "3.0.0 older")]);
    let mut catalog = Catalog::new([only_from("2.0.0")]);
    expect(&mut catalog, &[("1.0.0", "- other-previous-version")]);
}

#[test]
fn other_releases_while_it_runs() {
    let mut catalog = Catalog::new([release("2.0.0")]);
    let handle = catalog.handle();
    expect(&mut catalog, &[("2.0.0", "- up-to-date")]);
    let releases = ["2.2.0", "2.1.0"].map(release);
    std::thread::spawn(move || handle.set_releases(releases)).join().unwrap();
    expect(&mut catalog, &[("2.0.0", "2.2.0 older")]);
    assert_eq!(catalog.handle().releases()[1].update.version.as_str(), "2.2.0");
    assert_eq!(Reason::from("it is a floor"), Reason::Floor);
}

#[test]
fn a_thousand() {
    let mut catalog =
        Catalog::new((0..1000).map(|n| release(&format!("{n}.0.0")).with_floor(n % 100 == 0)));
    expect(&mut catalog, &[("0.5.0", "100.0.0 floor"), ("950.0.0", "999.0.0 older")]);
}
