//! Connections that send nothing, or next to nothing.

use crate::crowd::Crowd;
use crate::scale::{self, RIDDANCE, sized};
use crate::stage::Stage;

fn nothing(_: usize) -> Vec<u8> {
    Vec::new()
}

/// Twice as many connections as the server takes, which come back at once when
/// they are ended.
#[test]
fn connections_that_send_nothing() {
    let flags = sized(&["--idle-timeout", "2s", "--max-connections", "200"][..], &[]);
    let stage = Stage::new(flags).that_may_shed();
    let number = sized(400, 2000);
    let report = stage.play("1. connections that send nothing", number, |server| {
        let mut crowd = Crowd::of(server, number, nothing);
        crowd.keep_up(number, scale::duration(), nothing);
        crowd.linger(RIDDANCE, b"");
    });
    let said = report.lines.iter().filter(|line| line.contains("connection ended")).count();
    assert!(said < 100, "{said} lines");
}

#[test]
fn heads_that_drip() {
    let stage = Stage::new(sized(&["--idle-timeout", "2s"][..], &[]));
    let number = sized(200, 500);
    let begin = |_| b"GET /packages/update.gz HTTP/1.1\r\nX: ".to_vec();
    stage.play("2. heads that drip, a byte a second", number, |server| {
        Crowd::of(server, number, begin).linger(RIDDANCE, b"x");
    });
}
