mod updates;

use super::*;
use omaha::Reason;
use omaha::protocol::request::{App, Event};
use omaha::protocol::{ErrorCode, EventResult, EventType, VersionText};
use omaha::server::{Activity, CutCause, Download};
use std::sync::LazyLock;
use std::time::Duration;

const OFFERED: &str = "2.0.0";

/// What machines do, one thing after the other.
struct Script {
    tracker: MachineTracker,
    now: u64,
}

impl Script {
    fn new(rules: Rules) -> Self {
        Self::expecting(rules, "")
    }

    fn expecting(rules: Rules, expected: &str) -> Self {
        let names = ["update.gz", "oem-azure.gz"].map(str::to_owned);
        let expected = Expected::read(expected);
        let tracker = MachineTracker::new(
            Offered::Version(OFFERED.parse().unwrap()),
            names,
            rules,
            expected,
            0,
        );
        Self { tracker, now: 1 }
    }

    /// Asks as the command's updater does: whether it was offered the update.
    fn check(&mut self, id: &str, host: u8, version: &str) -> Result<(), Reason> {
        self.check_of_board(id, host, version, "amd64-usr")
    }

    fn check_of_board(
        &mut self,
        id: &str,
        host: u8,
        version: &str,
        board: &str,
    ) -> Result<(), Reason> {
        let version = VersionText::from(version);
        let mut machine = machine(id, host, &version);
        machine.board = board;
        self.tracker.arrive(&machine, false, self.now);
        let offered = OFFERED.parse().unwrap();
        let answer = if version.version() == Some(&offered) {
            Err(Reason::UpToDate)
        } else {
            self.tracker.may_offer(&machine)
        };
        let reason = answer.as_ref().err().unwrap_or(&Reason::Older);
        let offered = answer.is_ok().then_some(&offered);
        self.tracker.note(&Activity::checked(machine, offered, reason), self.now);
        answer
    }

    fn report(&mut self, id: &str, host: u8, kind: i64, result: i64, with_check: bool) {
        let version = VersionText::from("1.0.0");
        let mut event = Event::new(EventType::new(kind), EventResult::new(result));
        event.error_code = (result == 0).then_some(ErrorCode::PAYLOAD_HASH_MISMATCH);
        let machine = machine(id, host, &version);
        let activity = Activity::reported(machine, &event, with_check);
        self.tracker.note(&activity, self.now);
    }

    fn complete(&mut self, id: &str, host: u8) {
        assert_eq!(self.check(id, host, "1.0.0"), Ok(()));
        for kind in [13, 14, 3] {
            self.report(id, host, kind, 1, false);
        }
    }

    fn download(&mut self, host: u8, at: u64, cut: bool) {
        let address = ([10, 0, 0, host], 9).into();
        let download = &Download::new(address, "update.gz", 200, 0..200);
        self.tracker.note(&Activity::DownloadStarted(download), self.now);
        self.tracker.note(&Activity::download_progressed(download, at), self.now);
        if cut {
            let (elapsed, cause) = (Duration::ZERO, &CutCause::Changed);
            let activity = Activity::download_cut(download, at, elapsed, cause);
            self.tracker.note(&activity, self.now);
        }
    }

    fn state(&self, key: &Key) -> State {
        self.tracker.get(key).unwrap().shown()
    }

    fn state_of(&self, id: &str) -> State {
        self.state(&Key::Id(id.into()))
    }

    fn said(&mut self) -> String {
        let say = |news| match news {
            News::Say(_, line) | News::Alarm(line) => Some(line + "\n"),
            _ => None,
        };
        self.tracker.take_news().into_iter().filter_map(say).collect()
    }
}

fn machine<'a>(id: &'a str, host: u8, version: &'a VersionText) -> Machine<'a> {
    let address = ([10, 0, 0, host], 1).into();
    let mut machine = Machine::new(&EMPTY, address);
    (machine.id, machine.version) = (id, version);
    machine
}

static EMPTY: LazyLock<App> = LazyLock::new(App::default);

