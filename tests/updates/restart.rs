//! What was found out by hashing is kept in `--state-dir`.

use std::fs::{self, File};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::common::payload::Directory;
use super::common::server::Server;
use super::{Folder, Machine, PAYLOAD};

fn serve(folder: &Folder, state: &Directory, flags: &[&str]) -> (Server, Duration) {
    let state_dir = ["--state-dir", state.path().to_str().unwrap()];
    let started = Instant::now();
    let server = folder.serve(&[&state_dir, flags].concat());
    (server, started.elapsed())
}

/// 20 GB, nearly all of it holes. A debug build hashes some 0.2 GB a second, and has
/// a tenth of it.
#[test]
fn large_files_are_not_read_before_they_are_served() {
    let (folder, state) = (Folder::new(), Directory::new());
    let size = if std::env::var_os("SERVE_PACKAGE_BINARY").is_some() {
        5_000_000_000
    } else {
        500_000_000
    };
    for number in 1..=4u64 {
        let path = folder.place(&format!("amd64-usr/{number}.0.0/{PAYLOAD}"));
        File::create(path).unwrap().set_len(size + number).unwrap();
    }
    let (server, first) = serve(&folder, &state, &["--skip-payload-check"]);
    let manifest = Machine::new("0.1.0").check(server.address()).unwrap().manifest;
    server.stop();
    let (server, second) = serve(&folder, &state, &["--skip-payload-check"]);
    println!("hashed in {first:?}, served again after {second:?}");
    assert!(second < first / 4, "{first:?} {second:?}");
    server.wait_for_line("4 files have not changed since they were hashed");
    let offer = Machine::new("0.1.0").check(server.address()).unwrap();
    assert_eq!(offer.manifest, manifest);
    // The comparison gives way.
    server.signal(Signal::HUP);
    server.wait_for_line("read again: 4 updates");
    assert!(server.stop().status.success());
}

#[test]
fn what_has_changed_meanwhile_is_read_anew() {
    let (folder, state) =
        (Folder::with(&["amd64-usr/4081.2.0", "amd64-usr/4152.2.0"]), Directory::new());
    folder.copy_extension("amd64-usr/4152.2.0/oem-azure.gz");
    let digests = || fs::read_dir(state.path().join("digests")).unwrap().count();
    let (server, _) = serve(&folder, &state, &[]);
    assert_eq!(digests(), 3);
    server.stop();
    let (server, _) = serve(&folder, &state, &[]);
    server.wait_for_line("3 files have not changed since they were hashed");
    server.wait_for_line("every file is what was hashed");
    server.stop();

    // Another file of the same name, and one that is gone.
    fs::remove_dir_all(folder.path().join("amd64-usr/4081.2.0")).unwrap();
    let path = folder.path().join(format!("amd64-usr/4152.2.0/{PAYLOAD}"));
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    let other = folder.place("amd64-usr/4152.2.0/other");
    fs::copy(&path, &other).unwrap();
    File::options().write(true).open(&other).unwrap().set_modified(modified).unwrap();
    fs::rename(&other, &path).unwrap();
    let (server, _) = serve(&folder, &state, &[]);
    server.wait_for_line("1 files have not changed since they were hashed");
    assert_eq!(digests(), 2);
    Machine::new("4081.2.0").check(server.address()).unwrap().fetch(server.address());
    server.stop();

    // What is torn is nothing.
    for entry in fs::read_dir(state.path().join("digests")).unwrap() {
        let path = entry.unwrap().path();
        let content = fs::read(&path).unwrap();
        fs::write(path, &content[..content.len() - 1]).unwrap();
    }
    let (server, _) = serve(&folder, &state, &[]);
    Machine::new("4081.2.0").check(server.address()).unwrap().fetch(server.address());
    assert!(!server.lines().iter().any(|line| line.contains("have not changed since")));
    server.stop();
}

/// The machines on their way are known after a restart, whatever is offered by
/// then.
#[test]
fn machines_are_known_though_the_folder_has_changed() {
    let (folder, state) = (Folder::with(&["amd64-usr/4081.2.0"]), Directory::new());
    folder.write("amd64-usr/4081.2.0/floor", "");
    let (server, _) = serve(&folder, &state, &[]);
    assert!(Machine::new("3510.2.0").check(server.address()).is_some());
    server.stop();
    folder.add("amd64-usr/4152.2.0");
    let (server, _) = serve(&folder, &state, &["--status"]);
    server.wait_for_line("1 machine known from --state-dir");
    let status = super::common::http::get(server.address(), "/status.json", &[]);
    assert!(status.text().contains("\"state\":\"offered\""), "{}", status.text());
}
