//! Disks that are slow or hang.

use std::fs;
use std::process::Command;

use crate::common::http::{Client, request};
use crate::common::payload::Directory;
use crate::common::until;
use crate::honest::{Checker, package};
use crate::preload::is_dynamic;
use crate::stage::Stage;

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/slow_disk/slow_disk.c");

/// Two downloads whose next bytes the disk does not give: checks are answered
/// as usual, and when it works again, so do the downloads.
#[test]
fn a_disk_that_hangs() {
    if !is_dynamic() {
        println!("NOT SHOWN: a static binary takes no library that makes a disk hang");
        return;
    }
    let directory = Directory::new();
    let (library, control) = (directory.join("slow_disk.so"), directory.join("rate"));
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(SOURCE);
    assert!(compiler.status().expect("a C compiler, as for building").success());
    let preload = format!("LD_PRELOAD={}", library.display());
    let slow_disk = format!("SLOW_DISK={}", control.display());
    let stage = Stage::through(&["env", &preload, &slow_disk], &[]);

    let mut clients = [Client::slow(stage.address()), Client::slow(stage.address())];
    for client in &mut clients {
        client.send(request("GET", "/packages/update.gz", &[], b""));
        assert_eq!(client.read_head().content_length(), package().len());
    }
    fs::write(&control, b"0").unwrap();
    let readers = clients.map(|mut client| {
        std::thread::spawn(move || assert!(client.read(package().len()) == package()))
    });
    let checker = Checker::start(stage.address());
    let answered = checker.answered();
    until("more checks", || (checker.answered() > answered + 50).then_some(()));
    assert!(readers.iter().all(|reader| !reader.is_finished()), "the disk did not hang");
    fs::remove_file(&control).unwrap();
    for reader in readers {
        reader.join().unwrap();
    }
    assert_eq!(checker.stop().retries, 0);
}
