//! Answers that are not read, and requests that are sent ahead.

use std::io::{self, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::Instant;

use crate::common::fixture;
use crate::common::http::{Client, request, update_request};
use crate::crowd::Crowd;
use crate::honest::check;
use crate::scale::{self, RIDDANCE, is_full, sized};
use crate::stage::Stage;

/// The server gets rid of them by itself, which takes its minute; at the small
/// scale they go before that.
fn hold(mut crowd: Crowd) {
    if is_full() {
        crowd.linger(RIDDANCE, b"");
    } else {
        crowd.keep_up(0, scale::duration(), |_| Vec::new());
    }
}

fn fetch() -> Vec<u8> {
    request("GET", "/packages/update.gz", &[], b"")
}

#[test]
fn downloads_that_are_not_read() {
    let stage = Stage::new(&[]);
    let number = sized(100, 500);
    stage.play("5. downloads that are not read", number, |server| {
        hold(Crowd::of(server, number, |_| fetch()));
    });
}

/// Above the limit a client is asked to try again, and then succeeds.
#[test]
fn more_downloads_than_places() {
    // Three quarters of the connections may be downloads.
    const PLACES: usize = 30;
    let stage = Stage::new(&["--max-connections", "40"]);
    stage.play("5. more downloads than places", 3 * PLACES, |server| {
        let mut crowd = Crowd::of(server, 3 * PLACES, |_| fetch());
        // While they all come at once, who has not said anything yet may have
        // to make room.
        let request = update_request(&fixture("check-older"));
        crate::common::until("the crowd to be in", || check(server, &request).ok());
        let refused = || {
            let mut client = Client::connect(server);
            client.send(fetch());
            client.read_head()
        };
        crate::common::until("a refusal", || (refused().status == 503).then_some(()));
        let seconds: u64 = refused().header("Retry-After").unwrap().parse().unwrap();
        assert!((1..=60).contains(&seconds), "{seconds} s");
        crowd.keep_up(0, scale::duration(), |_| Vec::new());
        drop(crowd);
        crate::common::until("a place", || (refused().status == 200).then_some(()));
    });
}

#[test]
fn requests_sent_ahead() {
    let stage = Stage::new(&[]);
    let number = sized(20, 100);
    let requests = update_request(&fixture("check-older")).repeat(100);
    stage.play("6. 100 requests at once, answers not read", number, |server| {
        hold(Crowd::of(server, number, |_| requests.clone()));
    });
}

/// Each is a download of its own, which the other thread sends.
#[test]
fn small_downloads_without_end() {
    const CLIENTS: usize = 4;
    let stage = Stage::new(&[]);
    let request = request("GET", "/packages/update.gz", &[("Range", "bytes=0-9")], b"");
    let requests = request.repeat(500);
    stage.play("6. small downloads without end, sent ahead", CLIENTS, |server| {
        let end = Instant::now() + scale::duration();
        thread::scope(|scope| {
            for _ in 0..CLIENTS {
                let stream = TcpStream::connect(server).unwrap();
                let reading = stream.try_clone().unwrap();
                scope.spawn(move || io::copy(&mut &reading, &mut io::sink()));
                let requests = &requests;
                scope.spawn(move || {
                    while Instant::now() < end && (&stream).write_all(requests).is_ok() {}
                    let _ = stream.shutdown(Shutdown::Both);
                });
            }
        });
    });
}
