//! The pages: what is shown, and to whom.

use crate::common::http::{Client, ask, get, request};
use crate::common::payload::Directory;
use crate::common::until;
use crate::machine::Machine;
use crate::serve;

fn directory() -> Directory {
    let directory = Directory::new();
    directory.write("update.gz", b"payload");
    directory
}

#[test]
fn nothing_of_machines_is_shown_unless_wanted() {
    let directory = directory();
    let server = serve(&directory, "events", &[]);
    Machine::new(7).check(server.address());
    for path in ["/status", "/status.json", "/metrics", "/status.js", "/status.css"] {
        assert_eq!(get(server.address(), path, &[]).status(), 404, "{path}");
    }
    let front = get(server.address(), "/", &[]);
    assert_eq!(front.status(), 200);
    assert!(front.text().contains("4152.2.0") && front.text().contains("SERVER=http://127.0.0.1:"));
    for secret in ["node-07", "127.0.1.7", "/status"] {
        assert!(!front.text().contains(secret), "{}", front.text());
    }
}

#[test]
fn probes_are_answered_and_not_logged() {
    let directory = directory();
    let server = serve(&directory, "events", &["--status"]);
    for path in ["/health", "/", "/status", "/metrics", "/status.json"] {
        for method in ["GET", "HEAD"] {
            let answer = ask(server.address(), method, path, &[], b"");
            assert_eq!(answer.status(), 200, "{method} {path}");
        }
    }
    let before = server.lines().len();
    assert!(
        !server.lines().iter().any(|line| line.contains(" client 127")),
        "{:#?}",
        server.lines()
    );
    // In place, so that what was hashed is no longer there.
    directory.write("update.gz", b"another");
    until("the change to be noticed", || {
        (get(server.address(), "/health", &[]).status() == 503).then_some(())
    });
    assert_eq!(server.lines().len(), before);
}

#[test]
fn a_post_without_the_path_names_it() {
    let directory = directory();
    let server = serve(&directory, "events", &[]);
    let answer = ask(server.address(), "POST", "/", &[("Content-Type", "text/xml")], b"<x/>");
    answer.expect_refusal(404, "/v1/update/: is SERVER= without that path?");
    server.wait_for_line("POST / refused with 404: there is nothing here; update checks are POSTed to /v1/update/: is");
}

#[test]
fn hostile_names_stay_text() {
    let directory = directory();
    let server = serve(&directory, "events", &["--status"]);
    let evil = "<img src=x onerror=\"alert(1)\">'&\u{202e}";
    Machine { name: evil.to_owned(), ..Machine::new(1) }.check(server.address());
    let page = get(server.address(), "/status", &[]);
    assert!(!page.text().contains("<img"), "{}", page.text());
    let shown = "&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&#39;&amp;\u{fffd}";
    assert!(page.text().contains(shown), "{}", page.text());
    let policy = page.header("Content-Security-Policy").unwrap();
    assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"), "{policy}");
    // Nothing of the page is elsewhere, and nothing of it is script or style.
    for outside in ["http:", "https:", "<style", "style=", "onclick"] {
        assert!(!page.text().contains(outside), "{outside} in {}", page.text());
    }
    for (path, kind) in [("/status.js", "text/javascript"), ("/status.css", "text/css")] {
        let asset = get(server.address(), path, &[]);
        assert!(asset.header("Content-Type").unwrap().starts_with(kind));
    }
}

#[test]
fn a_flood_of_status_pages_costs_so_much_and_no_more() {
    let directory = directory();
    let server = serve(&directory, "events", &["--status"]);
    let mut client = Client::connect(server.address());
    let mut refused = None;
    // Many at once, so that no slow machine is too slow to be refused.
    for number in (0..100_000).step_by(100) {
        client.send(request("GET", "/metrics", &[], b"").repeat(100));
        let answers: Vec<_> = (0..100).map(|_| client.read_answer("GET").status()).collect();
        if answers.contains(&503) {
            refused = Some(number);
            break;
        }
    }
    assert!(refused.is_some_and(|number| number >= 500), "{refused:?}");
    // Machines and probes notice nothing of it.
    assert!(Machine::new(1).check(server.address()));
    assert_eq!(get(server.address(), "/health", &[]).status(), 200);
}
