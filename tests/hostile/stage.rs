//! An attack on stage: the server, its honest clients, and what must hold.

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::http::{Client, update_request};
use crate::common::payload::Directory;
use crate::common::server::{Server, binary};
use crate::common::{OFFERED, PATIENCE, fixture, until};
use crate::honest::{Checker, Checks, Downloader, package};
use crate::scale;
use crate::usage::{Mib, Threads, Usage, peak, reset_peak};

/// The server's limit of connections, unless a flag says otherwise. Above it,
/// it lets idle ones go.
const MAX_CONNECTIONS: usize = 1000;

/// Enough for every part of the server to have had some of them.
const LEAST_WARM: usize = 50;

/// One that answers, one that sends packages, the log's writer, and one that
/// waits for signals.
pub const THREADS: usize = 4;

/// Longer than the server waits before it gives memory back.
const CALM: Duration = Duration::from_secs(7);

/// A server to attack.
pub struct Stage {
    pub server: Server,
    max_connections: usize,
    may_shed: bool,
    _directory: Directory,
    /// Attacks go one after another: each is measured.
    _turn: MutexGuard<'static, ()>,
}

/// What is known of an attack when it is over.
pub struct Report {
    /// Highest resident memory, in KiB.
    pub peak: usize,
    /// Lines of the log.
    pub lines: Vec<String>,
}

impl Stage {
    /// Serves the package, with these flags besides.
    pub fn new(flags: &[&str]) -> Self {
        Self::through(&[], flags)
    }

    /// The same through a command that runs the rest of its arguments.
    pub fn through(wrapper: &[&str], flags: &[&str]) -> Self {
        static TURN: Mutex<()> = Mutex::new(());
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let directory = Directory::new();
        let file = directory.write("package.gz", package());
        let mut words = wrapper.iter().map(Into::into).chain([binary()]);
        let mut command = std::process::Command::new(words.next().unwrap());
        command.args(words).args(["--listen-address", "127.0.0.1:0"]);
        command.args(["--skip-payload-check", "--package-file"]);
        command.arg(file).args(["--package-version", OFFERED]).args(flags);
        let server = Server::spawn(command);
        let max_connections = flags.iter().skip_while(|flag| **flag != "--max-connections").nth(1);
        let max_connections = max_connections.map_or(MAX_CONNECTIONS, |text| text.parse().unwrap());
        Self { server, max_connections, may_shed: false, _directory: directory, _turn: turn }
    }

    /// The house is so full that an honest client may be shown the door, if it
    /// only gets its answer in time when it comes again at once.
    pub fn that_may_shed(mut self) -> Self {
        self.may_shed = true;
        self
    }

    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Plays an attack of so many connections at once.
    pub fn play(&self, name: &str, connections: usize, attack: impl FnOnce(SocketAddr)) -> Report {
        let (pid, address) = (self.server.pid(), self.address());
        let before = self.warm_up(connections);
        reset_peak(pid);
        let (checker, downloader) = (Checker::start(address), Downloader::start(address));
        let (checked, received) = (checker.answered(), downloader.received());

        let threads = Threads::watch(pid);
        let begun = Instant::now();
        attack(address);
        let took = begun.elapsed();
        if !scale::is_full() {
            // A small attack may be over before anything else was to happen.
            until("a check and a part of the download", || {
                let both = checker.answered() > checked && downloader.received() > received;
                both.then_some(())
            });
        }
        let checked = checker.answered() - checked;
        let received = downloader.received() - received;
        let checks = checker.stop();
        downloader.finish();
        let threads = threads.most();
        let peak = peak(pid);
        let after = self.settle(&before);
        row(name, connections, took, &checks, peak, &before, &after);

        assert_eq!(threads, THREADS, "{name}");
        assert!(checked > 0, "{name}: no check was answered");
        assert!(received > 0, "{name}: the download stood still");
        assert!(checks.retries == 0 || self.may_shed, "{name}: checks were tried in vain");
        let limit = scale::check_limit();
        assert!(checks.slowest <= limit, "{name}: a check took {:?}", checks.slowest);
        assert!(checks.slowest_connect <= limit * 5, "{name}: {:?}", checks.slowest_connect);
        assert!(after.is_back_at(&before), "{name}: before {before}, after {after}");
        Report { peak, lines: self.server.lines() }
    }

    /// Ordinary traffic with as many connections at once as the attack has, so
    /// that what the server keeps for the next time is there.
    fn warm_up(&self, connections: usize) -> Usage {
        let pid = self.server.pid();
        let request = update_request(&fixture("check-older"));
        // With the first download, the memory for it is there.
        let mut first = Client::connect(self.address());
        first.send(&request);
        assert!(first.read_answer("POST").offers());
        first.send("GET /packages/update.gz HTTP/1.1\r\nHost: a\r\nRange: bytes=0-3\r\n\r\n");
        assert_eq!(first.read_answer("GET").status(), 206);
        let descriptors = Usage::of(pid).descriptors - 1;
        drop(first);

        let number = connections.max(LEAST_WARM).min(self.max_connections * 9 / 10);
        let mut clients: Vec<_> = (0..number).map(|_| Client::connect(self.address())).collect();
        for client in &mut clients {
            client.send(&request);
        }
        for client in &mut clients {
            assert!(client.read_answer("POST").offers());
        }
        drop(clients);
        let deadline = Instant::now() + PATIENCE;
        while Usage::of(pid).descriptors > descriptors {
            assert!(Instant::now() < deadline, "honest connections remain");
            thread::sleep(Duration::from_millis(20));
        }
        let mut usage = Usage::of(pid);
        // At the small scale there is no time for it, and what is given back
        // later is counted as if it were used.
        while scale::is_full() {
            thread::sleep(CALM);
            let later = Usage::of(pid);
            if later.memory >= usage.memory {
                break;
            }
            usage = later;
        }
        usage
    }

    /// Waits until the server holds no more than before, or long enough.
    fn settle(&self, before: &Usage) -> Usage {
        let deadline = Instant::now() + scale::RIDDANCE;
        loop {
            let now = Usage::of(self.server.pid());
            if now.is_back_at(before) || Instant::now() > deadline {
                return now;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// A row of the table.
fn row(
    name: &str,
    connections: usize,
    took: Duration,
    checks: &Checks,
    peak: usize,
    before: &Usage,
    after: &Usage,
) {
    static HEADER: Once = Once::new();
    HEADER.call_once(|| {
        println!(
            "\n| attack | connections at once | time | checks | slowest | to connect | tries in vain \
             | peak memory | memory / threads / descriptors before | after |\n\
             | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
        );
    });
    let Checks { answered, retries, slowest, slowest_connect } = checks;
    println!(
        "| {name} | {connections} | {:.1} s | {answered} | {} ms | {} ms | {retries} | {} | {before} | {after} |",
        took.as_secs_f64(),
        slowest.as_millis(),
        slowest_connect.as_millis(),
        Mib(peak),
    );
}
