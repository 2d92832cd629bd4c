//! Descriptors and threads run out.

use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};

use crate::common::http::update_request;
use crate::common::{fixture, until};
use crate::crowd::Crowd;
use crate::honest::check;
use crate::scale;
use crate::stage::Stage;

/// More than the limits below allow.
const CROWD: usize = 200;

/// How soon a check is answered once the pressure has ended.
const RECOVERY: Duration = Duration::from_secs(2);

fn silence(_: usize) -> Vec<u8> {
    Vec::new()
}

/// The pressure ends, and soon a check is answered, at the first try.
fn expect_recovery(stage: &Stage, crowd: Crowd) {
    let request = update_request(&fixture("check-older"));
    drop(crowd);
    let ended = Instant::now();
    until("a check after the pressure", || check(stage.address(), &request).ok());
    let took = ended.elapsed();
    println!("answered {} ms after the pressure", took.as_millis());
    assert!(took <= RECOVERY.max(scale::check_limit()), "{took:?}");
    check(stage.address(), &request).unwrap();
}

/// The limit is known from the start, and the server keeps below it.
#[test]
fn few_descriptors() {
    let stage = Stage::through(
        &["sh", "-c", "ulimit -n 64; exec \"$0\" \"$@\""],
        &["--max-connections", "10"],
    );
    let most = 64;
    let stage = stage.that_may_shed();
    stage.play("10. `ulimit -n 64` and idle connections", CROWD, |server| {
        let mut crowd = Crowd::of(server, CROWD, silence);
        crowd.keep_up(CROWD, scale::duration(), silence);
        let descriptors = crate::usage::Usage::of(stage.server.pid()).descriptors;
        assert!(descriptors <= most, "{descriptors} descriptors");
        expect_recovery(&stage, crowd);
    });
}

/// The limit comes while the server runs, and below what it uses: accepting
/// fails.
#[test]
fn descriptors_that_run_out() {
    let stage = Stage::new(&[]);
    let request = update_request(&fixture("check-older"));
    check(stage.address(), &request).unwrap();
    let pid = Pid::from_raw(i32::try_from(stage.server.pid()).unwrap());
    let few = Rlimit { current: Some(40), ..getrlimit(Resource::Nofile) };
    let before = prlimit(pid, Resource::Nofile, few).unwrap();

    let mut crowd = Crowd::of(stage.address(), CROWD, silence);
    crowd.keep_up(CROWD, scale::duration(), silence);
    stage.server.wait_for_line("a connection could not be accepted: ");
    expect_recovery(&stage, crowd);

    prlimit(pid, Resource::Nofile, before).unwrap();
    check(stage.address(), &request).unwrap();
}

/// A large body of which nothing comes; somebody has to wait for it.
fn withheld_body(_: usize) -> Vec<u8> {
    b"POST /v1/update/ HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n".to_vec()
}

/// Accepting works, and the thread for a slow client cannot be had.
#[test]
fn threads_that_run_out() {
    // `RLIMIT_NPROC` counts what a user has, and does not bind root: so it is
    // a user that nobody is, or, for others, a user namespace of its own.
    let wrapper = if rustix::process::geteuid().is_root() {
        "exec prlimit --nproc=25 setpriv --reuid 54321 --regid 54321 --clear-groups \"$0\" \"$@\""
    } else {
        "exec unshare --user prlimit --nproc=25 \"$0\" \"$@\""
    };
    let stage = Stage::through(&["sh", "-c", wrapper], &[]);
    let mut crowd = Crowd::of(stage.address(), CROWD, withheld_body);
    crowd.keep_up(CROWD, scale::duration(), withheld_body);
    // If this does not come, the limit is none here, and nothing is shown.
    stage.server.wait_for_line("there is no thread for a slow client");
    expect_recovery(&stage, crowd);
}
