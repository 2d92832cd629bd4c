use std::io;
use std::sync::Arc;

use super::Client;
use crate::Chain;
use crate::client::lint::{Finding, Rule};
use crate::client::testing::{Clock, Script, Step, answer, document};
use crate::client::{
    ClientError, HttpAnswer, HttpRequest, Machine, Retry, SettingsError, Transport, TransportError,
    Validation, events,
};
use crate::protocol::request::App;
use crate::protocol::{
    AppStatus, ErrorCode, EventResult, EventType, Request, Response, UpdateStatus, limits,
};

const ID: &str = "{app}";

fn app(id: &str) -> App {
    App { id: id.to_owned(), version: "1.0.0".into(), track: "beta".to_owned(), ..App::default() }
}

fn client(steps: impl IntoIterator<Item = Step>) -> (Client, Arc<Script>, Arc<Clock>) {
    let (script, clock) = (Script::new(steps), Clock::new());
    let client = Client::new("http://server".parse().unwrap(), "user").unwrap();
    let client = client.with_transport(Arc::clone(&script)).with_environment(Arc::clone(&clock));
    client.add_app(app(ID)).unwrap();
    (client, script, clock)
}

fn response(status: AppStatus, update: Option<UpdateStatus>) -> Step {
    let mut response = Response::new();
    let app = response.add_app(ID, status);
    if let Some(update) = update {
        app.add_update_check(update);
    }
    document(response.to_xml())
}

fn ok(update: UpdateStatus) -> Step {
    response(AppStatus::Ok, Some(update))
}

fn io_failure() -> Step {
    let source = io::ErrorKind::ConnectionReset.into();
    Step::Fail(TransportError::Io { doing: "waiting for the answer", source })
}

/// The error event in a request that holds nothing else.
fn reported(request: &Request) -> Option<ErrorCode> {
    let app = &request.apps[0];
    assert_eq!((&app.ping, &app.update_check, app.events.len()), (&None, &None, 1));
    let event = &app.events[0];
    assert_eq!((event.event_type, event.result), (EventType::UPDATE_COMPLETE, EventResult::ERROR));
    event.error_code
}

#[test]
fn an_update_check_says_who_asks() {
    let (client, script, _) = client([ok(UpdateStatus::Ok)]);
    let checked = client.app(ID).unwrap().check().unwrap();
    assert!(checked.update().is_some());
    let sent = &script.sent()[0];
    assert_eq!(sent.url, "http://server/v1/update/");
    assert_eq!(sent.header("content-type"), Some("text/xml; charset=utf-8"));
    let request = sent.request();
    assert_eq!((request.user_id.as_str(), request.is_machine), ("user", false));
    assert_eq!(request.session_id.len(), 36);
    assert!(request.version.starts_with("omaha-"));
    let app = &request.apps[0];
    assert_eq!((app.id.as_str(), app.version.as_str(), app.track.as_str()), (ID, "1.0.0", "beta"));
    assert_eq!((app.machine_id.as_str(), &app.boot_id), ("user", &request.session_id));
    assert!(app.ping.as_ref().unwrap().active && app.update_check.is_some());
    assert_eq!(app.events, [events::complete()]);
}

#[test]
fn no_update_is_an_answer() {
    let (client, script, _) = client([ok(UpdateStatus::NoUpdate)]);
    assert!(client.app(ID).unwrap().check().unwrap().update().is_none());
    client.flush();
    assert_eq!(script.sent().len(), 1);
}

#[test]
fn a_ping_goes_alone() {
    let (client, script, _) = client([response(AppStatus::Ok, None)]);
    client.app(ID).unwrap().ping().unwrap();
    let app = &script.sent()[0].request().apps[0];
    assert!(app.ping.is_some() && app.update_check.is_none() && app.events.is_empty());
}

#[test]
fn a_machine_is_its_own_user() {
    let machine = Machine::new("m".repeat(32), "b".repeat(36));
    let client = Client::for_machine("http://server".parse().unwrap(), machine);
    client.add_app(app(ID)).unwrap();
    let request = client.app(ID).unwrap().request();
    assert!(request.is_machine);
    assert_eq!((request.user_id.len(), request.session_id.len()), (32, 36));
    assert_eq!(request.apps[0].machine_id, request.user_id);
    assert_eq!(request.apps[0].boot_id, request.session_id);
}

