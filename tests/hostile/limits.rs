//! Descriptors and threads run out.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};

use crate::common::http::update_request;
use crate::common::server::binary;
use crate::common::{OFFERED, UPDATE, fixture, until};
use crate::crowd::Crowd;
use crate::honest::check;
use crate::scale;
use crate::stage::{Stage, THREADS};

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

/// A body of which nothing comes.
fn withheld_body(_: usize) -> Vec<u8> {
    b"POST /v1/update/ HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n".to_vec()
}

/// A command that runs the rest of its arguments with so many threads at most.
fn with_threads(number: usize) -> String {
    // `RLIMIT_NPROC` counts what a user has, and does not bind root: so it is
    // a user of its own, or, for others, a user namespace of its own.
    static USER: AtomicU32 = AtomicU32::new(54321);
    let wrapper = if rustix::process::geteuid().is_root() {
        let user = USER.fetch_add(1, Ordering::Relaxed);
        &format!("setpriv --reuid {user} --regid {user} --clear-groups")
    } else {
        "unshare --user"
    };
    format!("exec prlimit --nproc={number} {wrapper} \"$0\" \"$@\"")
}

/// There is no thread for a slow client, and it needs none.
#[test]
fn no_thread_more() {
    // The one that hashed may still count when the last one is started.
    let stage = Stage::through(&["sh", "-c", &with_threads(THREADS + 1)], &[]);
    stage.play("11. withheld bodies, and no thread more", CROWD, |server| {
        let mut crowd = Crowd::of(server, CROWD, withheld_body);
        crowd.keep_up(CROWD, scale::duration(), withheld_body);
        expect_recovery(&stage, crowd);
    });
}

/// A thread that cannot be had at the start is named.
#[test]
fn too_few_threads() {
    for number in 1..THREADS {
        let mut command = Command::new("sh");
        command.args(["-c", &with_threads(number)]).arg(binary());
        command.args(["--listen-address", "127.0.0.1:0", "--package-file", UPDATE]);
        let output = command.args(["--package-version", OFFERED]).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{number}: {error}");
        assert!(error.contains("the thread that "), "{number}: {error}");
        assert!(error.contains(" cannot be started: "), "{number}: {error}");
    }
}
