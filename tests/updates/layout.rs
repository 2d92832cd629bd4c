//! What is in the folder, and what is made of it.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::common::http::{ask, get};
use super::common::payload::{GOOD_KEY, OTHER_KEY, payload, published};
use super::common::server::run;
use super::common::{EXTENSION, UPDATE};
use super::{BOARD, Folder, Machine, PAYLOAD};

#[test]
fn as_the_release_server_has_it() {
    let folder = Folder::with(&["amd64-usr/4081.2.0", "amd64-usr/4152.2.0", "arm64-usr/4152.2.0"]);
    folder.copy_extension("amd64-usr/4152.2.0/oem-azure.gz");
    folder.copy_extension("amd64-usr/4152.2.0/flatcar-zfs.gz");
    let content = fs::read(UPDATE).unwrap();
    folder.write(&format!("amd64-usr/4152.2.0/{PAYLOAD}.sha256"), published(&content, PAYLOAD));
    // What lies there besides.
    folder.write("amd64-usr/4152.2.0/version.txt", "FLATCAR_VERSION=4152.2.0");
    folder.write(&format!("amd64-usr/4152.2.0/{PAYLOAD}.sig"), "");
    folder.write("amd64-usr/4152.2.0/flatcar_production_image.bin.bz2", "image");
    let server = folder.serve(&[]);

    let offer = Machine::new("4081.2.0").check(server.address()).unwrap();
    assert_eq!(offer.path, "/packages/amd64-usr/4152.2.0/");
    let names: Vec<_> = offer.manifest.packages.iter().map(|package| &*package.name).collect();
    assert_eq!(names, [PAYLOAD, "flatcar-zfs.gz", "oem-azure.gz"]);
    offer.fetch(server.address());
    let offer = Machine { board: "arm64-usr", ..Machine::new("4081.2.0") }.check(server.address());
    let offer = offer.unwrap();
    assert_eq!((&*offer.path, offer.manifest.packages.len()), ("/packages/arm64-usr/4152.2.0/", 1));
    offer.fetch(server.address());

    assert!(
        Machine { board: "s390-usr", ..Machine::new("1.0.0") }.check(server.address()).is_none()
    );
    server.wait_for_line("no update: there is no update for its board");
    for path in [
        "/packages/flatcar_production_update.gz",
        "/packages/amd64-usr/4152.2.0/",
        "/packages/amd64-usr/4152.2.0/version.txt",
        "/packages/amd64-usr/../amd64-usr/4152.2.0/flatcar_production_update.gz",
        "/packages/arm64-usr/4152.2.0/oem-azure.gz",
        "/packages/arm64-usr/4081.2.0/flatcar_production_update.gz",
    ] {
        get(server.address(), path, &[]).expect_refusal(404, "there is no package of this name");
    }
    let head = ask(
        server.address(),
        "HEAD",
        "/packages/amd64-usr/4081.2.0/flatcar_production_update.gz",
        &[],
        b"",
    );
    assert_eq!((head.status(), head.header("Accept-Ranges")), (200, Some("bytes")));
    let lines = server.lines().join("\n");
    assert!(
        lines.contains("left out of") && lines.contains("flatcar_production_image.bin.bz2"),
        "{lines}"
    );
    assert!(!lines.contains("version.txt\":") && !lines.contains(".sig\""), "{lines}");
}

/// As a machine asks, with everything that is looked at then.
#[test]
fn a_machine_can_use_what_it_is_offered() {
    let folder = Folder::with(&["stable/amd64-usr/4081.2.0", "stable/amd64-usr/4152.2.0"]);
    folder.write("stable/amd64-usr/4081.2.0/floor", "");
    folder.copy_extension("stable/amd64-usr/4152.2.0/oem-azure.gz");
    let server = folder.serve(&[]);
    for (own, offered) in [("4000.0.0", "4081.2.0"), ("4081.2.0", "4152.2.0")] {
        let to = folder.path().join(offered);
        fs::create_dir(&to).unwrap();
        let url = format!("http://{}/v1/update/", server.address());
        let arguments = ["check", &url, "--app-version", own, "--key", GOOD_KEY, "--strict"];
        let to = [OsStr::new("--download"), to.as_os_str()];
        let outcome = run(arguments.into_iter().map(OsStr::new).chain(to));
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
        assert!(outcome.stdout.contains(offered), "{outcome:?}");
    }
}

