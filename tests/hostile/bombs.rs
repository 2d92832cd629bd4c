//! Documents that are made to be expensive. What each costs is the matter of
//! `tests/xml_limits`; here they come again and again, from many clients.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use crate::common::http::{Client, update_request};
use crate::documents;
use crate::scale::{self, sized};
use crate::stage::Stage;

#[test]
fn documents_that_are_bombs() {
    let stage = Stage::new(&[]);
    let clients = sized(10, 30);
    let bombs: Vec<_> = documents::documents()
        .into_iter()
        .map(|(name, bomb)| (name, update_request(&bomb)))
        .collect();
    stage.play("9. XML bombs of 64 KiB, in a loop", clients, |server| {
        let end = Instant::now() + scale::duration();
        thread::scope(|scope| {
            for client in 0..clients {
                let bombs = &bombs;
                scope.spawn(move || {
                    let mut bombs = bombs.iter().cycle().skip(client * bombs.len() / clients);
                    while Instant::now() < end {
                        let (name, bomb) = bombs.next().unwrap();
                        throw(server, name, bomb);
                    }
                });
            }
        });
    });
}

fn throw(server: SocketAddr, name: impl std::fmt::Debug, bomb: &[u8]) {
    let mut client = Client::connect(server);
    if client.try_send(bomb).is_err() {
        return;
    }
    // Some are requests, if strange ones, and there may be too many at once.
    let answer = client.read_answer("POST");
    assert!([200, 400, 413, 503].contains(&answer.status()), "{name:?}: {answer:?}");
    // Somebody who does not even breathe would only measure how fast this is.
    thread::sleep(Duration::from_millis(1));
}
