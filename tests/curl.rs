//! curl, as people and scripts use it against the server.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use common::payload::{Directory, MORE_THAN_BUFFERS, bytes};
use common::server::Server;
use common::tool::has;
use common::{UPDATE, fixture, until};

/// curl, without a person's settings and proxies.
fn curl() -> Command {
    let mut command = Command::new("curl");
    command.args(["-q", "--silent", "--show-error", "--noproxy", "*", "--max-time", "120"]);
    command.stdin(Stdio::null());
    command
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap()
}

/// Runs it and gives what it writes; it must succeed.
fn output(command: &mut Command) -> String {
    let output = run(command);
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn package(server: &Server) -> String {
    format!("http://{}/packages/update.gz", server.address())
}

fn check(server: &Server) -> String {
    format!("http://{}/v1/update/", server.address())
}

fn write_fixture(directory: &Directory, name: &str) -> String {
    format!("@{}", directory.write(name, &fixture(name)).display())
}

/// Ends curl in the middle, as a network does.
fn cut(mut child: Child, file: &Path, least: u64) {
    until("the beginning of the download", || {
        assert_eq!(child.try_wait().unwrap(), None, "curl ended by itself");
        fs::metadata(file).ok().filter(|file| file.len() > least)
    });
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_cut_download_is_resumed() {
    if !has("curl", "curl") {
        return;
    }
    let (directory, payload) = (Directory::new(), bytes(MORE_THAN_BUFFERS));
    let server = Server::of_file(directory.write("payload.bin", &payload));
    let file = directory.join("received");
    let limited = ["--limit-rate", "200K", "--output"];
    let child = curl().args(limited).arg(&file).arg(package(&server)).spawn().unwrap();
    cut(child, &file, 100_000);
    let received = fs::metadata(&file).unwrap().len();
    assert!(received < payload.len() as u64);
    server.wait_for_line("download of update.gz cut at byte ");

    let resume = ["--continue-at", "-", "--write-out", "%{http_code}", "--output"];
    let code = output(curl().args(resume).arg(&file).arg(package(&server)));
    assert_eq!(code, "206");
    assert!(fs::read(&file).unwrap() == payload);
    let rest = format!("bytes {received} to {} of {}, finished", payload.len() - 1, payload.len());
    server.wait_for_line(&rest);
}

#[test]
fn a_complete_download_has_nothing_to_resume() {
    if !has("curl", "curl") {
        return;
    }
    let (directory, server) = (Directory::new(), Server::of_fixtures());
    let file = directory.write("received", &fs::read(UPDATE).unwrap());
    let resume = ["--continue-at", "-", "--write-out", "%{http_code}", "--output"];
    let output = run(curl().args(resume).arg(&file).arg(package(&server)));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "416");
    assert!(fs::read(&file).unwrap() == fs::read(UPDATE).unwrap());
}

#[test]
fn a_download_at_a_limited_rate() {
    if !has("curl", "curl") {
        return;
    }
    let (directory, server) = (Directory::new(), Server::of_fixtures());
    let file = directory.join("received");
    output(curl().args(["--limit-rate", "40K", "--output"]).arg(&file).arg(package(&server)));
    assert!(fs::read(&file).unwrap() == fs::read(UPDATE).unwrap());
}

#[test]
fn a_download_that_curl_would_like_otherwise() {
    if !has("curl", "curl") {
        return;
    }
    let server = Server::of_fixtures();
    let payload = fs::read(UPDATE).unwrap();
    for wish in ["--compressed", "--tr-encoding", "--http1.0", "--http1.1", "--path-as-is"] {
        let output = run(curl().args([wish, "--raw", &package(&server)]));
        assert!(output.status.success(), "{wish}: {output:?}");
        assert!(output.stdout == payload, "{wish}");
    }
}

#[test]
fn an_upgrade_to_http2_that_is_not_taken_up() {
    if !has("curl", "curl") {
        return;
    }
    let server = Server::of_fixtures();
    let wish = ["--http2", "--output", "/dev/null", "--write-out", "%{http_code} %{http_version}"];
    assert_eq!(output(curl().args(wish).arg(package(&server))), "200 1.1");
}

#[test]
fn what_curl_has_already_is_not_sent_again() {
    if !has("curl", "curl") {
        return;
    }
    let (directory, server) = (Directory::new(), Server::of_fixtures());
    let (file, etag) = (directory.join("received"), directory.join("etag"));
    let common = ["--remote-time", "--write-out", "%{http_code}", "--output"];
    let get = |more: &str, value: &Path| {
        output(curl().args(common).arg(&file).arg(more).arg(value).arg(package(&server)))
    };
    assert_eq!(get("--etag-save", &etag), "200");
    assert_eq!(get("--etag-compare", &etag), "304");
    assert_eq!(get("--time-cond", &file), "304");
    assert!(fs::read(&file).unwrap() == fs::read(UPDATE).unwrap());
}

#[test]
fn heads() {
    if !has("curl", "curl") {
        return;
    }
    let server = Server::of_fixtures();
    let head = output(curl().arg("--head").arg(package(&server)));
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    let size = fs::metadata(UPDATE).unwrap().len();
    assert!(head.contains(&format!("Content-Length: {size}\r\n")), "{head}");
    assert!(head.contains("Accept-Ranges: bytes\r\n"), "{head}");
}

#[test]
fn a_check_by_hand() {
    if !has("curl", "curl") {
        return;
    }
    let (directory, server) = (Directory::new(), Server::of_fixtures());
    let body = write_fixture(&directory, "check-older");
    let xml = ["--header", "Content-Type: text/xml", "--data-binary"];
    let answer = output(curl().args(xml).args([&body, &check(&server)]));
    assert!(answer.contains("<updatecheck status=\"ok\">"), "{answer}");
    let codebase = format!("<url codebase=\"http://{}/packages/\"", server.address());
    assert!(answer.contains(&codebase), "{answer}");

    // The type that curl sends by default, and the answer to it.
    let answer = output(curl().args(["--data-binary", &body, &check(&server)]));
    assert_eq!(
        answer,
        "the content type must be text/xml or application/xml; with curl: -H 'Content-Type: text/xml'\n"
    );
    let answer = output(curl().arg(check(&server)));
    assert_eq!(answer, "only POST is allowed here\n");
}

#[test]
fn bodies_in_every_way_that_curl_sends_them() {
    if !has("curl", "curl") {
        return;
    }
    let (directory, server) = (Directory::new(), Server::of_fixtures());
    let mut large = fixture("check-older");
    large.resize(64 * 1024, b'\n');
    let large = format!("@{}", directory.write("large", &large).display());
    let small = write_fixture(&directory, "check-older");
    for body in [&small, &large] {
        for header in ["Expect: 100-continue", "Expect:", "Transfer-Encoding: chunked"] {
            let flags = ["--header", "Content-Type: text/xml", "--header", header];
            let answer = output(curl().args(flags).args(["--data-binary", body, &check(&server)]));
            assert!(answer.contains("<updatecheck status=\"ok\">"), "{header} {body}: {answer}");
        }
    }
    let mut larger = fixture("check-older");
    larger.resize(3 * 1024 * 1024, b'\n');
    let larger = format!("@{}", directory.write("larger", &larger).display());
    for header in ["Expect: 100-continue", "Expect:", "Transfer-Encoding: chunked"] {
        let flags = ["--header", header, "--data-binary", &larger, &check(&server)];
        let answer = output(curl().args(flags));
        assert_eq!(answer, "the body is longer than 65536 bytes\n", "{header}");
    }
}