#[test]
fn channels() {
    let folder = Folder::with(&["stable/amd64-usr/4081.2.0", "beta/amd64-usr/4152.1.0"]);
    folder.add("arm64-usr/4081.2.0");
    let server = folder.serve(&["--key", GOOD_KEY]);
    let on = |track| Machine { track, ..Machine::new("4000.0.0") };
    let offer = on("stable").check(server.address()).unwrap();
    assert_eq!(offer.path, "/packages/stable/amd64-usr/4081.2.0/");
    offer.fetch(server.address());
    let offer = on("beta").check(server.address()).unwrap();
    assert_eq!(offer.path, "/packages/beta/amd64-usr/4152.1.0/");
    offer.fetch(server.address());
    assert!(on("alpha").check(server.address()).is_none());
    server.wait_for_line("no update: there is no update for its board in its channel");
    // For every channel.
    for track in ["alpha", "stable", ""] {
        let machine = Machine { board: "arm64-usr", ..on(track) };
        assert_eq!(machine.offered(server.address()).as_deref(), Some("4081.2.0"));
    }
    server.wait_for_line(
        "offering version 4081.2.0 for arm64-usr, 4152.1.0 for amd64-usr in beta, \
         4081.2.0 for amd64-usr in stable",
    );
}

#[test]
fn a_nightly_has_other_names() {
    let folder = Folder::new();
    let place = "amd64-usr/4200.0.0+nightly-1";
    folder.copy(UPDATE, &format!("{place}/flatcar_test_update.gz"));
    folder.copy_extension(&format!("{place}/flatcar_test_update-oem-azure.gz"));
    // Where there are both, they are not mixed.
    folder.add("arm64-usr/4200.0.0");
    folder.copy(UPDATE, "arm64-usr/4200.0.0/flatcar_test_update.gz");
    folder.copy_extension("arm64-usr/4200.0.0/flatcar_test_update-oem-azure.gz");
    folder.copy_extension("arm64-usr/4200.0.0/oem-azure.gz");
    let server = folder.serve(&[]);
    let offer = Machine::new("4152.2.0").check(server.address()).unwrap();
    assert_eq!(offer.path, format!("/packages/{place}/"));
    assert_eq!(offer.manifest.packages[0].name, "flatcar_test_update.gz");
    assert_eq!(offer.manifest.packages[1].name, "flatcar_test_update-oem-azure.gz");
    offer.fetch(server.address());
    let machine = Machine { board: "arm64-usr", ..Machine::new("4152.2.0") };
    let packages = machine.check(server.address()).unwrap().manifest.packages;
    let names: Vec<_> = packages.iter().map(|package| &*package.name).collect();
    assert_eq!(names, [PAYLOAD, "oem-azure.gz"]);
}