#[test]
fn an_update_from_check_to_check() {
    let mut script = Script::new(Rules::default());
    assert_eq!(script.check("a", 1, "1.0.0"), Ok(()));
    assert_eq!(script.state_of("a"), State::Offered);
    script.report("a", 1, 13, 1, false);
    script.download(1, 50, false);
    assert_eq!(script.state_of("a"), State::Downloading);
    let record = script.tracker.get(&Key::Id("a".into())).unwrap();
    assert_eq!((record.percent(), record.attempts), (Some(25), 1));
    script.report("a", 1, 14, 1, false);
    assert_eq!(script.state_of("a"), State::Installing);
    script.report("a", 1, 3, 1, false);
    assert_eq!(script.state_of("a"), State::WaitingForReboot);
    assert_eq!(script.tracker.counts().done(), 1);
    assert_eq!(script.check("a", 1, OFFERED), Err(Reason::UpToDate));
    script.report("a", 1, 3, 2, true);
    assert_eq!(script.state_of("a"), State::Updated);
    assert_eq!((script.tracker.counts().done(), script.tracker.counts().machines()), (1, 1));
}

#[test]
fn who_has_it_already_is_up_to_date() {
    let mut script = Script::new(Rules::default());
    let _ = script.check("a", 1, OFFERED);
    assert_eq!(script.state_of("a"), State::UpToDate);
    assert_eq!(script.tracker.counts().done(), 1);
}

#[test]
fn who_only_checks_the_server_is_no_machine() {
    let mut script = Script::new(Rules::default());
    let nobody = "0".repeat(32);
    assert_eq!(script.check(&nobody, 1, "1.0.0"), Ok(()));
    script.report(&nobody, 1, 3, 0, false);
    assert_eq!(script.tracker.counts(), &Counts::default());
    let _ = script.check("0", 1, "1.0.0");
    assert_eq!(script.tracker.counts().machines(), 1);
}

#[test]
fn an_error_at_a_check_is_about_an_earlier_update() {
    let mut script = Script::new(Rules::default());
    let _ = script.check("a", 1, "1.0.0");
    script.report("a", 1, 3, 0, true);
    assert_eq!((script.state_of("a"), script.tracker.counts().failed()), (State::Offered, 0));
    script.report("a", 1, 3, 0, false);
    assert_eq!((script.state_of("a"), script.tracker.counts().failed()), (State::Failed, 1));
    assert_eq!(script.check("a", 1, "1.0.0"), Ok(()));
    assert_eq!((script.state_of("a"), script.tracker.counts().failed()), (State::Offered, 0));
}

#[test]
fn who_came_back_old_is_offered_nothing_more() {
    let mut script = Script::new(Rules::default());
    script.complete("a", 1);
    let _ = script.said();
    for _ in 0..2 {
        assert_eq!(script.check("a", 1, "1.0.0"), Err(Reason::CameBackOld));
        assert_eq!(script.state_of("a"), State::CameBackOld);
    }
    let said = script.said();
    assert_eq!(said.matches("came back old").count(), 1, "{said}");
    assert!(said.contains("update to 2.0.0") && said.contains("has 1.0.0"), "{said}");
    assert_eq!((script.tracker.counts().failed(), script.tracker.counts().done()), (1, 0));

    let mut script = Script::new(Rules { force: true, ..Rules::default() });
    script.complete("a", 1);
    assert_eq!(script.check("a", 1, "1.0.0"), Ok(()));
    assert!(script.said().contains("came back old"));
}

#[test]
fn who_came_back_with_a_third_version_came_back_old() {
    let mut script = Script::new(Rules::default());
    script.complete("a", 1);
    assert_eq!(script.check("a", 1, "3.0.0"), Err(Reason::CameBackOld));
    // It did not say which version it has.
    let mut script = Script::new(Rules::default());
    script.complete("a", 1);
    assert_eq!(script.check("a", 1, "ForcedUpdate"), Ok(()));
}

#[test]
fn an_id_at_two_addresses_by_turns_is_two_machines() {
    let mut script = Script::new(Rules::default());
    for host in [1, 2] {
        let _ = script.check("a", host, "1.0.0");
    }
    // It may have moved.
    assert_eq!(script.tracker.counts().machines(), 1);
    for host in [1, 2, 1] {
        let _ = script.check("a", host, "1.0.0");
    }
    assert_eq!(script.tracker.counts().machines(), 2);
    let said = script.said();
    assert_eq!(said.matches("several machines have the id a").count(), 1, "{said}");
    script.report("a", 2, 3, 1, false);
    assert_eq!(
        script.state(&Key::Clone("a".into(), [10, 0, 0, 2].into())),
        State::WaitingForReboot
    );
    assert_eq!(script.state(&Key::Clone("a".into(), [10, 0, 0, 1].into())), State::Offered);
}

