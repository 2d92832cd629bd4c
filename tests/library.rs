//! The library, as another program uses it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use common::http::{Client, get, request, update};
use common::payload::{Directory, MORE_THAN_BUFFERS, bytes};
use common::{OFFERED, UPDATE, fixture, until};
use omaha::protocol::request::{App, Event};
use omaha::protocol::{AppStatus, Request, UpdateStatus};
use omaha::server::{Activity, Handle, Limits, Packages, ServeError, Server};
use omaha::{
    Catalog, Codebase, Decision, OmahaHandler, PackageFile, Reason, Release, TrivialUpdater,
    Update, Updater, UpdaterError,
};

/// A server on a thread of its own.
struct Running {
    address: SocketAddr,
    handle: Handle,
    thread: JoinHandle<Result<(), ServeError>>,
}

impl Running {
    fn new(server: Server) -> Self {
        let (address, handle) = (server.address(), server.handle());
        Self { address, handle, thread: thread::spawn(move || server.run()) }
    }

    fn stop(self) {
        self.handle.stop();
        self.thread.join().unwrap().unwrap();
    }
}

fn package() -> Arc<PackageFile> {
    Arc::new(PackageFile::open(UPDATE.as_ref(), "update.gz".parse().unwrap()).unwrap())
}

/// One that no connection takes at once, and its content. The file is open, so
/// that it needs no name any more.
fn large_package() -> (Arc<PackageFile>, Vec<u8>) {
    let (directory, payload) = (Directory::new(), bytes(MORE_THAN_BUFFERS));
    let path = directory.write("payload.bin", &payload);
    (Arc::new(PackageFile::open(&path, "update.gz".parse().unwrap()).unwrap()), payload)
}

fn offer(codebase: Codebase) -> Update {
    Update::from_packages(OFFERED.parse().unwrap(), codebase, &[package()])
}

fn bind(updater: impl Updater + 'static) -> Server {
    Server::bind(&"localhost:0".parse().unwrap(), updater).unwrap()
}

#[test]
fn a_server_in_a_few_lines() {
    let updater = TrivialUpdater::new(offer(Codebase::default()));
    let running = Running::new(bind(updater).with_packages([package()]));
    let answer = update(running.address, &fixture("check-older"));
    assert!(answer.offers());
    assert!(!update(running.address, &fixture("check-equal")).offers());
    let content = get(running.address, "/packages/update.gz", &[]);
    answer.manifest().packages[0].verify(&content.body[..]).unwrap();
    let address = running.address;
    running.stop();
    until("the port is closed", || TcpStream::connect(address).err());
}

#[test]
fn another_update_is_offered_while_it_runs() {
    let updater = TrivialUpdater::new(offer(Codebase::default()));
    let offered = updater.handle();
    let running = Running::new(bind(updater).with_packages([package()]));
    assert!(!update(running.address, &fixture("check-equal")).offers());
    let version = "9999.0.0".parse().unwrap();
    offered.set_update(Update::from_packages(version, Codebase::default(), &[package()]));
    let answer = update(running.address, &fixture("check-equal"));
    assert_eq!(answer.manifest().version.as_str(), "9999.0.0");
    running.stop();
}

/// A release of a board, and its package in the folder that its codebase names.
fn release(packages: &mut Packages, board: &str, version: &str) -> Release {
    let codebase: Codebase = format!("/packages/{board}/{version}/").parse().unwrap();
    let package = package();
    packages.add(&codebase, Arc::clone(&package));
    Release::new(board, Update::from_packages(version.parse().unwrap(), codebase, [&package]))
}

/// The fixture's request, from a machine with this board.
fn check_of_board(board: &str) -> Vec<u8> {
    let mut request = Request::read(&fixture("check-older")[..]).unwrap();
    request.apps[0].board = board.to_owned();
    request.to_xml().into_bytes()
}

