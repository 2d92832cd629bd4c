//! Packages that are hard to fetch, and checks that are interrupted.

use super::*;

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
    let outcome = check(&server.url(), &["--skip-payload-check", "--download", into, "--strict"]);
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

/// The report of the end is not taken, and the check ends all the same.
#[test]
fn a_server_that_refuses_the_last_event() {
    let server = Scripted::start(|asked| match asked.is_post() {
        _ if asked.body.contains("eventtype=\"3\" eventresult=\"1\"") => {
            answer("503 Service Unavailable", &[], b"")
        }
        true => offer(CONTENT, same, asked),
        false => part(CONTENT, asked),
    });
    let directory = Directory::new();
    let into = directory.path().to_str().unwrap();
    let arguments = ["--skip-payload-check", "--download", into, "--json"];
    let outcome = check(&server.url(), &arguments);
    assert_eq!((outcome.code, codes(&outcome.stdout)), (Some(0), vec!["event-refused"]));
}
