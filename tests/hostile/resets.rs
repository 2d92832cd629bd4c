//! Clients that connect and reset the connection.

use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use rustix::net::sockopt::set_socket_linger;

use crate::scale::sized;
use crate::stage::Stage;

#[test]
fn connections_that_are_reset() {
    const CLIENTS: usize = 4;
    let stage = Stage::new(&[]);
    let each = sized(500, 5000);
    let report = stage.play("7. connect, then reset, in a loop", CLIENTS, |server| {
        thread::scope(|scope| {
            for client in 0..CLIENTS {
                scope.spawn(move || {
                    for number in 0..each {
                        let Ok(stream) = TcpStream::connect(server) else { continue };
                        // Some say something first.
                        if (client + number) % 3 == 0 {
                            let _ = std::io::Write::write(&mut &stream, b"GET / HTTP/1.1\r\n");
                        }
                        set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
                    }
                });
            }
        });
    });
    let panics = report.lines.iter().filter(|line| line.contains("panic")).count();
    assert_eq!(panics, 0, "{:#?}", report.lines);
}
