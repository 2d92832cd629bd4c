//! `serve-package check` against good servers and broken ones.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod common;

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

fn names(directory: &Directory) -> Vec<String> {
    let entries = fs::read_dir(directory.path()).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A server that offers some content, and answers each GET as it is told.
fn offering(
    content: &'static [u8],
    change: impl Fn(String) -> String + Send + Sync + 'static,
    get: impl Fn(&Asked) -> Vec<u8> + Send + Sync + 'static,
) -> Scripted {
    Scripted::start(move |asked| {
        if !asked.is_post() {
            return get(asked);
        }
        let host = asked.head.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
        let digests = Digests::of(content).unwrap();
        let mut response = Response::new();
        let check = response.add_app(APP, AppStatus::Ok).add_update_check(UpdateStatus::Ok);
        check.add_url(format!("http://{host}/packages/"));
        let manifest = check.add_manifest("2.0.0");
        manifest.add_package("update.gz", digests.size).sha1 = Some(digests.sha1);
        let action = manifest.add_action("postinstall");
        action.sha256 = Some(digests.sha256);
        action.disable_payload_backoff = true;
        document(&change(response.to_xml()))
    })
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
    let server = Server::start([
        "--package-file",
        UPDATE,
        "--package-version",
        OFFERED,
        "--extension",
        EXTENSION,
    ]);
    let outcome = check(&url_of(&server), &[]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""), "{outcome:?}");
    let package = Digests::of(fs::File::open(UPDATE).unwrap()).unwrap();
    let extension = Digests::of(fs::File::open(EXTENSION).unwrap()).unwrap();
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
    server.wait_for_line("reports: update complete: success, reboot");
}

