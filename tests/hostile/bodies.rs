//! Bodies that are announced and do not come.

use crate::crowd::Crowd;
use crate::scale::{self, RIDDANCE, is_full, sized};
use crate::stage::Stage;

/// What is announced: 2 KB, 64 KiB, 100 GB, 2^63, 2^64 - 1, one more, negative,
/// not a number.
const LENGTHS: [&str; 9] = [
    "2048",
    "65536",
    "100000000000",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "-5",
    "many",
    "600",
];

fn announce(length: &str) -> Vec<u8> {
    format!("POST /v1/update/ HTTP/1.1\r\nHost: a.test\r\nContent-Length: {length}\r\n\r\n").into()
}

fn announced(number: usize) -> Vec<u8> {
    announce(LENGTHS[number % LENGTHS.len()])
}

/// The server gets rid of them by itself, which takes its minute; at the small
/// scale they go before that.
fn hold(mut crowd: Crowd, drip: &[u8]) {
    if is_full() {
        crowd.linger(RIDDANCE, drip);
    } else {
        crowd.keep_up(0, scale::duration(), |_| Vec::new());
    }
}

#[test]
fn bodies_that_are_withheld() {
    let stage = Stage::new(&[]);
    let number = sized(100, 200);
    stage.play("3. bodies that are announced and withheld", number, |server| {
        hold(Crowd::of(server, number, announced), b"");
    });
}

#[test]
fn bodies_that_drip() {
    let stage = Stage::new(&[]);
    let number = sized(100, 200);
    stage.play("3. bodies that drip, a byte a second", number, |server| {
        hold(Crowd::of(server, number, announced), b"x");
    });
}

/// As many as there are connections, and more. They are not idle, and still
/// they must make room.
#[test]
fn a_house_full_of_bodies() {
    let stage = Stage::new(sized(&["--max-connections", "100"][..], &[])).that_may_shed();
    let number = sized(150, 1500);
    stage.play("3. more withheld bodies than connections", number, |server| {
        let begin = |_| announce("900");
        let mut crowd = Crowd::of(server, number, begin);
        crowd.keep_up(number, scale::duration(), begin);
    });
}
