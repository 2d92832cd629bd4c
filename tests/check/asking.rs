//! How the server is asked, and what our own makes of it.

use super::*;

#[test]
fn a_url_without_a_path_is_not_what_machines_need() {
    let server = Server::of_fixtures();
    for end in ["", "/"] {
        let url = url_of(&server) + end;
        let outcome = run(["check", &url]);
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
        let said = format!("{}/v1/update/ was asked: machines use SERVER= as", url_of(&server));
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
    let server = server_with_extension();
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