#[test]
fn events_later_keep_their_order() {
    let steps = (0..4).map(|_| response(AppStatus::Ok, None));
    let (client, script, _) = client(steps);
    let app = client.app(ID).unwrap();
    let failed = || events::failed(ErrorCode::ERROR);
    let all = [events::downloading, events::downloaded, events::installed, failed];
    let pending: Vec<_> = all.iter().map(|event| app.report_later(event())).collect();
    for pending in pending {
        pending.wait().unwrap();
    }
    let sent: Vec<_> =
        script.sent().iter().map(|s| s.request().apps[0].events[0].clone()).collect();
    assert_eq!(sent, all.map(|event| event()));
}

/// Each way to fail, its number, and whether the server is told.
#[test]
fn failures_have_numbers_and_are_reported() {
    let long = "x".repeat(limits::DOCUMENT + 1);
    let xml: &[(&str, &str)] = &[("Content-Type", "text/xml")];
    let mut other = Response::new();
    other.add_app("other", AppStatus::Ok);
    let unknown = || AppStatus::UnknownApplication;
    for (what, step, code, told) in [
        ("refused", io_failure(), 2, true),
        ("no TLS", Step::Fail(TransportError::NoTls), 2, true),
        ("cut", document("<resp").cut(io::ErrorKind::ConnectionReset), 2, true),
        ("redirect", answer(302, &[("Location", "/elsewhere")], ""), 2302, true),
        ("not found", answer(404, &[], "no such page"), 2404, true),
        ("error", answer(500, xml, other.to_xml()), 2500, true),
        ("empty", document(""), 30, true),
        ("too large", document(&long), 34, true),
        ("content type", answer(200, &[("Content-Type", "text/html")], "<html>"), 31, true),
        ("charset", answer(200, &[("Content-Type", "text/xml; charset=latin1")], "x"), 31, true),
        ("no XML", document("hello"), 31, true),
        ("truncated", document("<response protocol='3.0'><app"), 31, true),
        ("another document", document("<request protocol='3.0'/>"), 31, true),
        ("no app", document("<response protocol='3.0'/>"), 34, true),
        ("other app", document(other.to_xml()), 34, true),
        ("no updatecheck", response(AppStatus::Ok, None), 34, true),
        ("app status", response(unknown(), None), 34, false),
        ("app status and check", response(unknown(), Some(UpdateStatus::Ok)), 34, false),
        ("update status", ok(UpdateStatus::Internal), 34, false),
        ("odd status", ok(UpdateStatus::from("maybe")), 34, false),
    ] {
        let (client, script, _) = client([step, response(AppStatus::Ok, None)]);
        let client = client.with_retry(Retry::NEVER);
        let error = client.app(ID).unwrap().check().unwrap_err();
        client.flush();
        assert_eq!(error.error_code().code(), code, "{what}: {error}");
        let sent = script.sent();
        assert_eq!(sent.len(), 1 + usize::from(told), "{what}: {error}");
        if told {
            assert_eq!(reported(&sent[1].request()), Some(ErrorCode::new(code)), "{what}");
        }
        assert_eq!(error.event().is_some(), told, "{what}");
    }
}

#[test]
fn a_failed_report_is_not_reported() {
    let (client, script, _) = client([io_failure(), io_failure()]);
    let client = client.with_retry(Retry::NEVER);
    let app = client.app(ID).unwrap();
    assert!(app.report(events::installed()).is_err());
    assert!(app.report_later(events::installed()).wait().is_err());
    client.flush();
    assert_eq!(script.sent().len(), 2);
}

/// A transport of the caller's.
#[derive(Debug)]
struct Panicking;

impl Transport for Panicking {
    fn send(&self, _: &HttpRequest<'_>) -> Result<HttpAnswer, TransportError> {
        panic!("a test of what happens then")
    }
}

#[test]
fn nobody_waits_for_ever_when_a_transport_panics() {
    let (client, ..) = client([]);
    let client = client.with_transport(Panicking);
    let app = client.app(ID).unwrap();
    for _ in 0..3 {
        assert!(app.report_later(events::installed()).wait().is_err());
    }
    client.flush();
}

#[test]
fn reports_can_be_switched_off() {
    let (client, script, _) = client([io_failure()]);
    let client = client.with_retry(Retry::NEVER).with_failure_reports(false);
    client.app(ID).unwrap().check().unwrap_err();
    client.flush();
    assert_eq!(script.sent().len(), 1);
}

