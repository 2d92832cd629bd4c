use proptest::prelude::*;

use super::*;

const NOW: u64 = 1_700_000_000;

/// An answer of now, by the same clock.
fn answer(machines: Vec<(&str, Record)>) -> Answer {
    let machines: Vec<_> =
        machines.into_iter().map(|(id, record)| (Arc::from(id), record)).collect();
    let mut document = Document { time: NOW, machines, ..Document::default() };
    for (_, record) in &document.machines {
        document.states[record.shown() as usize] += 1;
    }
    Answer { document, received: NOW }
}

/// What becomes of answers, which stay as they are.
fn merge_all(answers: &[Answer], names: Option<&str>) -> Merged {
    Merged::of(&mut answers.to_vec(), names)
}

/// A machine that was heard this many seconds ago.
fn machine(host: u8, state: State, ago: u64) -> Record {
    let mut record = Record::new([10, 0, 0, host].into(), NOW - ago);
    record.alias = (&*format!("node-{host}")).into();
    if state == State::Silent {
        (record.state, record.is_silent) = (State::Downloading, true);
    } else {
        record.state = state;
    }
    record
}

fn states(merged: &Merged) -> Vec<(String, State)> {
    let mut states: Vec<_> = merged
        .machines
        .iter()
        .map(|(key, record)| (format!("{}@{}", key.id(), record.address), record.shown()))
        .collect();
    states.sort_by(|one, other| one.0.cmp(&other.0));
    states
}

#[test]
fn a_machine_is_there_once_with_its_latest_state() {
    let one = vec![
        ("a", machine(1, State::Silent, 4000)),
        ("b", machine(2, State::Updated, 5)),
        ("", machine(3, State::Offered, 9)),
    ];
    let other = vec![
        ("a", machine(1, State::UpToDate, 3)),
        ("b", machine(2, State::Offered, 6)),
        ("", machine(3, State::Installing, 8)),
    ];
    let merged = merge_all(&[answer(one), answer(other)], None);
    let expected = [
        ("@10.0.0.3".to_owned(), State::Installing),
        ("a@10.0.0.1".to_owned(), State::UpToDate),
        ("b@10.0.0.2".to_owned(), State::Updated),
    ];
    assert_eq!(states(&merged), expected);
    assert_eq!(merged.counts.machines(), 3);
    assert!(!merged.is_all_done());
    assert!(!merge_all(&[answer(vec![])], None).is_all_done(), "nobody is not all");
}

#[test]
fn the_order_of_the_servers_does_not_matter() {
    for (state, other, latest) in [
        (State::Offered, State::WaitingForReboot, State::WaitingForReboot),
        (State::WaitingForReboot, State::Failed, State::Failed),
        (State::Seen, State::Offered, State::Offered),
        (State::Installing, State::UpToDate, State::UpToDate),
    ] {
        for states_of in [[state, other], [other, state]] {
            let both = states_of.map(|state| answer(vec![("a", machine(1, state, 7))]));
            assert_eq!(states(&merge_all(&both, None))[0].1, latest, "within one second");
        }
    }
}

#[test]
fn wrong_clocks_of_servers_do_not_matter() {
    for hour in [-3600_i64, 3600] {
        let here = answer(vec![("a", machine(1, State::UpToDate, 10))]);
        let mut other = answer(vec![("a", machine(1, State::Offered, 20))]);
        let wrong = |time: u64| time.saturating_add_signed(hour);
        other.document.time = wrong(NOW);
        let record = &mut other.document.machines[0].1;
        record.last_heard = wrong(record.last_heard);
        let merged = merge_all(&[other, here], None);
        let record = merged.machines.values().next().unwrap();
        assert_eq!((record.state, record.last_heard), (State::UpToDate, NOW - 10));
    }
}

#[test]
fn clones_are_told_apart_wherever_they_were_seen() {
    let one =
        answer(vec![("a", machine(1, State::Updated, 5)), ("a", machine(2, State::Failed, 4))]);
    let other =
        answer(vec![("a", machine(2, State::Updated, 3)), ("b", machine(3, State::Updated, 3))]);
    let merged = merge_all(&[one, other], None);
    assert_eq!(merged.counts.of(State::Updated), 3);
    assert!(merged.is_all_done());
}

#[test]
fn expected_are_those_of_the_list_or_else_of_the_servers() {
    let mut one = answer(vec![("a", machine(1, State::Updated, 5))]);
    let mut other = answer(vec![("b", machine(2, State::WaitingForReboot, 4))]);
    one.document.missing = vec!["node-2".into(), "c".into()];
    other.document.missing = vec!["a".into(), "c".into()];
    let mut both = [one, other];
    let merged = merge_all(&both, None);
    assert_eq!(merged.expected.missing(), ["c"]);
    assert!(!merged.is_all_done());
    assert_eq!(merged.counts.line(), "2 updated, 0 failed, 0 under way, 1 missing");
    // The list of this command in place of those of the servers.
    let merged = merge_all(&both, Some("node-1 # first\nb\n"));
    assert!(merged.is_expected_done() && merged.expected.missing().is_empty());
    let merged = merge_all(&both, Some("node-1\nd"));
    assert!(!merged.is_expected_done());
    assert_eq!(merged.expected.missing(), ["d"]);
    assert!(!merge_all(&both, Some("# nobody")).is_expected_done());
    for answer in &mut both {
        answer.document.missing.retain(|name| name != "c");
    }
    assert!(merge_all(&both, None).is_all_done());
}

