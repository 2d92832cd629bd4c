use super::*;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener};
use std::thread;

use crate::server::limits::Violation;

const CHECK: &[u8] = b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello";
const SECOND: Duration = Duration::from_secs(1);

/// A connection, as its event loop sees it, and its client.
struct Pair {
    connection: Connection,
    client: TcpStream,
    buffer: Vec<u8>,
}

impl Pair {
    fn new() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (socket, peer) = listener.accept().unwrap();
        let connection = Connection::new(socket, peer, Duration::ZERO);
        Self { connection, client, buffer: vec![0; 64 * 1024] }
    }

    /// What it comes to once something has happened.
    fn advance(&mut self) -> Step {
        self.connection.note_event(false);
        self.connection.advance(&mut self.buffer, SECOND).unwrap()
    }

    /// What it comes to, as soon as that is no longer to wait.
    fn until_ready(&mut self) -> Step {
        loop {
            match self.advance() {
                Step::Wait => thread::yield_now(),
                step => return step,
            }
        }
    }

    fn request(&mut self) -> WholeRequest {
        match self.until_ready() {
            Step::Request(request) => request,
            other => panic!("{other:?}"),
        }
    }

    fn respond(&mut self, bytes: &[u8], persistence: Persistence) {
        self.connection.respond(bytes.to_vec(), persistence, SECOND);
    }
}

#[test]
fn a_response_that_does_not_fit_goes_on_when_there_is_room() {
    let mut pair = Pair::new();
    let large = vec![7; 16 * 1024 * 1024];
    pair.client.write_all(&[CHECK, CHECK].concat()).unwrap();
    pair.request();
    pair.respond(&large, Persistence::KeepAlive);
    assert!(matches!(pair.advance(), Step::Wait));
    assert_eq!(pair.connection.phase(), Phase::Answering);
    let mut client = pair.client.try_clone().unwrap();
    let reader = thread::spawn(move || {
        let mut received = vec![0; 16 * 1024 * 1024];
        client.read_exact(&mut received).unwrap();
        received
    });
    // The next request has its turn only then.
    pair.request();
    assert!(reader.join().unwrap() == large);
}

#[test]
fn what_ends_early() {
    for (length, refused) in [(0, false), (1, false), (20, false), (CHECK.len() - 1, true)] {
        let mut pair = Pair::new();
        pair.client.write_all(&CHECK[..length]).unwrap();
        pair.client.shutdown(Shutdown::Write).unwrap();
        match pair.until_ready() {
            Step::Refused(refusal) => {
                assert!(refused && refusal.reason.contains("shorter"), "{length}: {refusal:?}");
            }
            Step::Close => assert!(!refused, "{length}"),
            other => panic!("{length}: {other:?}"),
        }
    }
}

#[test]
fn a_client_that_sends_what_nobody_wants_can_read_its_response() {
    let mut pair = Pair::new();
    pair.client.write_all(b"nonsense\r\n").unwrap();
    assert!(matches!(pair.until_ready(), Step::Refused(_)));
    pair.respond(b"no", Persistence::Close);
    assert!(matches!(pair.advance(), Step::Wait));
    assert_eq!(pair.connection.phase(), Phase::Closing);
    let more = vec![7; 4 * 1024 * 1024];
    let mut client = pair.client.try_clone().unwrap();
    let writer = thread::spawn(move || {
        client.write_all(&more).unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        answer
    });
    while !matches!(pair.advance(), Step::Close) {}
    assert_eq!(writer.join().unwrap(), b"no");
    let long = pair.connection.judge(SECOND, &Limits::default());
    assert_eq!(long, Verdict::Fine);
    pair.connection.unwanted *= 4;
    let long = pair.connection.judge(SECOND, &Limits::default());
    assert_eq!(long, Verdict::Violates(Violation::LongBody));
}

#[test]
fn an_end_that_was_told_is_found() {
    let mut pair = Pair::new();
    pair.client.write_all(CHECK).unwrap();
    pair.client.shutdown(Shutdown::Write).unwrap();
    // One event for both, of which nothing is told again.
    while !matches!(rustix::io::ioctl_fionread(&pair.connection.socket), Ok(length) if length > 0) {
        thread::yield_now();
    }
    pair.connection.note_event(true);
    let step = pair.connection.advance(&mut pair.buffer, SECOND).unwrap();
    assert!(matches!(step, Step::Request(_)));
    pair.respond(b"yes", Persistence::KeepAlive);
    let step = pair.until_ready();
    assert!(matches!(step, Step::Close), "{step:?}");
}
