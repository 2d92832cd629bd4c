//! `serve-package check` against good servers and broken ones.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod common;

#[path = "check/answers.rs"]
mod answers;
#[path = "check/asking.rs"]
mod asking;
#[path = "check/fetching.rs"]
mod fetching;
#[path = "check/payloads.rs"]
mod payloads;

use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};

use common::payload::{Directory, bytes};
use common::script::{Asked, Scripted, answer, document};
use common::server::{Outcome, Server, binary, free_port, run};
use common::{EXTENSION, OFFERED, UPDATE, until};
use omaha::Digests;
use omaha::protocol::{AppStatus, Response, UpdateStatus};
use rustix::process::{Pid, Signal, kill_process};

const APP: &str = "{e96281a6-d1af-4bde-9a0a-97b76e56dc57}";

/// Checks a server at the path where update checks are.
fn check(url: &str, arguments: &[&str]) -> Outcome {
    run(["check", &format!("{url}/v1/update/")].iter().chain(arguments))
}

fn url_of(server: &Server) -> String {
    format!("http://{}", server.address())
}

/// The value of a member of an object that is a text or a number.
fn member<'a>(json: &'a str, name: &str) -> &'a str {
    let start = json.find(&format!("\"{name}\":")).unwrap_or_else(|| panic!("{name}: {json}"));
    let value = &json[start + name.len() + 3..];
    match value.strip_prefix('"') {
        Some(text) => &text[..text.find('"').unwrap()],
        None => &value[..value.find([',', '}']).unwrap()],
    }
}

/// Codes of findings in the object.
fn codes(json: &str) -> Vec<&str> {
    let parts = json.split("{\"code\":\"").skip(1);
    parts.map(|part| &part[..part.find('"').unwrap()]).collect()
}

fn names(directory: &Directory) -> Vec<String> {
    let entries = fs::read_dir(directory.path()).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A server that offers some content, and answers each GET as given.
fn offering(
    content: &'static [u8],
    change: impl Fn(String) -> String + Send + Sync + 'static,
    get: impl Fn(&Asked) -> Vec<u8> + Send + Sync + 'static,
) -> Scripted {
    Scripted::start(move |asked| match asked.is_post() {
        true => offer(content, &change, asked),
        false => get(asked),
    })
}

/// The answer that offers some content.
fn offer(content: &[u8], change: impl Fn(String) -> String, asked: &Asked) -> Vec<u8> {
    let host = asked.head.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let digests = Digests::from_reader(content).unwrap();
    let mut response = Response::new();
    let check = response.add_app(APP, AppStatus::Ok).add_update_check(UpdateStatus::Ok);
    check.add_url(format!("http://{host}/packages/"));
    let manifest = check.add_manifest("2.0.0");
    manifest.add_package("update.gz", digests.size).sha1 = Some(digests.sha1);
    let action = manifest.add_action("postinstall");
    action.sha256 = Some(digests.sha256);
    action.disable_payload_backoff = true;
    document(&change(response.to_xml()))
}

fn same(text: String) -> String {
    text
}

/// The rest of some content, or all of it, as a good server sends it.
fn part(content: &[u8], asked: &Asked) -> Vec<u8> {
    match asked.range() {
        None => answer("200 OK", &["ETag: \"x\""], content),
        Some(at) => {
            let (last, size) = (content.len() - 1, content.len());
            let range = format!("Content-Range: bytes {at}-{last}/{size}");
            answer("206 Partial Content", &["ETag: \"x\"", &range], &content[at..])
        }
    }
}

const CONTENT: &[u8] = b"a payload that is no payload, but has digests";

#[test]
fn an_offer_is_told_in_words() {
    let server = server_with_extension();
    let outcome = check(&url_of(&server), &[]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""), "{outcome:?}");
    let package = Digests::from_reader(fs::File::open(UPDATE).unwrap()).unwrap();
    let extension = Digests::from_reader(fs::File::open(EXTENSION).unwrap()).unwrap();
    for line in [
        format!(
            "asking {}/v1/update/ as version 0.0.0 of application {APP}, track stable, board amd64-usr",
            url_of(&server)
        ),
        format!("offered: version {OFFERED}"),
        format!("from {}/packages/", url_of(&server)),
        format!("package update.gz: {} bytes", package.size),
        format!("  SHA-1 {}", package.sha1),
        format!("  SHA-256 {}", package.sha256),
        format!("package oem-fixture.gz: {} bytes", extension.size),
        format!("  SHA-256 {}", extension.sha256),
        "result: an update is offered".to_owned(),
    ] {
        assert!(outcome.stdout.lines().any(|found| found == line), "{line:?} in {outcome:?}");
    }
    server.wait_for_line("update check: 4152.2.0 offered");
}

