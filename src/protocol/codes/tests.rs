//! Tests of the codes.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

#[test]
fn numbers_of_the_wire_contract() {
    for (named, number) in [
        (EventType::UPDATE_COMPLETE, 3),
        (EventType::UPDATE_DOWNLOAD_STARTED, 13),
        (EventType::UPDATE_DOWNLOAD_FINISHED, 14),
        (EventType::default(), 0),
    ] {
        assert_eq!(named.code(), number);
    }
    for (named, number) in [
        (EventResult::ERROR, 0),
        (EventResult::SUCCESS, 1),
        (EventResult::SUCCESS_REBOOT, 2),
        (EventResult::UPDATE_DEFERRED, 9),
        (EventResult::default(), 0),
    ] {
        assert_eq!(named.code(), number);
    }
}

#[test]
fn every_name_has_words_of_its_own() {
    let types: HashSet<_> = EventType::NAMED.iter().map(|t| t.to_string()).collect();
    assert_eq!((types.len(), EventType::NAMED.len()), (24, 24));
    let results: HashSet<_> = EventResult::NAMED.iter().map(|r| r.to_string()).collect();
    assert_eq!((results.len(), EventResult::NAMED.len()), (11, 11));
}

#[test]
fn unknown_numbers_are_shown_as_numbers() {
    assert_eq!(EventType::new(77).to_string(), "event type 77");
    assert_eq!(EventResult::new(-1).to_string(), "event result -1");
    assert_eq!(EventType::new(14).to_string(), "update download finished");
    assert_eq!(EventResult::new(2).to_string(), "success, reboot");
}

#[test]
fn known_texts_become_known_values() {
    let app = "ok restricted error-unknownApplication error-invalidAppId error-invalidVersion \
               error-internal";
    for text in app.split(' ') {
        let status = AppStatus::from(text);
        assert!(!matches!(status, AppStatus::Other(_)), "{text}");
        assert_eq!(status.as_str(), text);
    }
    let update = "noupdate ok error-osnotsupported error-hwnotsupported \
                  error-unsupportedProtocol error-pluginRestrictedHost error-hash error-internal";
    for text in update.split(' ') {
        let status = UpdateStatus::from(text);
        assert!(!matches!(status, UpdateStatus::Other(_)), "{text}");
        assert_eq!(status.as_str(), text);
    }
    assert_eq!(AckStatus::from("ok"), AckStatus::Ok);
}

/// As go-omaha has them: an updater answers with a status by `?`.
#[test]
fn statuses_are_errors() {
    let error: Box<dyn std::error::Error> = AppStatus::Restricted.into();
    assert_eq!(error.to_string(), "restricted");
    let error: Box<dyn std::error::Error> = UpdateStatus::Hash.into();
    assert_eq!(error.to_string(), "error-hash");
}

#[test]
fn defaults() {
    assert_eq!(AppStatus::default(), AppStatus::Ok);
    assert_eq!(UpdateStatus::default(), UpdateStatus::NoUpdate);
    assert_eq!(AckStatus::default(), AckStatus::Ok);
}

proptest! {
    #[test]
    fn numbers_survive(number in any::<i64>()) {
        prop_assert_eq!(EventType::new(number).code(), number);
        prop_assert_eq!(EventResult::new(number).code(), number);
    }

    #[test]
    fn texts_survive(text in any::<String>()) {
        prop_assert_eq!(AppStatus::from(text.as_str()).to_string(), text.clone());
        prop_assert_eq!(UpdateStatus::from(text.as_str()).to_string(), text.clone());
        prop_assert_eq!(AckStatus::from(text.as_str()).to_string(), text);
    }
}
