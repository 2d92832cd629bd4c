//! Heads without end.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::scale;
use crate::stage::Stage;

/// Resident memory, in KiB.
const MEMORY: usize = 64 * 1024;

/// What a head begins with, and what follows again and again.
const ENDLESS: [(&str, &str); 4] = [
    ("GET /", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
    ("GET / HTTP/1.1\r\nX: ", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
    ("GET / HTTP/1.1\r\n", "X: y\r\n"),
    ("GET / HTTP/1.1\r\n", "Host: update.test\r\n"),
];

#[test]
fn heads_without_end() {
    const CONNECTIONS: usize = 10;
    let stage = Stage::new(&[]);
    let report = stage.play("4. heads without end, at full speed", CONNECTIONS, |server| {
        let end = Instant::now() + scale::duration();
        thread::scope(|scope| {
            for number in 0..CONNECTIONS {
                let (start, more) = ENDLESS[number % ENDLESS.len()];
                scope.spawn(move || send_for_ever(server, start, more, end));
            }
        });
    });
    assert!(report.peak < MEMORY, "{} KiB", report.peak);
}

/// Sends a head until the end, on a new connection whenever one is cut.
fn send_for_ever(server: SocketAddr, start: &str, more: &str, end: Instant) {
    let more = more.repeat(1000);
    while Instant::now() < end {
        let Ok(mut stream) = TcpStream::connect(server) else { continue };
        stream.set_write_timeout(Some(Duration::from_secs(1))).unwrap();
        let mut words = start;
        while Instant::now() < end && stream.write_all(words.as_bytes()).is_ok() {
            words = &more;
        }
    }
}