/// Each is named and left out, and keeps nothing else from being served.
#[test]
fn whatever_is_odd_is_left_out() {
    let folder = Folder::with(&["amd64-usr/4081.2.0"]);
    let at = |version: &str, name: &str| format!("{BOARD}/{version}/{name}");
    let content = fs::read(UPDATE).unwrap();
    let mut expected = Vec::new();
    let mut odd = |what: &str, why: &str| expected.push((what.to_owned(), why.to_owned()));

    folder.write(&at("5001.0.0", &format!("{PAYLOAD}.part")), &content[..500]);
    odd("5001.0.0", "flatcar_production_update.gz.part is not complete yet");
    folder.write(&at("5002.0.0", PAYLOAD), &content[..5000]);
    odd("5002.0.0", "cut");
    folder.write(&at("5003.0.0", PAYLOAD), "");
    odd("5003.0.0", "it is empty");
    folder.write(&at("5004.0.0", PAYLOAD), "<html>not found</html>");
    odd("5004.0.0", "it is an HTML page");
    folder.write(&at("5005.0.0", "FLATCAR_PRODUCTION_UPDATE.GZ"), &content);
    odd("5005.0.0", "there is no flatcar_production_update.gz in it");
    odd("5005.0.0", "\"FLATCAR_PRODUCTION_UPDATE.GZ\": not known");
    symlink(UPDATE, folder.place(&at("5006.0.0", PAYLOAD))).unwrap();
    odd("5006.0.0", "flatcar_production_update.gz is a link");
    fs::create_dir_all(folder.place(&at("5007.0.0", PAYLOAD))).unwrap();
    odd("5007.0.0", "flatcar_production_update.gz is no file");
    folder.add("amd64-usr/5008.0.0");
    folder.write(&at("5008.0.0", &format!("{PAYLOAD}.sha256")), published(b"other", PAYLOAD));
    odd("5008.0.0", "download it again");
    folder.copy(EXTENSION, &at("5009.0.0", PAYLOAD));
    odd("5009.0.0", "it is the payload of an extension, but its name says otherwise");
    folder.add("amd64-usr/5010.0.0");
    folder.copy(UPDATE, &at("5010.0.0", "oem-azure.gz"));
    odd("5010.0.0", "it is the payload of an operating system, but its name says otherwise");
    folder.copy(payload("delta.gz"), &at("5011.0.0", PAYLOAD));
    odd("5011.0.0", "it is a delta payload");
    folder.add("amd64-usr/5012.0.0");
    folder.write(&at("5012.0.0", "oem-azure.gz"), "<html>");
    odd("5012.0.0", "oem-azure.gz");
    folder.add("amd64-usr/5013.0.0");
    folder.copy_extension(&at("5013.0.0", "oem-a b.gz"));
    odd("5013.0.0", "\"oem-a b.gz\" cannot be the name of a package");
    fs::create_dir(folder.place("amd64-usr/5014.0.0")).unwrap();
    odd("5014.0.0", "there is no flatcar_production_update.gz in it");
    // Without its extension, an update would fail.
    folder.add("amd64-usr/5017.0.0");
    folder.write(&at("5017.0.0", "oem-azure.gz.part"), "");
    odd("5017.0.0", "oem-azure.gz.part is not complete yet");
    folder.add("amd64-usr/5018.0.0");
    symlink(EXTENSION, folder.place(&at("5018.0.0", "oem-azure.gz"))).unwrap();
    odd("5018.0.0", "oem-azure.gz is a link");
    folder.write(&at("4081.2", &format!("{PAYLOAD}.part")), "");
    odd("4081.2\"", "\"flatcar_production_update.gz.part\": not known as part of an update");
    folder.add("amd64-usr/4081.2");
    odd("4081.2.0", "the same version has another folder");
    symlink("4081.2.0", folder.place("amd64-usr/current")).unwrap();
    odd("amd64-usr/current", "it is a link, and not the folder of a version");
    symlink("4081.2.0", folder.place("amd64-usr/6000.0.0")).unwrap();
    odd("amd64-usr/6000.0.0", "it is a link, and not the folder of a version");
    folder.add("amd64-usr/latest");
    odd("amd64-usr/latest", "it is not the folder of a version");
    folder.write("amd64-usr/6001.0.0", "a file");
    odd("amd64-usr/6001.0.0", "it is not the folder of a version");
    folder.write("README", "hello");
    odd("README", "it is not the folder of a board or a channel");
    folder.add("a channel/amd64-usr/6002.0.0");
    odd("a channel", "it is not the folder of a board or a channel");
    folder.add("stable/amd64/6003.0.0");
    odd("stable/amd64", "it is not the folder of a board");
    fs::create_dir(folder.place("empty-usr")).unwrap();
    odd("empty-usr", "it is empty");
    fs::create_dir(folder.path().join(OsStr::from_bytes(b"\xff-usr"))).unwrap();
    odd("\u{fffd}-usr", "it is not the folder of a board or a channel");
    symlink("amd64-usr", folder.place("arm64-usr")).unwrap();
    odd("arm64-usr", "it is a link, and not the folder of a board or a channel");
    // Root reads everything.
    if !rustix::process::geteuid().is_root() {
        folder.add("amd64-usr/5015.0.0");
        let path = folder.path().join("amd64-usr/5015.0.0");
        fs::set_permissions(&path, PermissionsExt::from_mode(0o000)).unwrap();
        odd("5015.0.0", "permission denied");
        folder.add("amd64-usr/5016.0.0");
        let path = folder.place(&at("5016.0.0", PAYLOAD));
        fs::set_permissions(&path, PermissionsExt::from_mode(0o000)).unwrap();
        odd("5016.0.0", "permission denied");
    }

    let server = folder.serve(&[]);
    let lines = server.lines();
    for (what, why) in &expected {
        let is_said = |line: &String| {
            line.contains("left out") && line.contains(&**what) && line.contains(&**why)
        };
        assert!(lines.iter().any(is_said), "{what}: {why}\n{}", lines.join("\n"));
    }
    let offer = Machine::new("4000.0.0").check(server.address()).unwrap();
    assert!(offer.path.starts_with("/packages/amd64-usr/4081.2"), "{}", offer.path);
    offer.fetch(server.address());
    assert_eq!(get(server.address(), "/health", &[]).status(), 200);
}

