//! An updater and an observer that panic.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use omaha::protocol::{Request, request::App};
use omaha::server::{Activity, Server};
use omaha::{Codebase, Decision, PackageFile, Reason, TrivialUpdater, Update};
use omaha::{Updater, UpdaterError};

use crate::common::http::{Client, get, update, update_request};
use crate::common::{OFFERED, UPDATE, fixture};

fn package() -> Arc<PackageFile> {
    Arc::new(PackageFile::open(UPDATE.as_ref(), "update.gz".parse().unwrap()).unwrap())
}

/// Panics at every other check.
#[derive(Default)]
struct Shaky(AtomicBool);

impl Updater for Shaky {
    fn check_update(&mut self, _: &Request, _: &App) -> Result<Decision, UpdaterError> {
        assert!(self.0.fetch_not(Ordering::Relaxed), "this updater panics, which is tested");
        Ok(Decision::none(Reason::UpToDate))
    }
}

#[test]
fn an_updater_that_panics_is_a_500_for_one_client() {
    let server = Server::bind(&"127.0.0.1:0".parse().unwrap(), Shaky::default()).unwrap();
    let (server, address, handle) = {
        let server = server.with_packages([package()]);
        let (address, handle) = (server.address(), server.handle());
        (thread::spawn(move || server.run()), address, handle)
    };
    for _ in 0..5 {
        let mut client = Client::connect(address);
        for expected in [500, 200] {
            client.send(update_request(&fixture("check-older")));
            assert_eq!(client.read_answer("POST").status(), expected);
        }
        assert_eq!(get(address, "/packages/update.gz", &[]).status(), 200);
    }
    handle.stop();
    server.join().unwrap().unwrap();
}

/// Nothing depends on an observer.
#[test]
fn an_observer_that_panics_harms_nothing() {
    let update_of =
        Update::from_packages(OFFERED.parse().unwrap(), Codebase::default(), &[package()]);
    let server = Server::bind(&"127.0.0.1:0".parse().unwrap(), TrivialUpdater::new(update_of))
        .unwrap()
        .with_packages([package()])
        .with_observer(|_: &Activity<'_>| panic!("this observer panics, which is tested"));
    let (address, handle) = (server.address(), server.handle());
    let server = thread::spawn(move || server.run());
    for _ in 0..3 {
        assert!(update(address, &fixture("check-older")).offers());
        assert_eq!(get(address, "/packages/update.gz", &[]).status(), 200);
        assert_eq!(get(address, "/nothing", &[]).status(), 404);
    }
    handle.stop();
    server.join().unwrap().unwrap();
}