#[test]
fn update_engine_looks_at_less() {
    let mut other = Response::new();
    other.add_app("other", AppStatus::Internal).add_update_check(UpdateStatus::NoUpdate);
    let step = || answer(200, &[("Content-Type", "text/plain")], other.to_xml());
    let (lenient, _, _) = client([step()]);
    let lenient = lenient.with_validation(Validation::UpdateEngine);
    assert!(lenient.app(ID).unwrap().check().unwrap().update().is_none());
    let (strict, ..) = client([step()]);
    let error = strict.app(ID).unwrap().check().unwrap_err();
    assert!(matches!(error, ClientError::ContentType(_)), "{error}");

    let (lenient, ..) = client([response(AppStatus::UnknownApplication, None)]);
    let lenient = lenient.with_validation(Validation::UpdateEngine);
    let error = lenient.app(ID).unwrap().check().unwrap_err();
    assert!(matches!(error, ClientError::AppStatus { .. }), "{error}");
}

#[test]
fn temporary_failures_are_tried_seven_times() {
    for step in [
        io_failure as fn() -> Step,
        || Step::Fail(TransportError::Closed),
        || Step::Fail(TransportError::Timeout { doing: "", after: Default::default() }),
        || document("<resp").cut(io::ErrorKind::UnexpectedEof),
        || answer(408, &[], ""),
        || answer(429, &[], ""),
        || answer(500, &[], ""),
        || answer(502, &[], ""),
        || answer(503, &[], ""),
        || answer(504, &[], ""),
    ] {
        let (client, script, clock) = client((0..9).map(|_| step()));
        let client = client.with_failure_reports(false);
        client.app(ID).unwrap().check().unwrap_err();
        assert_eq!(script.sent().len(), 7);
        assert_eq!(clock.slept(), [1, 2, 4, 8, 16, 32]);
    }
}

#[test]
fn other_failures_are_not_tried_again() {
    for step in [
        answer(400, &[], ""),
        answer(404, &[], ""),
        answer(501, &[], ""),
        answer(302, &[("Location", "http://other/")], ""),
        document("hello"),
        document(""),
        ok(UpdateStatus::Internal),
        response(AppStatus::Internal, None),
        Step::Fail(TransportError::NoTls),
        Step::Fail(TransportError::Tls("untrusted".into())),
        Step::Fail(TransportError::Protocol("noise".to_owned())),
    ] {
        let (client, script, clock) = client([step, ok(UpdateStatus::Ok)]);
        let client = client.with_failure_reports(false);
        client.app(ID).unwrap().check().unwrap_err();
        assert_eq!((script.sent().len(), clock.slept().len()), (1, 0));
    }
}

#[test]
fn a_retry_may_succeed() {
    let (client, script, clock) =
        client([io_failure(), answer(503, &[], ""), ok(UpdateStatus::Ok)]);
    assert!(client.app(ID).unwrap().check().unwrap().update().is_some());
    assert_eq!((script.sent().len(), clock.slept()), (3, vec![1, 2]));
    let bodies: Vec<_> = script.sent().into_iter().map(|sent| sent.body).collect();
    assert!(bodies.iter().all(|body| body == &bodies[0]));
}

#[test]
fn only_redirects_that_keep_the_post_are_followed() {
    for status in [307, 308] {
        let redirect = answer(status, &[("Location", "//other/omaha")], "");
        let (client, script, _) = client([redirect, ok(UpdateStatus::NoUpdate)]);
        let checked = client.app(ID).unwrap().check().unwrap();
        assert_eq!(checked.answer.url.as_str(), "http://other/omaha");
        let sent = script.sent();
        assert_eq!((&*sent[1].url, &sent[1].body), ("http://other/omaha", &sent[0].body));
    }
    let around = (0..20).map(|_| answer(308, &[("Location", "/around")], ""));
    let (client, script, _) = client(around);
    let client = client.with_failure_reports(false);
    let error = client.app(ID).unwrap().check().unwrap_err();
    let said = Chain(&error).to_string();
    assert!(said.contains("a redirect to \"/around\", after 10 others"), "{said}");
    assert_eq!(script.sent().len(), 11);
}

#[test]
fn an_http_error_says_what_its_body_says() {
    let (client, ..) = client([
        answer(400, &[], "\n not an Omaha request: line 1\nmore"),
        answer(400, &[], "<html><body>"),
    ]);
    let client = client.with_failure_reports(false);
    let error = client.app(ID).unwrap().ping().unwrap_err().to_string();
    assert_eq!(error, "the answer has HTTP status 400: \"not an Omaha request: line 1\"");
    let error = client.app(ID).unwrap().ping().unwrap_err().to_string();
    assert_eq!(error, "the answer has HTTP status 400");
}

