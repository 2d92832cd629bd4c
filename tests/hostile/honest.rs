//! Well-behaved clients: one that checks for updates again and again, and one
//! with a slow link that downloads the package.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::common::http::{request, update_request};
use crate::common::{PATIENCE, fixture, payload, until};

/// The package that is served here.
pub fn package() -> &'static [u8] {
    static PACKAGE: OnceLock<Vec<u8>> = OnceLock::new();
    PACKAGE.get_or_init(|| payload::bytes(32 * 1024 * 1024))
}

/// How long between two checks, and between two pieces of the download.
const PACE: Duration = Duration::from_millis(20);

/// The slow download takes this much at a time: 800 kB/s.
const PIECE: usize = 16 * 1024;

/// What came of the checks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Checks {
    pub answered: u64,
    /// Connections that were ended without an answer, so that the client had to
    /// try again. The time of a check runs meanwhile.
    pub retries: u64,
    /// From the moment at which the first connection was there.
    pub slowest: Duration,
    /// Until then. It is the system that answers this, and on a machine that
    /// opens thousands of connections to itself it takes a second now and then:
    /// a SYN that meets what is left of an earlier connection between the same
    /// ports (TIME-WAIT) may be dropped, and is sent again after that.
    pub slowest_connect: Duration,
}

/// Somebody who checks for updates until told to stop.
pub struct Checker {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    thread: JoinHandle<Checks>,
}

impl Checker {
    /// Begins, and returns when the first check was answered.
    pub fn start(server: SocketAddr) -> Self {
        let (stop, answered) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let thread = thread::spawn({
            let (stop, answered) = (Arc::clone(&stop), Arc::clone(&answered));
            move || check_until(server, &stop, &answered)
        });
        let checker = Self { stop, answered, thread };
        until("the first check", || (checker.answered() > 0).then_some(()));
        checker
    }

    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    pub fn stop(self) -> Checks {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

fn check_until(server: SocketAddr, stop: &AtomicBool, answered: &AtomicU64) -> Checks {
    let request = update_request(&fixture("check-older"));
    let mut checks = Checks::default();
    while !stop.load(Ordering::Relaxed) {
        let begun = Instant::now();
        let mut connected = None;
        while let Err(error) = try_check(server, &request, &mut connected) {
            checks.retries += 1;
            assert!(begun.elapsed() < PATIENCE, "no check was answered for too long: {error}");
            thread::sleep(Duration::from_millis(1));
        }
        let connected = connected.unwrap();
        checks.slowest = checks.slowest.max(connected.elapsed());
        checks.slowest_connect = checks.slowest_connect.max(connected - begun);
        checks.answered = answered.fetch_add(1, Ordering::Relaxed) + 1;
        thread::sleep(PACE);
    }
    checks
}

/// One check on a connection of its own.
pub fn check(server: SocketAddr, request: &[u8]) -> io::Result<()> {
    try_check(server, request, &mut None)
}

/// The same, and when there was a connection for the first time.
fn try_check(
    server: SocketAddr,
    request: &[u8],
    connected: &mut Option<Instant>,
) -> io::Result<()> {
    let mut stream = connect(server)?;
    connected.get_or_insert_with(Instant::now);
    stream.write_all(request)?;
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    // The document's last line is the end of the answer.
    while !answer.ends_with(b"</response>") && !answer.ends_with(b"</response>\n") {
        match stream.read(&mut buffer)? {
            0 => {
                let answer = String::from_utf8_lossy(&answer).into_owned();
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, answer));
            }
            read => answer.extend_from_slice(&buffer[..read]),
        }
    }
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("<updatecheck status=\"ok\">"), "{answer}");
    Ok(())
}

fn connect(server: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&server, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Somebody who downloads the package over a slow link, again and again until
/// told to hurry.
pub struct Downloader {
    hurry: Arc<AtomicBool>,
    received: Arc<AtomicU64>,
    thread: JoinHandle<()>,
}

impl Downloader {
    /// Begins, and returns when something has arrived.
    pub fn start(server: SocketAddr) -> Self {
        let (hurry, received) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let thread = thread::spawn({
            let (hurry, received) = (Arc::clone(&hurry), Arc::clone(&received));
            move || {
                while !hurry.load(Ordering::Relaxed) {
                    download(server, &hurry, &received).unwrap();
                }
            }
        });
        let downloader = Self { hurry, received, thread };
        until("the beginning of the download", || (downloader.received() > 0).then_some(()));
        downloader
    }

    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Takes the rest of the download at full speed. Every byte must be there,
    /// and right.
    pub fn finish(self) {
        self.hurry.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
    }
}

fn download(server: SocketAddr, hurry: &AtomicBool, received: &AtomicU64) -> io::Result<()> {
    let mut stream = connect(server)?;
    // What is not taken must wait on the server's side. With less than a few
    // segments, which have 64 KiB on the loopback interface, TCP crawls.
    rustix::net::sockopt::set_socket_recv_buffer_size(&stream, 128 * 1024)?;
    let headers = [("Connection", "close")];
    stream.write_all(&request("GET", "/packages/update.gz", &headers, b""))?;

    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    assert!(head.starts_with(b"HTTP/1.1 200 OK\r\n"), "{}", String::from_utf8_lossy(&head));

    let mut at = 0;
    let mut buffer = vec![0; PIECE];
    loop {
        let read = stream.read(&mut buffer)?;
        assert!(package()[at..].starts_with(&buffer[..read]), "wrong bytes after {at}");
        at += read;
        received.fetch_add(read as u64, Ordering::Relaxed);
        if read == 0 {
            break;
        }
        if !hurry.load(Ordering::Relaxed) {
            thread::sleep(PACE);
        }
    }
    assert_eq!(at, package().len(), "the download is short");
    Ok(())
}