#[test]
fn of_two_machines_with_one_name_both_must_be_done() {
    let mut two = [machine(1, State::Updated, 5), machine(2, State::Offered, 5)];
    for record in &mut two {
        record.alias = "node".into();
    }
    for order in [[0, 1], [1, 0]] {
        let both = answer(vec![("a", two[order[0]].clone()), ("b", two[order[1]].clone())]);
        assert!(!merge_all(&[both], Some("node")).is_expected_done());
    }
}

#[test]
fn those_that_are_not_listed_count() {
    let mut one = answer(vec![("a", machine(1, State::Updated, 5))]);
    one.document.states[State::UpToDate as usize] = 7;
    one.document.omitted = 7;
    let merged = merge_all(&[one], None);
    assert_eq!((merged.counts.machines(), merged.counts.of(State::UpToDate)), (8, 7));
    assert!(merged.is_all_done());
    let mut one = answer(vec![("a", machine(1, State::Updated, 5))]);
    one.document.states[State::Seen as usize] = u64::MAX;
    one.document.omitted = u64::MAX;
    assert!(!merge_all(&[one], None).is_all_done());
}

#[test]
fn a_machine_that_waits_with_a_floor_is_not_done() {
    let mut record = machine(1, State::WaitingForReboot, 5);
    for is_step in [true, false] {
        record.is_step = is_step;
        let one = [answer(vec![("a", record.clone())])];
        assert_eq!(merge_all(&one, None).is_all_done(), !is_step);
        assert_eq!(merge_all(&one, Some("a")).is_expected_done(), !is_step);
    }
}

#[test]
fn what_another_server_offered_is_known() {
    let offered = |version: &str, is_step, state, ago| {
        let record = machine(1, state, ago);
        answer(vec![("a", Record { offered: version.into(), is_step, ..record })])
    };
    let waits = || answer(vec![("a", machine(1, State::WaitingForReboot, 1))]);
    let floor = || offered("4081.2.0", true, State::Silent, 9);
    let last = || offered("4152.2.0", false, State::Silent, 5);
    for (servers, is_done) in [
        ([waits(), floor(), answer(vec![])], false),
        ([floor(), waits(), last()], true),
        ([last(), floor(), waits()], true),
    ] {
        assert_eq!(merge_all(&servers, None).is_all_done(), is_done);
    }
    // It came back with what it was offered, or has another version anyway.
    for (version, state) in [("4152.2.0", State::Updated), ("4230.0.0", State::UpToDate)] {
        let record = Record { version: version.into(), ..machine(1, State::UpToDate, 1) };
        let back = answer(vec![("a", record)]);
        assert_eq!(states(&merge_all(&[last(), back], None))[0].1, state);
    }
}

#[test]
fn a_machine_that_is_silent_with_its_update_is_done() {
    let mut record = machine(1, State::WaitingForReboot, 5000);
    record.is_silent = true;
    assert!(merge_all(&[answer(vec![("a", record)])], None).is_all_done());
}

/// Machines with few ids, addresses and times, so that they meet.
fn documents() -> impl Strategy<Value = Vec<Answer>> {
    let id = prop::sample::select(vec!["", "a", "b", "c"]);
    let state = prop::sample::select(State::ALL.to_vec());
    let machine = (id, 1_u8..4, state, 0_u64..5)
        .prop_map(|(id, host, state, ago)| (id, machine(host, state, ago)));
    let document = prop::collection::vec(machine, 0..6).prop_map(answer);
    prop::collection::vec(document, 0..4)
}

proptest! {
    #[test]
    fn nobody_is_lost_and_the_order_does_not_matter(mut documents in documents()) {
        let merged = merge_all(&documents, None);
        prop_assert_eq!(merged.counts.machines(), merged.machines.len());
        for (id, record) in documents.iter().flat_map(|answer| &answer.document.machines) {
            let keys = [
                Key::Id(Arc::clone(id)),
                Key::Clone(Arc::clone(id), record.address),
                Key::Address(record.address),
            ];
            let found: Vec<_> = keys.iter().filter_map(|key| merged.machines.get(key)).collect();
            prop_assert!(found.iter().any(|found| found.last_heard >= record.last_heard));
        }
        documents.reverse();
        prop_assert_eq!(states(&merged), states(&merge_all(&documents, None)));
    }
}