#[test]
fn everything_is_fetched_verified_and_reported() {
    let server = Server::start([
        "--package-file",
        UPDATE,
        "--package-version",
        OFFERED,
        "--extension",
        EXTENSION,
    ]);
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
        outcome.stdout.ends_with("\nresult: an update is offered, and its packages are right\n"),
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
    let package = Digests::of(fs::File::open(UPDATE).unwrap()).unwrap();
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
    let expected = "error: --download: \"/dev/null/x\" cannot be used: ";
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
    let outcome = check(&server.url(), &["--download", into, "--strict"]);
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
    let outcome = check(&server.url(), &["--download", into]);
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
    let outcome = check(&server.url(), &["--download", into]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(outcome.stderr.contains("warning: http://127.0.0.1:1/update.gz: "), "{outcome:?}");
}

#[test]
fn ranges_that_are_ignored_are_warned_of() {
    let server = offering(CONTENT, same, |_| answer("200 OK", &[], CONTENT));
    let directory = Directory::new();
    let into = directory.path().to_str().unwrap();
    let outcome = check(&server.url(), &["--download", into]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(outcome.stderr.starts_with("warning: asked for a part of package"), "{outcome:?}");
    assert!(outcome.stdout.ends_with("are right, with 1 warning\n"), "{outcome:?}");
    let outcome = check(&server.url(), &["--download", into, "--strict"]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert!(outcome.stdout.ends_with("result: failure: there are warnings, and --strict\n"));
}

#[test]
fn what_update_engine_would_not_take_is_a_failure() {
    let digests = Digests::of(CONTENT).unwrap();
    let change =
        move |text: String| text.replace(&digests.sha256.to_base64(), &digests.sha256.to_hex());
    let server = offering(CONTENT, change, |asked| part(CONTENT, asked));
    let directory = Directory::new();
    let into = directory.path().to_str().unwrap();
    let outcome = check(&server.url(), &["--download", into]);
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
        (xml("<html></html>"), "the document is a <html>, not a <response>", 31),
        (xml("hello"), "the answer cannot be read: line 1", 31),
        (xml("<response protocol=\"3.0\"><app"), "ends too early", 31),
        (xml("<response protocol=\"3.0\"></response>"), "says nothing about application", 34),
        (app(""), "has no <updatecheck>", 34),
        (app("<updatecheck status=\"error-internal\"/>"), "with status \"error-internal\"", 34),
        (app("<updatecheck status=\"OK\"/>"), "with status \"OK\"", 34),
        (b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(), "the answer is not HTTP/1", 2),
        (b"".to_vec(), "closed without an answer", 2),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n<resp".to_vec(), "the answer broke off", 2),
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

/// Checks a server that never sends a package until a signal ends the check.
fn interrupted(signal: Signal, more: &[&str]) -> String {
    // The beginning of a package, and then nothing, on an open connection.
    let server = offering(CONTENT, same, |_| {
        std::thread::park();
        Vec::new()
    });
    let directory = Directory::new();
    let mut child = Command::new(binary())
        .args(["check", &format!("{}/v1/update/", server.url()), "--download"])
        .arg(directory.path())
        .args(more)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    until("the partial file", || names(&directory).first().cloned());
    kill_process(Pid::from_child(&child), signal).unwrap();
    let status = until("its end", || child.try_wait().unwrap());
    use std::os::unix::process::ExitStatusExt;
    assert_eq!(status.signal(), Some(signal.as_raw()));
    assert!(names(&directory).is_empty(), "{:?}", names(&directory));
    let mut stdout = String::new();
    child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
    stdout
}

#[test]
fn an_interrupt_leaves_nothing_behind() {
    for signal in [Signal::INT, Signal::TERM] {
        let stdout = interrupted(signal, &[]);
        assert!(!stdout.contains("result: "), "{stdout}");
    }
}

#[test]
fn an_interrupt_prints_the_object() {
    for (signal, status) in [(Signal::INT, "130"), (Signal::TERM, "143")] {
        let stdout = interrupted(signal, &["--json"]);
        assert_eq!(stdout.matches('\n').count(), 1, "{stdout}");
        assert_eq!(member(&stdout, "result"), "interrupted");
        assert_eq!(member(&stdout, "status"), status);
        // What was found out by then.
        assert!(stdout.contains("\"update\":{\"version\":\"2.0.0\""), "{stdout}");
        assert!(stdout.contains("\"downloads\":[]"), "{stdout}");
    }
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

/// Codes of findings in the object.
fn codes(json: &str) -> Vec<&str> {
    let parts = json.split("{\"code\":\"").skip(1);
    parts.map(|part| &part[..part.find('"').unwrap()]).collect()
}

#[test]
fn names_that_nebraska_gives_are_right() {
    const EXTENSION: &str = "<package name=\"extrafile-amd64-3760.1.1-oem-packet.gz\" \
         hash=\"L9ThxnotKPzthJ7hu3bnORuT6xI=\" size=\"43\" required=\"false\"/></packages>";
    const FOX: &[u8] = b"The quick brown fox jumps over the lazy dog";
    let change = |text: String| {
        text.replace("update.gz", "flatcar-amd64-3760.1.1.gz").replace("</packages>", EXTENSION)
    };
    // No ranges either: an extension is not resumed, so only the first counts.
    let server = offering(CONTENT, change, |asked| match asked.line.contains("extrafile") {
        true => answer("200 OK", &[], FOX),
        false => part(CONTENT, asked),
    });
    let directory = Directory::new();
    let into = directory.path().to_str().unwrap();
    let outcome = check(&server.url(), &["--download", into, "--strict"]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""), "{outcome:?}");
    let expected = ["extrafile-amd64-3760.1.1-oem-packet.gz", "flatcar-amd64-3760.1.1.gz"];
    assert_eq!(names(&directory), expected);
    assert_eq!(server.asked_with("eventtype=\"3\" eventresult=\"1\"").len(), 1);
}

#[test]
fn the_status_of_the_application_is_the_reason() {
    let server = Scripted::start(|_| {
        let mut response = Response::new();
        let app = response.add_app(APP, "error-maxUpdatesPerPeriodLimitReached".into());
        app.add_update_check(UpdateStatus::Internal);
        document(&response.to_xml())
    });
    let outcome = check(&server.url(), &[]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    let error = outcome.stderr.lines().find(|line| line.starts_with("error: ")).unwrap();
    assert!(error.contains("with status \"error-maxUpdatesPerPeriodLimitReached\""), "{error}");
    assert!(error.contains("(the group has had as many updates in this period"), "{error}");
    let outcome = check(&server.url(), &["--json"]);
    assert_eq!(codes(&outcome.stdout), ["app-status"], "{outcome:?}");
    assert!(member(&outcome.stdout, "reason").contains("refuses application"), "{outcome:?}");
}

#[test]
fn what_follows_the_document_is_an_error() {
    for after in ["OK", "<script src=\"/x.js\"></script>", "<response protocol=\"3.0\"/>"] {
        let change = move |text: String| text + after;
        let server = offering(CONTENT, change, |asked| part(CONTENT, asked));
        let outcome = check(&server.url(), &["--json"]);
        assert_eq!(outcome.code, Some(1), "{outcome:?}");
        assert!(outcome.stdout.contains("\"code\":31}"), "{outcome:?}");
    }
    let server = offering(CONTENT, |text| text + "<!-- 3 ms -->\n", |asked| part(CONTENT, asked));
    assert_eq!(check(&server.url(), &["--strict"]).code, Some(0));
}

/// What update_engine does not mind, and what others say to it.
#[test]
fn what_update_engine_does_not_read_is_a_warning() {
    for (from, to, code) in [
        (" DisablePayload", " MaxFailureCountPerUrl=\"abc\" DisablePayload", "value-form"),
        ("required=\"true\"", "required=\"perhaps\"", "value-form"),
        ("codebase=\"http://", "codebase=\"http://me:secret@", "codebase-user"),
        ("codebase=\"http://", "codebase=\"", "codebase-scheme"),
        ("protocol=\"3.0\"", "protocol=\"2.0\"", "protocol"),
        ("hash=\"", "hash=\"?", "hash-not-base64"),
    ] {
        let change = move |text: String| {
            assert!(text.contains(from), "{from}: {text}");
            text.replace(from, to)
        };
        let server = offering(CONTENT, change, |asked| part(CONTENT, asked));
        let directory = Directory::new();
        let into = directory.path().to_str().unwrap();
        let outcome = check(&server.url(), &["--download", into, "--json"]);
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
        assert_eq!(codes(&outcome.stdout), [code], "{outcome:?}");
        assert_eq!(names(&directory), ["update.gz"]);
        let secret = server.asked().iter().any(|asked| asked.head.contains("bWU6c2VjcmV0"));
        assert_eq!(secret, code == "codebase-user");
    }
}

#[test]
fn a_size_is_read_as_update_engine_reads_it() {
    let octal = |size: &'static str| {
        move |text: String| text.replace(&format!("size=\"{}\"", CONTENT.len()), size)
    };
    // 45 in decimal for all others, and no number at all for update_engine's 8.
    let server = offering(CONTENT, octal("size=\"0045\""), |asked| part(CONTENT, asked));
    let outcome = check(&server.url(), &["--json"]);
    assert_eq!((outcome.code, codes(&outcome.stdout)), (Some(1), vec!["size-octal"]));
    assert_eq!(member(&outcome.stdout, "size"), "37");
    // 45 for update_engine.
    let server = offering(CONTENT, octal("size=\"0x2d\""), |asked| part(CONTENT, asked));
    let outcome = check(&server.url(), &["--json"]);
    assert_eq!((outcome.code, codes(&outcome.stdout)), (Some(0), vec!["value-form"]));
    assert_eq!(member(&outcome.stdout, "size"), "45");
}

#[test]
fn a_folded_header_is_unfolded() {
    let server = Scripted::start(|_| {
        let mut response = Response::new();
        response.add_app(APP, AppStatus::Ok).add_update_check(UpdateStatus::NoUpdate);
        let headers = ["X-Powered-By: a,\r\n b", "Content-Type: text/xml;\r\n\tcharset=utf-8"];
        answer("200 OK", &headers, response.to_xml().as_bytes())
    });
    let outcome = check(&server.url(), &["--strict"]);
    assert_eq!(outcome.code, Some(3), "{outcome:?}");
}

#[test]
fn a_url_without_a_path_is_not_what_machines_need() {
    let server = Server::of_fixtures();
    for end in ["", "/"] {
        let url = url_of(&server) + end;
        let outcome = run(["check", &url]);
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
        let said = format!("{}/v1/update/ was asked: machines ask SERVER= as", url_of(&server));
        assert!(outcome.stderr.contains(&said), "{outcome:?}");
        assert_eq!(run(["check", &url, "--strict"]).code, Some(1));
        let outcome = run(["check", &url, "--json"]);
        assert_eq!(codes(&outcome.stdout), ["server-path"], "{outcome:?}");
    }
}

#[test]
fn localhost_needs_no_name_service() {
    let server = Server::of_fixtures();
    let url = format!("http://LOCALHOST:{}", server.address().port());
    assert_eq!(check(&url, &["--strict"]).code, Some(0));
}

#[test]
fn the_board_says_which_machine_type_is_sent() {
    let no_update = |_: &Asked| {
        let mut response = Response::new();
        response.add_app(APP, AppStatus::Ok).add_update_check(UpdateStatus::NoUpdate);
        document(&response.to_xml())
    };
    let server = Scripted::start(no_update);
    for (board, machine_type) in [("arm64-usr", "aarch64"), ("amd64-usr", "x86_64")] {
        check(&server.url(), &["--board", board, "--app-version", "1.2.3"]);
        let sent = format!("sp=\"1.2.3_{machine_type}\"");
        let asked = server.asked_with(&format!("board=\"{board}\""));
        assert!(asked[0].body.contains(&sent), "{asked:?}");
    }
}

#[test]
fn the_check_itself_counts_nowhere() {
    let server = Server::start([
        "--package-file",
        UPDATE,
        "--package-version",
        OFFERED,
        "--extension",
        EXTENSION,
    ]);
    let directory = Directory::new();
    let into = directory.path().to_str().unwrap();
    let outcome = check(&url_of(&server), &["--download", into, "--strict"]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    server.wait_for_line("it waits for its reboot");
    let lines = server.stop().lines;
    // A download of each package, and no word of the one byte that was asked for.
    let downloads = lines.iter().filter(|line| line.contains(": download of ")).count();
    assert_eq!(downloads, 4, "{lines:#?}");
    assert!(!lines.iter().any(|line| line.contains(", bytes ")), "{lines:#?}");
    let last = lines.last().unwrap();
    assert!(last.ends_with("machines: 0 updated, 0 failed, 0 under way"), "{lines:#?}");
}

#[test]
fn the_longest_name_can_be_fetched() {
    let name = "x".repeat(247) + ".gz";
    let change = {
        let name = name.clone();
        move |text: String| text.replace("update.gz", &name)
    };
    let server = offering(CONTENT, change, |asked| part(CONTENT, asked));
    let directory = Directory::new();
    let into = directory.path().to_str().unwrap();
    let outcome = check(&server.url(), &["--download", into, "--strict"]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""), "{outcome:?}");
    assert_eq!(names(&directory), [name]);
}

#[test]
fn a_redirect_that_is_refused_is_said_as_it_was() {
    for (status, location, said) in [
        ("302 Found", "Location: ftp://a/x", "a redirect to \"ftp://a/x\", which is no URL"),
        ("307 Moved", "X: y", "a redirect without the header Location"),
        ("301 Moved", "Location: /packages/update.gz", "\"/packages/update.gz\", after 10 others"),
    ] {
        let server = offering(CONTENT, same, move |_| answer(status, &[location], b""));
        let directory = Directory::new();
        let into = directory.path().to_str().unwrap();
        let outcome = check(&server.url(), &["--download", into]);
        assert_eq!(outcome.code, Some(1), "{outcome:?}");
        let status = format!("the answer has HTTP status {}, ", &status[..3]);
        assert!(outcome.stderr.contains(&status) && outcome.stderr.contains(said), "{outcome:?}");
    }
}