#[test]
fn a_clone_that_is_late_did_not_come_back_old() {
    let mut script = Script::new(Rules::default());
    script.complete("a", 1);
    assert_eq!(script.check("a", 2, "1.0.0"), Ok(()));
    assert_eq!(script.tracker.counts().machines(), 2);
    assert_eq!((script.tracker.counts().failed(), script.tracker.counts().done()), (0, 1));
    // The same machine with another address.
    let mut script = Script::new(Rules::default());
    script.complete("a", 1);
    let _ = script.check("a", 2, OFFERED);
    assert_eq!((script.tracker.counts().machines(), script.state_of("a")), (1, State::Updated));
}

#[test]
fn only_so_many_at_once_until_they_are_silent() {
    let rules =
        Rules { at_once: Some(1), silent_after: Duration::from_secs(60), ..Rules::default() };
    let mut script = Script::new(rules);
    assert_eq!(script.check("a", 1, "1.0.0"), Ok(()));
    assert_eq!(script.check("a", 1, "1.0.0"), Ok(()));
    assert_eq!(script.check("b", 2, "1.0.0"), Err(Reason::Wait));
    script.report("a", 1, 3, 1, false);
    assert_eq!(script.check("b", 2, "1.0.0"), Err(Reason::Wait));
    let _ = script.check("a", 1, OFFERED);
    assert_eq!(script.check("b", 2, "1.0.0"), Ok(()));
    // It is silent, and gives its place up.
    script.now += 60;
    script.tracker.sweep(script.now);
    assert_eq!(script.state_of("b"), State::Silent);
    assert_eq!(script.check("c", 3, "1.0.0"), Ok(()));
    assert_eq!(script.check("b", 2, "1.0.0"), Err(Reason::Wait));
    assert_eq!(script.state_of("b"), State::Seen);
    // Not silent: its download goes on.
    script.download(3, 10, false);
    script.now += 60;
    script.tracker.sweep(script.now);
    assert_eq!(script.state_of("c"), State::Downloading);
}

#[test]
fn who_asks_after_silence_has_its_state_since_then() {
    let rules =
        Rules { at_once: Some(1), silent_after: Duration::from_secs(60), ..Rules::default() };
    let mut script = Script::new(rules);
    assert_eq!(script.check("a", 1, "1.0.0"), Ok(()));
    script.now += 60;
    script.tracker.sweep(script.now);
    assert_eq!(script.check("b", 2, "1.0.0"), Ok(()));
    script.now += 10;
    assert_eq!(script.check("a", 1, "1.0.0"), Err(Reason::Wait));
    let record = script.tracker.get(&Key::Id("a".into())).unwrap();
    assert_eq!((record.shown(), record.since), (State::Seen, script.now));
}

#[test]
fn a_failure_stops_the_rollout() {
    let rules = Rules { stop_after_failures: Some(2), ..Rules::default() };
    let mut script = Script::new(rules);
    for (host, id) in [(1, "a"), (2, "b")] {
        assert_eq!(script.check(id, host, "1.0.0"), Ok(()));
    }
    script.report("a", 1, 3, 0, false);
    // The same machine again is one.
    assert_eq!(script.check("a", 1, "1.0.0"), Ok(()));
    script.report("a", 1, 3, 0, false);
    assert!(!script.tracker.is_stopped());
    script.report("b", 2, 3, 0, false);
    assert_eq!(script.check("c", 3, "1.0.0"), Err(Reason::RolloutStopped));
    assert_eq!(script.said().matches("ROLLOUT STOPPED").count(), 1);
}

#[test]
fn other_boards() {
    let rules = Rules { boards: vec!["arm64-usr".to_owned()], ..Rules::default() };
    let mut script = Script::new(rules);
    assert_eq!(script.check("a", 1, "1.0.0"), Err(Reason::OtherBoard));
    assert_eq!(script.check_of_board("b", 2, "1.0.0", "arm64-usr"), Ok(()));
    assert_eq!(script.state_of("a"), State::Seen);
}

#[test]
fn expected_machines() {
    let mut script = Script::expecting(Rules::default(), "a\n # nobody\nb # the second\n");
    assert_eq!(script.tracker.missing(), ["a", "b"]);
    script.complete("b", 2);
    assert_eq!(script.tracker.missing(), ["a"]);
    let counts = script.tracker.counts();
    assert_eq!((counts.expected, counts.expected_heard, counts.expected_done), (2, 1, 1));
    assert!(counts.line().ends_with(", 1 missing"), "{}", counts.line());
}