/// Serves the operating system's package and an extension.
fn server_with_extension() -> Server {
    let system = ["--package-file", UPDATE, "--package-version", OFFERED];
    Server::start([&system[..], &["--extension", EXTENSION]].concat())
}

#[test]
fn everything_is_fetched_verified_and_reported() {
    let server = server_with_extension();
    let directory = Directory::new();
    // A directory that is not there yet is made.
    let into = directory.join("new");
    let outcome = check(
        &url_of(&server),
        &["--download", into.to_str().unwrap(), "--machine-id", "c0ffee", "--strict"],
    );
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""), "{outcome:?}");
    assert!(outcome.stdout.contains("\nverified update.gz: "), "{outcome:?}");
    assert!(
        outcome.stdout.ends_with(
            "\nresult: an update is offered; its packages are complete and undamaged; their signatures were not checked (no --key)\n"
        ),
        "{outcome:?}"
    );
    assert_eq!(fs::read(into.join("update.gz")).unwrap(), fs::read(UPDATE).unwrap());
    assert_eq!(fs::read(into.join("oem-fixture.gz")).unwrap(), fs::read(EXTENSION).unwrap());
    assert_eq!(fs::read_dir(into).unwrap().count(), 2);
    for event in ["update download started", "update download finished", "update complete: success"]
    {
        server.wait_for_line(&format!("c0ffee at 127.0.0.1, version 0.0.0: reports: {event}"));
    }
}

#[test]
fn json_is_one_object() {
    let server = Server::of_fixtures();
    let directory = Directory::new();
    let into = directory.path().to_str().unwrap();
    let outcome = check(&url_of(&server), &["--download", into, "--json"]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""), "{outcome:?}");
    let json = outcome.stdout.strip_suffix('\n').unwrap();
    assert!(json.starts_with('{') && json.ends_with('}') && !json.contains('\n'), "{json}");
    let package = Digests::from_reader(fs::File::open(UPDATE).unwrap()).unwrap();
    for (name, value) in [
        ("result", "update"),
        ("status", "0"),
        ("server", &format!("{}/v1/update/", url_of(&server))),
        ("app_id", APP),
        ("version", "0.0.0"),
        ("findings", "[]"),
        ("action_sha256", &package.sha256.to_hex()),
        ("size", &package.size.to_string()),
        ("sha1", &package.sha1.to_hex()),
        ("bytes", &package.size.to_string()),
        ("path", &format!("{into}/update.gz")),
        ("cuts", "0"),
    ] {
        assert_eq!(member(json, name), value, "{json}");
    }
    assert!(json.contains(&format!("\"update\":{{\"version\":\"{OFFERED}\"")), "{json}");
}

