//! A folder of updates (`--updates`): its layout, steps in between, reading it
//! again, and starting again.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
mod common;
mod descriptors;
mod floors;
mod layout;
mod reload;
mod restart;

use std::ffi::OsStr;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use omaha::protocol::response::Manifest;
use omaha::protocol::{EventResult, EventType, Request};

use common::http::{Answer, get, update};
use common::payload::Directory;
use common::server::Server;
use common::{EXTENSION, UPDATE};

const PAYLOAD: &str = "flatcar_production_update.gz";
const BOARD: &str = "amd64-usr";

/// A folder of updates that goes away with the test.
struct Folder(Directory);

impl Folder {
    fn new() -> Self {
        Self(Directory::new())
    }

    /// One with these updates.
    fn with(places: &[&str]) -> Self {
        let folder = Self::new();
        places.iter().for_each(|place| folder.add(place));
        folder
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Makes an update of the fixtures.
    fn add(&self, place: &str) {
        self.copy(UPDATE, &format!("{place}/{PAYLOAD}"));
    }

    /// Makes the folders of a file, and tells where it is to be.
    fn place(&self, name: &str) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.place(name);
        fs::write(&path, content).unwrap();
        path
    }

    fn copy(&self, from: impl AsRef<Path>, name: &str) {
        fs::copy(from, self.place(name)).unwrap();
    }

    fn copy_extension(&self, name: &str) {
        self.copy(EXTENSION, name);
    }

    fn serve(&self, flags: &[&str]) -> Server {
        let flags = flags.iter().map(OsStr::new);
        Server::start([OsStr::new("--updates"), self.path().as_os_str()].into_iter().chain(flags))
    }
}

/// A machine that asks.
#[derive(Clone, Debug)]
struct Machine {
    board: &'static str,
    track: &'static str,
    version: String,
    prefix: &'static str,
}

/// What a machine is offered.
#[derive(Debug)]
struct Offer {
    /// The path of the codebase.
    path: String,
    manifest: Manifest,
}

impl Machine {
    fn new(version: &str) -> Self {
        Self { board: BOARD, track: "stable", version: version.to_owned(), prefix: "" }
    }

    /// Asks for an update.
    fn check(&self, server: SocketAddr) -> Option<Offer> {
        let answer = self.send(server, |app| {
            app.add_update_check().target_version_prefix = self.prefix.to_owned();
        });
        answer.offers().then(|| {
            let codebase = answer.codebase();
            let path = codebase.strip_prefix("http://update.test:8000").unwrap().to_owned();
            Offer { path, manifest: answer.manifest() }
        })
    }

    /// The version that it is offered.
    fn offered(&self, server: SocketAddr) -> Option<String> {
        self.check(server).map(|offer| offer.manifest.version.as_str().to_owned())
    }

    fn report(&self, server: SocketAddr, kind: EventType) -> Answer {
        self.send(server, |app| {
            app.add_event(kind, EventResult::SUCCESS);
        })
    }

    fn send(
        &self,
        server: SocketAddr,
        fill: impl FnOnce(&mut omaha::protocol::request::App),
    ) -> Answer {
        let mut request = Request::new();
        let app = request.add_app("{e96281a6-d1af-4bde-9a0a-97b76e56dc57}", &*self.version);
        app.machine_id = "0123456789abcdef0123456789abcdef".to_owned();
        app.board = self.board.to_owned();
        app.track = self.track.to_owned();
        fill(app);
        update(server, request.to_xml().as_bytes())
    }
}

impl Offer {
    /// Fetches every package from where it is said to be, and compares it.
    fn fetch(&self, server: SocketAddr) {
        for package in &self.manifest.packages {
            let answer = get(server, &format!("{}{}", self.path, package.name), &[]);
            assert_eq!(answer.status(), 200);
            package.verify(&answer.body[..]).unwrap();
        }
    }
}
