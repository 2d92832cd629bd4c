//! The folder is read again while the server runs.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use omaha::protocol::EventType;
use rustix::process::Signal;

use super::common::http::{Client, get, request};
use super::common::payload::{MORE_THAN_BUFFERS, bytes};
use super::{Folder, Machine, PAYLOAD};

/// While machines ask and fetch, updates come and go, also those that are being
/// fetched.
#[test]
fn nothing_is_cut_under_load() {
    let folder = Folder::new();
    let large = bytes(MORE_THAN_BUFFERS);
    folder.write(&format!("amd64-usr/1.0.0/{PAYLOAD}"), &large);
    folder.write(&format!("amd64-usr/2.0.0/{PAYLOAD}"), &large[1..]);
    let server = folder.serve(&["--skip-payload-check"]);
    let address = server.address();

    // These have begun to fetch, and read on when everything else is over.
    let path = |version: usize| format!("/packages/amd64-usr/{version}.0.0/{PAYLOAD}");
    let begun: Vec<_> = (0..8)
        .map(|number| {
            let mut client = Client::slow(address);
            client.send(request("GET", &path(1 + number % 2), &[], b""));
            let head = client.read_head();
            (client, head, number % 2)
        })
        .collect();

    let is_over = AtomicBool::new(false);
    let fetched = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let offer = Machine::new("0.1.0").check(address).unwrap();
                    // Nothing that is offered here ever goes away.
                    offer.fetch(address);
                    fetched.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for number in 1..=20 {
            let version = 2 + number;
            folder.write(&format!("amd64-usr/{version}.0.0/{PAYLOAD}"), &large[..number * 1000]);
            if number == 10 {
                fs::remove_dir_all(folder.path().join("amd64-usr/1.0.0")).unwrap();
            }
            if number == 15 {
                let other = folder.write("amd64-usr/2.0.0/new", "another payload");
                fs::rename(other, folder.place(&format!("amd64-usr/2.0.0/{PAYLOAD}"))).unwrap();
            }
            server.signal(Signal::HUP);
            server.wait_for_line(&format!("offering {version}.0.0 for amd64-usr"));
            let seen = fetched.load(Ordering::Relaxed);
            super::common::until("a machine to fetch it", || {
                (fetched.load(Ordering::Relaxed) > seen + 4).then_some(())
            });
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert_eq!(get(address, &path(1), &[]).status(), 404);
    assert_eq!(get(address, &path(2), &[]).body, b"another payload");
    for (mut client, head, start) in begun {
        assert!(client.read(head.content_length()) == large[start..]);
    }
    let lines = server.lines();
    let is_bad = |line: &&String| {
        ["cut at byte", "refused with 5", "panicked"].iter().any(|bad| line.contains(bad))
    };
    assert_eq!(lines.iter().find(is_bad), None);
}

#[test]
fn a_reload_that_fails_changes_nothing() {
    let folder = Folder::with(&["updates/amd64-usr/4152.2.0"]);
    let inner = folder.path().join("updates");
    let server = super::common::server::Server::start(["--updates".as_ref(), inner.as_os_str()]);
    let offer = Machine::new("4081.2.0").check(server.address()).unwrap();
    let elsewhere = folder.path().join("elsewhere");
    fs::rename(&inner, &elsewhere).unwrap();
    for (number, why) in [(1, "no such file"), (2, "holds no update that can be served")] {
        server.signal(Signal::HUP);
        let lines = server.wait_for_lines("nothing was changed; still serving", number);
        assert!(lines[number - 1].contains(why), "{lines:?}");
        offer.fetch(server.address());
        assert_eq!(Machine::new("4081.2.0").offered(server.address()).as_deref(), Some("4152.2.0"));
        if number == 1 {
            fs::create_dir(&inner).unwrap();
        }
    }
    fs::remove_dir(&inner).unwrap();
    fs::rename(&elsewhere, &inner).unwrap();
    server.signal(Signal::HUP);
    server.wait_for_line("read again: 1 update, offering 4152.2.0 for amd64-usr");
    offer.fetch(server.address());
}

/// One that was changed in place is not offered, the others are; read again, it
/// is what it is by then.
#[test]
fn what_was_changed_in_place_is_read_anew() {
    let folder = Folder::with(&["amd64-usr/4152.2.0", "arm64-usr/4152.2.0"]);
    let server = folder.serve(&[]);
    let path = folder.path().join(format!("amd64-usr/4152.2.0/{PAYLOAD}"));
    let content = fs::read(&path).unwrap();
    fs::write(&path, [&content[..], b"more"].concat()).unwrap();
    let amd64 = Machine::new("4081.2.0");
    let arm64 = Machine { board: "arm64-usr", ..amd64.clone() };
    assert_eq!(amd64.offered(server.address()), None);
    server.wait_for_line("a package was changed since the server was started");
    assert_eq!(arm64.offered(server.address()).as_deref(), Some("4152.2.0"));
    assert_eq!(get(server.address(), "/health", &[]).status(), 200);
    server.signal(Signal::HUP);
    server.wait_for_line("read again: 1 update, offering 4152.2.0 for arm64-usr");
    // Of all that is offered now, nothing is left.
    let other = folder.path().join(format!("arm64-usr/4152.2.0/{PAYLOAD}"));
    fs::write(&other, b"something else").unwrap();
    let health = get(server.address(), "/health", &[]);
    assert_eq!(health.status(), 503);
    assert!(health.text().contains("reload to serve it as it is now"), "{}", health.text());
    server.signal(Signal::USR1);
    server.wait_for_line("arm64-usr: a package was changed, reload to serve it as it is now");
    for path in [path, other] {
        fs::write(path, &content).unwrap();
    }
    server.signal(Signal::HUP);
    server.wait_for_line("read again: 2 updates");
    amd64.check(server.address()).unwrap().fetch(server.address());
}

/// The `update_engine` of 2023 looks for extensions in the answer to the event that
/// its download has finished: those of another update would be wrong.
#[test]
fn a_machine_that_installs_is_not_offered_something_else() {
    let folder = Folder::with(&["amd64-usr/4152.2.0"]);
    folder.copy_extension("amd64-usr/4152.2.0/oem-azure.gz");
    let server = folder.serve(&[]);
    let machine = Machine::new("4081.2.0");
    assert!(machine.check(server.address()).is_some());
    let answer = machine.report(server.address(), EventType::UPDATE_DOWNLOAD_FINISHED);
    assert_eq!(answer.manifest().version.as_str(), "4152.2.0");
    folder.add("amd64-usr/4186.0.0");
    folder.copy_extension("amd64-usr/4186.0.0/oem-azure.gz");
    server.signal(Signal::HUP);
    server.wait_for_line("read again: 2 updates");
    let answer = machine.report(server.address(), EventType::UPDATE_DOWNLOAD_FINISHED);
    assert!(!answer.text().contains("4186.0.0"), "{}", answer.text());
}

#[test]
fn without_a_folder_there_is_nothing_to_read() {
    let server = super::common::server::Server::of_fixtures();
    server.signal(Signal::HUP);
    server.wait_for_line("SIGHUP: nothing to reload; still serving");
}