#[test]
fn each_board_has_its_packages_and_they_change_while_it_runs() {
    let mut packages = Packages::new();
    let releases = ["amd64-usr", "arm64-usr"].map(|b| release(&mut packages, b, OFFERED));
    let catalog = Catalog::new(releases);
    let releases = catalog.handle();
    let server = bind(catalog);
    let served = server.packages();
    served.set_packages(packages);
    let running = Running::new(server);
    let fetch = |board: &str, version: &str| {
        let answer = update(running.address, &check_of_board(board));
        let path = format!("/packages/{board}/{version}/");
        assert_eq!(answer.codebase(), format!("http://update.test:8000{path}"));
        let package = &answer.manifest().packages[0];
        let content = get(running.address, &format!("{path}{}", package.name), &[]);
        package.verify(&content.body[..]).unwrap();
    };
    fetch("amd64-usr", OFFERED);
    fetch("arm64-usr", OFFERED);
    assert!(!update(running.address, &check_of_board("riscv-usr")).offers());
    for path in
        ["/packages/update.gz", "/packages/amd64-usr/", "/packages/amd64-usr/1.0.0/update.gz"]
    {
        get(running.address, path, &[]).expect_refusal(404, "there is no package of this name");
    }

    let mut packages = Packages::new();
    releases.set_releases([release(&mut packages, "amd64-usr", "9999.0.0")]);
    served.set_packages(packages);
    fetch("amd64-usr", "9999.0.0");
    assert!(!update(running.address, &check_of_board("arm64-usr")).offers());
    let gone = get(running.address, &format!("/packages/arm64-usr/{OFFERED}/update.gz"), &[]);
    assert_eq!(gone.status(), 404);
    running.stop();
}

#[test]
fn a_download_goes_on_with_what_it_began_with() {
    let (package, payload) = large_package();
    let server = bind(TrivialUpdater::new(offer(Codebase::default()))).with_packages([package]);
    let served = server.packages();
    let running = Running::new(server);
    let mut client = Client::slow(running.address);
    client.send(request("GET", "/packages/update.gz", &[], b""));
    let head = client.read_head();
    served.set_packages(Packages::new());
    assert_eq!(get(running.address, "/packages/update.gz", &[]).status(), 404);
    assert!(client.read(head.content_length()) == payload);
    running.stop();
}

/// For programs that have an HTTP server: the same documents.
#[test]
fn a_handler_answers_as_the_server_does() {
    let updater = || TrivialUpdater::new(offer(Codebase::default()));
    let running = Running::new(bind(updater()));
    // As `update` has it in `Host`.
    let server = "http://update.test:8000";
    let mut compared = 0;
    for entry in
        std::fs::read_dir(format!("{}/fixtures/requests", env!("CARGO_MANIFEST_DIR"))).unwrap()
    {
        let document = std::fs::read(entry.unwrap().path()).unwrap();
        let Ok(request) = Request::parse(Some("text/xml"), &document[..]) else { continue };
        let mut updater = updater();
        let mut ours = OmahaHandler::new(&mut updater, server).answer(&request);
        let theirs = update(running.address, &document);
        assert_eq!(OmahaHandler::http_status(&ours), theirs.status());
        let mut theirs = theirs.response();
        // Both say what time it is.
        (ours.day_start, theirs.day_start) = (None, None);
        assert_eq!(ours, theirs);
        compared += 1;
    }
    assert!(compared > 10, "{compared}");
    running.stop();
}

#[test]
fn clients_that_connect_before_it_runs_are_served() {
    let server = bind(TrivialUpdater::new(offer(Codebase::default())));
    let address = server.address();
    let early = thread::spawn(move || update(address, &fixture("check-older")).offers());
    // The connection is made by the system alone; that is all that can be seen.
    drop(TcpStream::connect(address).unwrap());
    let running = Running::new(server);
    assert!(early.join().unwrap());
    running.stop();
}

#[test]
fn a_server_that_was_stopped_before_it_runs_ends_at_once() {
    let server = bind(TrivialUpdater::new(offer(Codebase::default())));
    let handle = server.handle();
    handle.stop();
    handle.clone().stop();
    server.run().unwrap();
    handle.stop();
}

#[test]
fn a_stop_waits_for_a_download_as_long_as_it_is_told() {
    let (package, payload) = large_package();
    for (grace, whole) in [(Duration::from_secs(3600), true), (Duration::ZERO, false)] {
        let updater = TrivialUpdater::new(offer(Codebase::default()));
        let server = bind(updater).with_packages([Arc::clone(&package)]).with_grace(grace);
        let running = Running::new(server);
        let mut client = Client::slow(running.address);
        client.send(request("GET", "/packages/update.gz", &[], b""));
        assert_eq!(client.read_head().content_length(), payload.len());
        running.handle.stop();
        if whole {
            until("the port is closed", || TcpStream::connect(running.address).err());
            assert!(!running.thread.is_finished());
            assert!(client.read(payload.len()) == payload);
        }
        running.stop();
    }
}

#[test]
fn packages_elsewhere() {
    let codebase: Codebase = "https://mirror.example/os".parse().unwrap();
    let running = Running::new(bind(TrivialUpdater::new(offer(codebase))));
    let answer = update(running.address, &fixture("check-older"));
    assert_eq!(answer.codebase(), "https://mirror.example/os/");
    assert_eq!(get(running.address, "/packages/update.gz", &[]).status(), 404);
    running.stop();
}

