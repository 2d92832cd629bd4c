//! Extensions beside the package, and packages that are fetched elsewhere.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use common::http::{Answer, ask, get, update};
use common::payload::{Directory, bytes};
use common::server::{Server, free_port};
use common::{EXTENSION, OFFERED, UPDATE, fixture};
use omaha::Digests;

const GOOD: [&str; 4] = ["--package-file", UPDATE, "--package-version", OFFERED];

fn check(server: &Server) -> Answer {
    update(server.address(), &fixture("check-older"))
}

#[test]
fn extensions_follow_the_package_in_order() {
    let directory = Directory::new();
    let contents = [("oem-azure.gz", 3000), ("flatcar-podman.gz", 2000), ("a~b_c-1", 1000)];
    let mut arguments = GOOD.map(str::to_owned).to_vec();
    arguments.push("--skip-payload-check".to_owned());
    for (name, size) in contents {
        let path = directory.write(name, &bytes(size)[..]);
        arguments.extend(["--extension".to_owned(), path.to_str().unwrap().to_owned()]);
    }
    let server = Server::start(arguments);
    let answer = check(&server);
    let manifest = answer.manifest();

    let names: Vec<_> = manifest.packages.iter().map(|package| package.name.as_str()).collect();
    assert_eq!(names, ["update.gz", "oem-azure.gz", "flatcar-podman.gz", "a~b_c-1"]);
    assert!(manifest.packages.iter().all(|package| package.required));
    for package in &manifest.packages {
        let content = get(server.address(), &format!("/packages/{}", package.name), &[]);
        assert_eq!(content.status(), 200);
        package.verify(&content.body[..]).unwrap();
    }
    // The one action is about the first package.
    assert_eq!(manifest.actions.len(), 1);
    let payload = std::fs::read(UPDATE).unwrap();
    assert_eq!(
        manifest.actions[0].sha256,
        Some(Digests::from_reader(&payload[..]).unwrap().sha256)
    );
}

#[test]
fn digests_are_written_as_the_clients_want_them() {
    let server = Server::start([&GOOD[..], &["--extension", EXTENSION]].concat());
    let answer = check(&server);
    let (payload, extension) = (std::fs::read(UPDATE).unwrap(), std::fs::read(EXTENSION).unwrap());
    let [payload, extension] =
        [payload, extension].map(|file| Digests::from_reader(&file[..]).unwrap());

    let text = answer.text();
    let packages: Vec<_> = text.lines().filter(|line| line.contains("<package ")).collect();
    assert_eq!(packages.len(), 2, "{text}");
    let has = |line: &str, what: &str| assert!(line.contains(what), "{what} is not in {line}");
    has(packages[0], &format!(" hash=\"{}\"", payload.sha1.to_base64()));
    assert!(!packages[0].contains("hash_sha256"), "{}", packages[0]);
    has(packages[1], &format!(" hash=\"{}\"", extension.sha1.to_base64()));
    has(packages[1], &format!(" hash_sha256=\"{}\"", extension.sha256.to_hex()));
    let action = text.lines().find(|line| line.contains("<action ")).unwrap();
    has(action, &format!(" sha256=\"{}\"", payload.sha256.to_base64()));
}

#[test]
fn every_application_is_complete_for_download_sysext() {
    // It rejects a response in which any application lacks one of these.
    let server = Server::start([&GOOD[..], &["--extension", EXTENSION]].concat());
    let text = check(&server).text().to_owned();
    for part in ["<updatecheck status=\"ok\">", "<urls>", "<manifest ", "<packages>", "<actions>"] {
        assert_eq!(text.matches(part).count(), 1, "{part} in {text}");
    }
    assert!(!text.contains("hash=\"\"") && !text.contains("hash_sha256=\"\""), "{text}");
}

#[test]
fn packages_that_are_fetched_elsewhere_are_not_served() {
    for (url, codebase) in [
        (
            "https://mirror.example:8443/flatcar/4152.2.0",
            "https://mirror.example:8443/flatcar/4152.2.0/",
        ),
        ("http://10.0.0.1", "http://10.0.0.1/"),
        ("http://10.0.0.1/packages/", "http://10.0.0.1/packages/"),
    ] {
        let more = ["--extension", EXTENSION, "--package-url", url];
        let server = Server::start([&GOOD[..], &more].concat());
        let answer = check(&server);
        assert_eq!(answer.codebase(), codebase);
        assert_eq!(answer.manifest().packages.len(), 2);
        for name in ["update.gz", "oem-fixture.gz"] {
            let target = format!("/packages/{name}");
            get(server.address(), &target, &[]).expect_refusal(404, "");
            assert_eq!(ask(server.address(), "HEAD", &target, &[], b"").status(), 404);
        }
        server.wait_for_line(&format!("packages are fetched from {codebase}"));
    }
}

#[test]
fn a_url_that_points_back_here_is_served() {
    for host in ["127.0.0.1", "localhost", "LocalHost"] {
        let port = free_port();
        let address = format!("127.0.0.1:{port}");
        let url = format!("http://{host}:{port}/packages");
        let more = ["--listen-address", &address, "--package-url", &url, "--extension", EXTENSION];
        let server = Server::start([&GOOD[..], &more].concat());
        assert_eq!(check(&server).codebase(), format!("{url}/"));
        for name in ["update.gz", "oem-fixture.gz"] {
            let answer = get(server.address(), &format!("/packages/{name}"), &[]);
            assert_eq!(answer.status(), 200, "{host}");
        }
    }
}

#[test]
fn a_url_of_another_port_or_path_does_not_point_back_here() {
    let port = free_port();
    let address = format!("127.0.0.1:{port}");
    for url in [format!("http://127.0.0.1:{port}/elsewhere/"), "http://127.0.0.1/packages/".into()]
    {
        let more = ["--listen-address", &address, "--package-url", &url];
        let server = Server::start([&GOOD[..], &more].concat());
        get(server.address(), "/packages/update.gz", &[]).expect_refusal(404, "");
    }
}

#[test]
fn machines_find_extensions_by_the_end_of_their_names() {
    let directory = Directory::new();
    let names =
        ["extrafile-amd64-4152.2.0-oem-x.gz", "flatcar_test_update-oem-y.gz", "flatcar-tools.raw"];
    let extension = std::fs::read(EXTENSION).unwrap();
    let files = names.map(|name| directory.write(name, &extension));
    let mut arguments: Vec<_> = GOOD.iter().map(std::ffi::OsString::from).collect();
    for file in files {
        arguments.extend(["--extension".into(), file.into_os_string()]);
    }
    let lines = Server::start(arguments).stop().lines;
    let odd: Vec<_> = lines.iter().filter(|line| line.contains("none will ask for")).collect();
    assert_eq!(odd.len(), 1, "{lines:#?}");
    assert!(odd[0].ends_with("none will ask for flatcar-tools.raw"), "{odd:#?}");
}