#[test]
fn nothing_that_can_be_served() {
    let folder = Folder::new();
    let run = |flags: &[&str]| {
        let folder = ["--updates", folder.path().to_str().unwrap()];
        run(folder.iter().chain(flags))
    };
    let nothing = "holds no update that can be served; each belongs into";
    run(&[]).expect_failure(1, &["error: --updates", nothing]);
    folder.add("amd64-usr/4152.2.0");
    run(&["--key", OTHER_KEY]).expect_failure(1, &["is not signed by the key", nothing]);
    folder.write(&format!("amd64-usr/4152.2.0/{PAYLOAD}"), "none");
    run(&[]).expect_failure(1, &["4152.2.0\": ", nothing]);
    // A floor is none that can be served either.
    folder.write("amd64-usr/4152.2.0/floor", "");
    run(&[]).expect_failure(1, &["machines below it are offered nothing newer", nothing]);
    run(&["--package-version", "1.0.0"])
        .expect_failure(2, &["--updates and --package-version exclude each other"]);
    let file = folder.write("file", "");
    super::common::server::run([OsStr::new("--updates"), file.as_os_str()])
        .expect_failure(1, &["cannot read --updates", "a part of the path is not a directory"]);
    super::common::server::run(["--updates", "/nowhere"])
        .expect_failure(1, &["cannot read --updates \"/nowhere\": no such file"]);
}

#[test]
fn a_thousand_versions() {
    let folder = Folder::with(&["amd64-usr/1000.0.0"]);
    let first = folder.place(&format!("amd64-usr/1000.0.0/{PAYLOAD}"));
    for number in 1001..2000 {
        fs::hard_link(&first, folder.place(&format!("amd64-usr/{number}.0.0/{PAYLOAD}"))).unwrap();
    }
    folder.write("amd64-usr/1500.0.0/floor", "");
    let server = folder.serve(&[]);
    let offered = |version| Machine::new(version).offered(server.address());
    assert_eq!(offered("1.0.0").as_deref(), Some("1500.0.0"));
    assert_eq!(offered("1500.0.0").as_deref(), Some("1999.0.0"));
    assert_eq!(offered("1999.0.0"), None);
    Machine::new("1600.0.0").check(server.address()).unwrap().fetch(server.address());
    server.wait_for_line("and 980 more updates");
    server.signal(rustix::process::Signal::HUP);
    server.wait_for_line("read again: 1000 updates, offering 1999.0.0 for amd64-usr");
}