#[test]
fn an_update_for_some_machines_only() {
    let mut some = offer(Codebase::default());
    some.app_id = Some(common::APP.to_owned());
    some.previous_version = Some("4081.3.6".parse().unwrap());
    let running = Running::new(bind(TrivialUpdater::new(some)));
    assert!(update(running.address, &fixture("check-older")).offers());
    assert!(!update(running.address, &fixture("four-part")).offers(), "another version");
    assert!(!update(running.address, &fixture("update-engine-full")).offers(), "another app");
    running.stop();
}

/// Decides nothing while another thread holds the lock.
struct Stuck {
    entered: Arc<AtomicBool>,
    lock: Arc<Mutex<()>>,
}

impl Updater for Stuck {
    fn check_update(&mut self, _: &Request, _: &App) -> Result<Decision, UpdaterError> {
        self.entered.store(true, Ordering::Release);
        let _held = self.lock.lock();
        Ok(Decision::none(Reason::UpToDate))
    }
}

#[test]
fn a_stuck_updater_stops_the_heartbeat_and_no_download() {
    let (entered, lock) = (Arc::<AtomicBool>::default(), Arc::<Mutex<()>>::default());
    let beats = Arc::<AtomicUsize>::default();
    let (package, payload) = large_package();
    let server = bind(Stuck { entered: Arc::clone(&entered), lock: Arc::clone(&lock) })
        .with_packages([package])
        .with_heartbeat(Duration::from_millis(1), {
            let beats = Arc::clone(&beats);
            move |_| {
                beats.fetch_add(1, Ordering::Relaxed);
            }
        });
    let running = Running::new(server);
    let beats = || beats.load(Ordering::Relaxed);

    let address = running.address;
    let mut downloading = Client::slow(address);
    downloading.send(request("GET", "/packages/update.gz", &[], b""));
    assert_eq!(downloading.read_head().content_length(), payload.len());
    let held = lock.lock().unwrap();
    let asking = thread::spawn(move || update(address, &fixture("check-older")).status());
    until("the updater is asked", || entered.load(Ordering::Acquire).then_some(()));
    let before = beats();
    assert!(downloading.read(payload.len()) == payload);
    // A hundred beats' time, of which one may have been under way.
    thread::sleep(Duration::from_millis(100));
    assert!(beats() <= before + 1, "it beats although it is stuck");
    drop(held);
    until("it beats again", || (beats() > before + 1).then_some(()));
    assert_eq!(asking.join().unwrap(), 200);
    running.stop();
}

/// Whatever a program sets, the server serves and stops.
#[test]
fn intervals_and_limits_at_their_ends() {
    for every in [Duration::ZERO, Duration::MAX] {
        for idle_timeout in [Duration::ZERO, Duration::MAX] {
            let beats = Arc::<AtomicUsize>::default();
            let limits = Limits::default()
                .with_idle_timeout(idle_timeout)
                .with_min_rate(u64::MAX)
                .with_max_connections(usize::MAX);
            let server = bind(TrivialUpdater::new(offer(Codebase::default())))
                .with_limits(limits)
                .with_grace(Duration::MAX)
                .with_heartbeat(every, {
                    let beats = Arc::clone(&beats);
                    move |_| {
                        beats.fetch_add(1, Ordering::Relaxed);
                    }
                });
            let running = Running::new(server);
            assert!(update(running.address, &fixture("check-older")).offers());
            until("it beats", || (beats.load(Ordering::Relaxed) > 0).then_some(()));
            running.stop();
        }
    }
}

/// Decides by the version that a machine reports, and remembers what it is
/// told.
#[derive(Default)]
struct Moody {
    told: Arc<Mutex<Vec<String>>>,
}

impl Moody {
    fn tell(&self, what: String) {
        self.told.lock().unwrap().push(what);
    }
}

impl Updater for Moody {
    fn check_app(&mut self, _: &Request, app: &App) -> Result<(), UpdaterError> {
        match app.version.as_str() {
            "9999.0.0" => Err(UpdaterError::App(AppStatus::Restricted)),
            _ => Ok(()),
        }
    }

    fn check_update(&mut self, _: &Request, app: &App) -> Result<Decision, UpdaterError> {
        match app.version.as_str() {
            "4152.2.0" => panic!("on purpose, by a test"),
            "1.3.23.0" => Err(UpdaterError::Update(UpdateStatus::HardwareNotSupported)),
            "ForcedUpdate" => Err(UpdaterError::Internal("out of order".into())),
            _ => Ok(Decision::none(Reason::from("change freeze"))),
        }
    }

    fn event(&mut self, _: &Request, app: &App, event: &Event) {
        self.tell(format!("{} {} {}", app.machine_id, event.event_type, event.result));
    }