#[test]
fn without_events_the_server_hears_none() {
    let server = Server::of_fixtures();
    let directory = Directory::new();
    let into = directory.path().to_str().unwrap();
    let outcome = check(&url_of(&server), &["--download", into, "--no-events"]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(!outcome.stdout.contains("reported: "), "{outcome:?}");
    let lines = server.stop().lines;
    assert!(!lines.iter().any(|line| line.contains("reports: ")), "{lines:#?}");
}

#[test]
fn no_update_is_status_3() {
    let server = Server::of_fixtures();
    let outcome = check(&url_of(&server), &["--app-version", OFFERED]);
    assert_eq!(outcome.code, Some(3), "{outcome:?}");
    assert!(outcome.stdout.ends_with("\nno update is offered\nresult: no update\n"), "{outcome:?}");
    let outcome = check(&url_of(&server), &["--app-version", OFFERED, "--json"]);
    assert_eq!(outcome.code, Some(3), "{outcome:?}");
    assert_eq!(member(&outcome.stdout, "result"), "no-update");
}

#[test]
fn a_server_that_is_down() {
    let url = format!("http://127.0.0.1:{}", free_port());
    let outcome = check(&url, &[]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    let expected = format!("error: update check: cannot connect to {}: ", &url["http://".len()..]);
    assert!(outcome.stderr.starts_with(&expected), "{outcome:?}");
    assert!(outcome.stdout.ends_with("\nresult: failure\n"), "{outcome:?}");
    let outcome = check(&url, &["--json"]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(1), ""));
    assert_eq!(member(&outcome.stdout, "at"), "update check");
    assert_eq!(member(&outcome.stdout, "code"), "2");
}

#[test]
fn more_tries_wait_for_a_server() {
    // The first answer says that it is not ready yet.
    let first = std::sync::atomic::AtomicBool::new(true);
    let server = Scripted::start(move |_| {
        if first.swap(false, std::sync::atomic::Ordering::Relaxed) {
            return answer("503 Service Unavailable", &[], b"soon");
        }
        let mut response = Response::new();
        response.add_app(APP, AppStatus::Ok).add_update_check(UpdateStatus::NoUpdate);
        document(&response.to_xml())
    });
    let outcome = check(&server.url(), &["--tries", "2"]);
    assert_eq!(outcome.code, Some(3), "{outcome:?}");
    assert_eq!(server.asked().len(), 2);
}

#[test]
fn wrong_usage_is_status_2() {
    for arguments in [
        &["check"][..],
        &["check", "localhost:8000"],
        &["check", "http://a", "--nonsense"],
        &["check", "http://a", "http://b"],
        &["check", "http://a", "--download"],
    ] {
        let outcome = run(arguments);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{outcome:?}");
        let hint = "\nTry 'serve-package check --help'.\n";
        assert!(outcome.stderr.ends_with(hint), "{outcome:?}");
    }
    let outcome = run(["check", "--help"]);
    assert_eq!(outcome.code, Some(0));
    assert!(outcome.stdout.contains("Usage: serve-package check URL"), "{outcome:?}");
}

#[test]
fn a_directory_that_cannot_be_used_is_named() {
    let server = Server::of_fixtures();
    let outcome = check(&url_of(&server), &["--download", "/dev/null/x"]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    let expected = "error: --download: \"/dev/null/x\" is a file; name a folder\n";
    assert!(outcome.stderr.starts_with(expected), "{outcome:?}");
    let lines = server.stop().lines;
    assert!(!lines.iter().any(|line| line.contains("update check")), "{lines:#?}");
}

#[test]
fn a_cut_download_is_continued() {
    let content: &'static [u8] = bytes(200_000).leak();
    let server = offering(content, same, |asked| {
        let mut all = part(content, asked);
        match asked.range() {
            None => all.truncate(all.len() - 150_000),
            Some(at) if at < 100_000 => all.truncate(all.len() - 80_000),
            Some(_) => {}
        }
        all
    });
    let directory = Directory::new();
    let into = directory.path().to_str().unwrap();
    let outcome = check(&server.url(), &["--skip-payload-check", "--download", into, "--strict"]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert_eq!(outcome.stderr.matches("note: ").count(), 2, "{outcome:?}");
    assert!(outcome.stderr.contains("cut at byte 50000 of 200000: "), "{outcome:?}");
    assert_eq!(fs::read(directory.join("update.gz")).unwrap(), content);
    let ranges: Vec<_> = server.asked().iter().filter_map(Asked::range).collect();
    // The last one asks whether ranges are served at all.
    assert_eq!(ranges, [50_000, 120_000, 199_999]);
    let guard =
        server.asked().iter().filter(|asked| asked.head.contains("if-range: \"x\"")).count();
    assert_eq!(guard, 2);
}

#[test]
fn a_corrupted_package_is_refused() {
    let server = offering(CONTENT, same, |asked| part(&CONTENT.to_ascii_uppercase(), asked));
    let directory = Directory::new();
    directory.write("update.gz", b"before");
    let into = directory.path().to_str().unwrap();
    let outcome = check(&server.url(), &["--skip-payload-check", "--download", into]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert!(outcome.stderr.contains("error: package update.gz: http://"), "{outcome:?}");
    assert!(outcome.stderr.contains("the SHA-1 is "), "{outcome:?}");
    assert_eq!(names(&directory), ["update.gz"]);
    assert_eq!(fs::read(directory.join("update.gz")).unwrap(), b"before");
    assert_eq!(server.asked_with("eventtype=\"3\" eventresult=\"0\" errorcode=\"10\"").len(), 1);
    assert!(server.asked_with("eventtype=\"14\"").is_empty());
}

#[test]
fn a_package_that_is_gone_is_refused() {
    let server = offering(CONTENT, same, |_| answer("404 Not Found", &[], b""));
    let directory = Directory::new();
    let into = directory.path().to_str().unwrap();
    let outcome = check(&server.url(), &["--download", into, "--json"]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert_eq!(member(&outcome.stdout, "at"), "package update.gz");
    assert_eq!(member(&outcome.stdout, "code"), "9");
    assert!(member(&outcome.stdout, "reason").ends_with("HTTP status 404"), "{outcome:?}");
    assert!(names(&directory).is_empty());
}

#[test]
fn the_next_codebase_is_tried() {
    let change =
        |text: String| text.replace("<urls>", "<urls><url codebase=\"http://127.0.0.1:1/\"/>");
    let server = offering(CONTENT, change, |asked| part(CONTENT, asked));
    let directory = Directory::new();
    let into = directory.path().to_str().unwrap();
    let arguments = ["--skip-payload-check", "--download", into];
    let outcome = check(&server.url(), &arguments);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(outcome.stderr.contains("warning: http://127.0.0.1:1/update.gz: "), "{outcome:?}");
    assert!(outcome.stdout.ends_with(", with 1 warning\n"), "{outcome:?}");
    let outcome = check(&server.url(), &[&arguments[..], &["--strict", "--json"]].concat());
    assert_eq!((outcome.code, codes(&outcome.stdout)), (Some(1), vec!["codebase-fails"]));
}

/// As `download_sysext` does (`get_pkgs_to_download` in `src/download/mod.rs` of ue-rs).
#[test]
fn extensions_are_fetched_from_the_first_codebase_only() {
    let change = |text: String| {
        let (start, end) = text.split_once("<url ").unwrap();
        let first = end.split_once('"').unwrap().1.split_once('"').unwrap().0;
        let extension = "<package name=\"oem-x.gz\" hash=\"L9ThxnotKPzthJ7hu3bnORuT6xI=\" \
             size=\"43\" required=\"false\"/></packages>";
        format!("{start}<url codebase=\"{first}first/\"/><url {end}")
            .replace("</packages>", extension)
    };
    let server = offering(CONTENT, change, |asked| match asked.line.as_str() {
        "GET /packages/first/oem-x.gz" => answer("404 Not Found", &[], b""),
        "GET /packages/oem-x.gz" => {
            answer("200 OK", &[], b"The quick brown fox jumps over the lazy dog")
        }
        _ => part(CONTENT, asked),
    });
    let directory = Directory::new();
    let into = directory.path().to_str().unwrap();
    let outcome = check(&server.url(), &["--skip-payload-check", "--download", into]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert!(outcome.stderr.contains("error: package oem-x.gz: "), "{outcome:?}");
    assert_eq!(server.asked_with("eventtype=\"3\" eventresult=\"0\" errorcode=\"5\"").len(), 1);
}

#[test]
fn ranges_that_are_ignored_are_warned_of() {
    let server = offering(CONTENT, same, |_| answer("200 OK", &[], CONTENT));
    let directory = Directory::new();
    let into = directory.path().to_str().unwrap();
    let outcome = check(&server.url(), &["--skip-payload-check", "--download", into]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(outcome.stderr.starts_with("warning: asked for a part of package"), "{outcome:?}");
    assert!(outcome.stdout.ends_with("was not checked, with 1 warning\n"), "{outcome:?}");
    let outcome = check(&server.url(), &["--skip-payload-check", "--download", into, "--strict"]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert!(outcome.stdout.ends_with("result: failure: there are warnings, and --strict\n"));
}

#[test]
fn what_update_engine_would_not_take_is_a_failure() {
    let digests = Digests::from_reader(CONTENT).unwrap();
    let change =
        move |text: String| text.replace(&digests.sha256.to_base64(), &digests.sha256.to_hex());
    let server = offering(CONTENT, change, |asked| part(CONTENT, asked));
    let directory = Directory::new();
    let into = directory.path().to_str().unwrap();
    let outcome = check(&server.url(), &["--skip-payload-check", "--download", into]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert!(outcome.stderr.starts_with("error: line "), "{outcome:?}");
    assert!(
        outcome.stderr.contains("is hex, not base64: update_engine reports error 10"),
        "{outcome:?}"
    );
    // It was fetched all the same, but a machine would not have been updated.
    assert_eq!(names(&directory), ["update.gz"]);
    assert!(server.asked_with("eventtype=\"3\" eventresult=\"1\"").is_empty());
    let outcome = check(&server.url(), &["--json"]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert!(
        outcome
            .stdout
            .contains("{\"code\":\"action-digest-not-base64\",\"severity\":\"error\",\"line\":"),
        "{outcome:?}"
    );
}

#[test]
fn warnings_leave_the_status_alone_unless_strict() {
    let change = |text: String| text.replace("/packages/\"", "/packages\"");
    let server = offering(CONTENT, change, |asked| part(CONTENT, asked));
    let outcome = check(&server.url(), &[]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(outcome.stderr.contains("does not end in a slash: "), "{outcome:?}");
    assert_eq!(check(&server.url(), &["--strict"]).code, Some(1));
}

/// Answers that no client takes, and what is said of them.
#[test]
fn broken_servers() {
    let xml = |text: &str| document(text);
    let app = |inner: &str| {
        xml(&format!(
            "<response protocol=\"3.0\"><app appid=\"{APP}\" status=\"ok\">{inner}</app></response>"
        ))
    };
    for (answer, said, code) in [
        (
            answer("302 Found", &["Location: http://elsewhere/"], b""),
            "a redirect to \"http://elsewhere/\"",
            2302,
        ),
        (
            answer("404 Not Found", &[], b"no such page\n"),
            "HTTP status 404: \"no such page\"",
            2404,
        ),
        (answer("500 Oops", &[], b""), "HTTP status 500", 2500),
        (answer("200 OK", &[], b""), "the answer is empty", 30),
        (answer("200 OK", &[], &[b'x'; 1024 * 1024 + 1]), "longer than 1048576 bytes", 34),
        (xml("<html></html>"), "the root element is <html>, not <response>", 31),
        (xml("hello"), "the answer cannot be read: line 1", 31),
        (xml("<response protocol=\"3.0\"><app"), "ends too early", 31),
        (xml("<response protocol=\"3.0\"></response>"), "says nothing about application", 34),
        (app(""), "has no <updatecheck>", 34),
        (app("<updatecheck status=\"error-internal\"/>"), "with status \"error-internal\"", 34),
        (app("<updatecheck status=\"OK\"/>"), "with status \"OK\"", 34),
        (b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(), "the answer is not HTTP/1", 2),
        (b"".to_vec(), "closed without an answer", 2),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n<resp".to_vec(),
            "the answer ended too early",
            2,
        ),
    ] {
        let server = Scripted::start(move |_| answer.clone());
        let outcome = check(&server.url(), &["--json"]);
        assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(1), ""), "{said}: {outcome:?}");
        let json = outcome.stdout.replace("\\\"", "\"");
        assert!(json.contains(said), "{said}: {json}");
        assert!(json.contains(&format!("\"code\":{code}}}}}")), "{said}: {json}");
    }
}

#[test]
fn the_server_learns_of_a_failure_but_not_of_its_own_word() {
    let silent = Scripted::start(|_| document("<response protocol=\"3.0\"></response>"));
    assert_eq!(check(&silent.url(), &[]).code, Some(1));
    assert_eq!(silent.asked_with("eventresult=\"0\" errorcode=\"34\"").len(), 1);
    assert_eq!(check(&silent.url(), &["--no-events"]).code, Some(1));
    assert_eq!(silent.asked().len(), 3);

    let refusing = Scripted::start(|_| {
        let mut response = Response::new();
        response.add_app(APP, AppStatus::UnknownApplication);
        document(&response.to_xml())
    });
    let outcome = check(&refusing.url(), &[]);
    assert!(outcome.stderr.contains("with status \"error-unknownApplication\""), "{outcome:?}");
    assert_eq!(refusing.asked().len(), 1);
}

#[test]
fn what_only_other_clients_mind_is_a_warning() {
    let server = Scripted::start(|_| {
        let mut response = Response::new();
        response.add_app("{other}", AppStatus::Restricted).add_update_check(UpdateStatus::NoUpdate);
        answer("200 OK", &["Content-Type: text/html"], response.to_xml().as_bytes())
    });
    let outcome = check(&server.url(), &[]);
    assert_eq!(outcome.code, Some(3), "{outcome:?}");
    for warning in
        ["the content type is ", "the answer is about application ", "the application's status is "]
    {
        assert!(outcome.stderr.contains(warning), "{warning}: {outcome:?}");
    }
    assert!(outcome.stdout.ends_with("result: no update, with 3 warnings\n"), "{outcome:?}");
}

#[test]
fn a_redirect_that_works_is_a_warning() {
    let server = Scripted::start(|asked| {
        if asked.line == "POST /v1/update/" {
            return answer("308 Permanent Redirect", &["Location: /there"], b"");
        }
        let mut response = Response::new();
        response.add_app(APP, AppStatus::Ok).add_update_check(UpdateStatus::NoUpdate);
        document(&response.to_xml())
    });
    let outcome = check(&server.url(), &[]);
    assert_eq!(outcome.code, Some(3), "{outcome:?}");
    assert!(outcome.stderr.contains("was redirected to http://127.0.0.1:"), "{outcome:?}");
}

#[test]
fn names_from_the_server_stay_in_the_directory() {
    let change = |text: String| text.replace("update.gz", "../escaped");
    let server = offering(CONTENT, change, |asked| part(CONTENT, asked));
    let directory = Directory::new();
    let into = directory.join("inner");
    let outcome = check(&server.url(), &["--download", into.to_str().unwrap()]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert!(outcome.stderr.contains("\"../escaped\" is not that of a file"), "{outcome:?}");
    assert_eq!(names(&directory), ["inner"]);
}

#[test]
fn text_from_the_server_does_not_reach_the_terminal_as_it_is() {
    let change = |text: String| text.replace("2.0.0", "&#x9b;31m&#x7f;");
    let server = offering(CONTENT, change, |asked| part(CONTENT, asked));
    let outcome = check(&server.url(), &[]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(outcome.stdout.contains("offered: version \\u{9b}31m\\u{7f}\n"), "{outcome:?}");
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    let server = Scripted::start(|_| {
        // Until the client has given up, and beyond.
        std::thread::park();
        Vec::new()
    });
    let outcome = check(&server.url(), &["--timeout", "100ms"]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert!(outcome.stderr.contains("gave up waiting for the answer after 0.1 s"), "{outcome:?}");
}

#[test]
fn a_reader_that_has_gone_is_no_failure() {
    let server = Server::of_fixtures();
    let mut child = Command::new(binary())
        .args(["check", &url_of(&server)])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