#[test]
fn a_name_is_done_when_all_its_machines_are() {
    let done = |script: &Script| {
        let counts = script.tracker.counts();
        (counts.expected_heard, counts.expected_done)
    };
    // Clones of an expected id.
    let mut script = Script::expecting(Rules::default(), "\u{feff}a");
    script.complete("a", 1);
    assert_eq!(done(&script), (1, 1));
    assert_eq!(script.check("a", 2, "1.0.0"), Ok(()));
    script.report("a", 1, 3, 1, false);
    assert_eq!(done(&script), (1, 0));
    script.report("a", 2, 3, 1, false);
    assert_eq!(done(&script), (1, 1));
    script.report("a", 1, 3, 0, false);
    assert_eq!(done(&script), (1, 0));
    // One that gives its name up does not count for it.
    let mut script = Script::expecting(Rules::default(), "rack");
    let version = VersionText::from("1.0.0");
    for (alias, expected) in [("rack", (1, 0)), ("", (0, 0)), ("rack", (1, 0))] {
        let mut machine = machine("b", 1, &version);
        machine.alias = alias;
        script.tracker.note(&Activity::checked(machine, None, &Reason::Wait), 1);
        assert_eq!(done(&script), expected, "{alias:?}");
    }
}

#[test]
fn a_failure_without_a_number_counts_as_error() {
    let mut script = Script::new(Rules::default());
    let version = VersionText::from("1.0.0");
    let event = Event::new(EventType::UPDATE_COMPLETE, EventResult::ERROR);
    let machine = machine("a", 1, &version);
    script.tracker.note(&Activity::reported(machine, &event, false), 1);
    assert_eq!(script.tracker.counts().failures, [(1, 1)].into());
}

#[test]
fn a_download_from_a_shared_address_is_nobodys() {
    let mut script = Script::new(Rules::default());
    for id in ["a", "b"] {
        let _ = script.check(id, 1, "1.0.0");
    }
    script.download(1, 50, true);
    assert_eq!((script.state_of("a"), script.state_of("b")), (State::Offered, State::Offered));
    assert_eq!((script.tracker.counts().transfers, script.tracker.counts().bytes_sent), (0, 50));
}

#[test]
fn a_missing_oem_extension_is_told_once() {
    let mut script = Script::new(Rules::default());
    let version = VersionText::from("1.0.0");
    for oem in ["azure", "vmware"] {
        let mut machine = machine(oem, 1, &version);
        machine.oem = oem;
        let offered = OFFERED.parse().unwrap();
        for _ in 0..2 {
            let (offered, reason) = (Some(&offered), &Reason::Older);
            script.tracker.note(&Activity::checked(machine, offered, reason), 1);
        }
    }
    let said = script.said();
    assert_eq!(said.matches("no package ends in").count(), 1, "{said}");
    assert!(said.contains("has the OEM vmware, and no package ends in oem-vmware.gz"), "{said}");
}

#[test]
fn the_longest_silent_machines_make_room() {
    let mut script = Script::new(Rules::default());
    for host in [1, 2, 1] {
        let _ = script.check("cloned", host, "1.0.0");
    }
    assert_eq!(script.tracker.shared.len(), 1);
    for number in 0..MAX_MACHINES + 1 {
        script.now = number as u64;
        let version = VersionText::Empty;
        let id = number.to_string();
        let machine = machine(&id, 1, &version);
        script.tracker.note(&Activity::pinged(machine), script.now);
        script.tracker.take_news();
    }
    let number = script.tracker.counts().machines();
    // The two clones among them; three came after some had gone.
    assert_eq!(number, MAX_MACHINES - MAX_MACHINES / EVICTED + 3);
    assert_eq!(number, script.tracker.machines().count());
    assert!(script.tracker.get(&Key::Id("0".into())).is_none());
    assert!(script.tracker.shared.is_empty(), "the ids of clones that are gone");
    assert!(script.tracker.get(&Key::Id(MAX_MACHINES.to_string().into())).is_some());
}

#[test]
fn every_machine_is_in_the_last_line() {
    let mut script = Script::new(Rules::default());
    script.complete("done", 1);
    let _ = script.check("offered", 2, "1.0.0");
    let _ = script.check("same", 3, OFFERED);
    let _ = script.check("failed", 4, "1.0.0");
    script.report("failed", 4, 3, 0, false);
    script.tracker.note(&Activity::pinged(machine("seen", 5, &VersionText::Empty)), script.now);
    let line = script.tracker.counts().line();
    assert_eq!(line, "1 updated, 1 failed, 1 under way, 1 up to date, 1 not offered");
}