    fn ping(&mut self, request: &Request, app: &App) {
        let os = request.os.as_ref().unwrap();
        self.tell(format!("{} on {} is alive", app.machine_id, os.platform));
    }
}

#[test]
fn an_updater_of_ones_own() {
    let moody = Moody::default();
    let told = Arc::clone(&moody.told);
    let running = Running::new(bind(moody));
    let status = |name: &str| {
        let answer = update(running.address, &fixture(name));
        let app = answer.response().apps.remove(0);
        (answer.status(), app.status, app.update_check.map(|check| check.status))
    };
    let fine = AppStatus::Ok;
    assert_eq!(status("check-newer"), (200, fine.clone(), Some(UpdateStatus::NoUpdate)));
    let unsupported = Some(UpdateStatus::HardwareNotSupported);
    assert_eq!(status("four-part"), (200, fine.clone(), unsupported));
    assert_eq!(status("forced-update"), (200, fine.clone(), Some(UpdateStatus::Internal)));

    // One application is refused, the other is not.
    let apps = update(running.address, &fixture("two-apps")).response().apps;
    assert_eq!((&apps[0].status, &apps[1].status), (&fine, &AppStatus::Restricted));
    assert!(apps[1].update_check.is_none() && apps[1].ping.is_none());

    // It may even panic, without harm to the server.
    update(running.address, &fixture("check-equal")).expect_refusal(500, "the server failed");

    told.lock().unwrap().clear();
    assert_eq!(status("ping-only"), (200, fine.clone(), None));
    assert_eq!(status("download-started"), (200, fine, None));
    let machine = "c0ffee5e1f3b4d2a9c7e80b1d2a3f405";
    let expected = [
        format!("{machine} on CoreOS is alive"),
        format!("{machine} update download started success"),
    ];
    assert_eq!(*told.lock().unwrap(), expected);
    running.stop();
}

#[test]
fn an_observer_is_told_everything() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let observer = {
        let told = Arc::clone(&told);
        move |activity: &Activity<'_>| {
            let what = match activity {
                Activity::Checked { offered: Some(version), reason, .. } => {
                    format!("offered {version}: {}", reason.as_str())
                }
                Activity::Checked { reason, .. } => format!("not offered: {}", reason.as_str()),
                Activity::Pinged { machine, .. } => format!("alive: {}", machine.alias),
                Activity::Reported { event, .. } => format!("event: {}", event.event_type),
                Activity::DownloadStarted(download) => format!("started: {:?}", download.range),
                Activity::DownloadFinished { download, .. } => {
                    format!("finished: {}", download.package)
                }
                Activity::Refused { status, request, .. } => format!("refused: {status} {request}"),
                other => format!("{other:?}"),
            };
            told.lock().unwrap().push(what);
        }
    };
    let updater = TrivialUpdater::new(offer(Codebase::default()));
    let server = bind(updater).with_packages([package()]).with_observer(observer);
    let running = Running::new(server);
    for name in ["check-older", "check-equal", "ping-only", "truncated"] {
        update(running.address, &fixture(name));
    }
    get(running.address, "/packages/update.gz", &[("Range", "bytes=7-9")]);
    running.stop();
    assert_eq!(
        *told.lock().unwrap(),
        [
            "offered 4152.2.0: older",
            "event: update complete",
            "not offered: up-to-date",
            "alive: rack-2-node-7",
            "refused: 400 POST /v1/update/",
            "started: 7..10",
            "finished: update.gz",
        ]
    );
}

#[test]
fn a_payload_is_read_while_it_is_hashed() {
    use omaha::payload::{Kind, Payload, PublicKey};

    let key = std::fs::read_to_string(common::payload::GOOD_KEY).unwrap();
    let key = PublicKey::from_pem(&key).unwrap();
    let opened =
        PackageFile::open_payload(UPDATE.as_ref(), "update.gz".parse().unwrap(), &|_| {}).unwrap();
    let mut file = std::fs::File::open(UPDATE).unwrap();
    let payload = Payload::read(&mut file).unwrap();
    let verified = payload.verify(file, |_| {}).unwrap();
    assert_eq!(opened.payload, payload);
    assert_eq!(*opened.package.digests(), verified.digests);
    assert_eq!(opened.signed_digest, verified.signed_digest);
    assert!(
        opened.signatures.matching(&key, &opened.signed_digest).is_accepted(Kind::OperatingSystem)
    );

    let error =
        PackageFile::open_payload("README.md".as_ref(), "update.gz".parse().unwrap(), &|_| {});
    let error = error.unwrap_err();
    assert!(error.payload().is_some(), "{error}");
    assert_eq!(error.to_string(), "\"README.md\": it is a text, not an update payload");
}