#[test]
fn applications_are_told_apart() {
    let (mut client, ..) = client([]);
    let duplicate = SettingsError::DuplicateApp { id: ID.to_owned() };
    assert_eq!(client.add_app(app(ID)).unwrap_err(), duplicate);
    assert_eq!(client.add_app(app("")).unwrap_err(), SettingsError::NoAppId);
    let no_version = App { version: "".into(), ..app("x") };
    let expected = SettingsError::NoVersion { id: "x".to_owned() };
    assert_eq!(client.add_app(no_version).unwrap_err(), expected);

    client.add_app(app("second")).unwrap();
    assert_eq!(client.change_app("second", |app| app.id = ID.to_owned()), Err(duplicate));
    client.change_app("second", |app| app.id = "third".to_owned()).unwrap();
    assert!(client.app("second").is_none());
    client.change_app("third", |app| app.version = "2.0.0".into()).unwrap();
    assert_eq!(client.app("third").unwrap().settings().version.as_str(), "2.0.0");
    let unknown = SettingsError::UnknownApp { id: "second".to_owned() };
    assert_eq!(client.change_app("second", |_| {}), Err(unknown));
    assert_eq!(client.apps().map(|app| app.id().to_owned()).collect::<Vec<_>>(), [ID, "third"]);
}

#[test]
fn two_applications_are_held_at_once() {
    let (client, script, _) = client([]);
    let (second, third) = (client.add_app(app("2")).unwrap(), client.add_app(app("3")).unwrap());
    let copy = second.clone();
    for held in [&second, &third, &copy] {
        held.ping().unwrap_err();
    }
    client.flush();
    let asked: Vec<_> =
        script.sent().iter().map(|sent| sent.request().apps[0].id.clone()).collect();
    assert!(["2", "3"].iter().all(|id| asked.iter().any(|asked| asked == id)), "{asked:?}");
}

#[test]
fn the_status_of_the_application_is_the_reason() {
    // As Nebraska answers.
    let status = || AppStatus::from("error-noPackageFound");
    let (client, ..) = client([
        response(status(), Some(UpdateStatus::Internal)),
        response(status(), Some(UpdateStatus::NoUpdate)),
        ok(UpdateStatus::Internal),
    ]);
    let client = client.with_validation(Validation::UpdateEngine);
    let app = client.app(ID).unwrap();
    let request = app.request();
    let (checked, findings) = app.check_and_inspect(&request);
    let error = checked.unwrap_err();
    assert_eq!(error.app_status(), Some(&status()));
    assert_eq!(
        Chain(&error).to_string(),
        "the server refuses application \"{app}\" with status \"error-noPackageFound\" (the group \
         has no channel, or its channel no package for this board), and its update check with \
         status \"error-internal\""
    );
    let has_status = |findings: &[Finding]| {
        findings.iter().any(|found| {
            found.rule() == Rule::AppStatus && found.found().contains("error-noPackageFound")
        })
    };
    assert!(has_status(&findings), "{findings:?}");

    let (checked, findings) = app.check_and_inspect(&request);
    assert!(checked.unwrap().update().is_none() && has_status(&findings), "{findings:?}");
    let (checked, findings) = app.check_and_inspect(&request);
    assert_eq!(checked.unwrap_err().app_status(), None);
    assert!(!has_status(&findings), "{findings:?}");
}

#[test]
fn values_that_update_engine_cannot_read_are_absent_for_it() {
    let text = format!(
        "<response protocol=\"2.0\"><app appid=\"{ID}\"><updatecheck status=\"noupdate\" \
         PollInterval=\"soon\"/></app></response>"
    );
    let (strict, ..) = client([document(&text)]);
    let error = strict.app(ID).unwrap().check().unwrap_err();
    assert!(matches!(error, ClientError::Document(_)), "{error}");
    let (lenient, ..) = client([document(&text), document(format!("{text}x"))]);
    let lenient = lenient.with_validation(Validation::UpdateEngine);
    assert!(lenient.app(ID).unwrap().check().unwrap().update().is_none());
    let error = lenient.app(ID).unwrap().check().unwrap_err();
    assert_eq!(error.error_code(), ErrorCode::OMAHA_REQUEST_XML_PARSE_ERROR);
}

#[test]
fn a_user_is_needed() {
    let nobody = Client::new("http://server".parse().unwrap(), "");
    assert_eq!(nobody.unwrap_err(), SettingsError::NoUserId);
}

#[test]
fn another_server_is_asked_from_now_on() {
    let (mut client, script, _) = client([ok(UpdateStatus::NoUpdate), ok(UpdateStatus::NoUpdate)]);
    client.app(ID).unwrap().check().unwrap();
    client.set_server("http://other/x".parse().unwrap());
    client.app(ID).unwrap().check().unwrap();
    let urls: Vec<_> = script.sent().into_iter().map(|sent| sent.url).collect();
    assert_eq!(urls, ["http://server/v1/update/", "http://other/x"]);
}
