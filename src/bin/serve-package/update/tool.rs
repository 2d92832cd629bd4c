//! The machine's own programs, run with a bound on their time.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::deadline::Deadline;
use super::error::UpdateError;
use super::root;
use crate::format::Plain;

/// The most that is kept of what a program says, in bytes.
const MAX_OUTPUT: usize = 256 * 1024;

/// How often it is asked whether the program has ended.
const POLL: Duration = Duration::from_millis(10);

/// How long what it said is waited for after its end: something that it
/// started may hold its output open.
const OUTPUT_GRACE: Duration = Duration::from_secs(1);

/// Set by the first signal.
pub static IS_INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// What a program is for.
#[derive(Clone, Copy, Debug)]
pub enum Purpose {
    /// It leads on to the update, and is ended by a signal and by the deadline.
    Going(Option<Deadline>),
    /// It looks, or puts something back.
    Other,
}

impl Purpose {
    fn is_over(&self) -> bool {
        let Self::Going(deadline) = self else { return false };
        IS_INTERRUPTED.load(Ordering::Relaxed)
            || deadline.as_ref().is_some_and(Deadline::has_passed)
    }
}

/// Runs a program that must succeed: what it said on standard output.
///
/// # Errors
///
/// When it cannot be started, fails, or takes longer than it may. Then it is
/// killed.
pub fn run(
    program: &str,
    arguments: &[&str],
    time: Duration,
    purpose: Purpose,
) -> Result<String, UpdateError> {
    let fail = |problem: &str| {
        let command = [&[program], arguments].concat().join(" ");
        UpdateError::from(format!("`{command}` {problem}"))
    };
    let start_failed = |error| fail(&format!("cannot be run: {}", Plain(&error)));
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // Ctrl-C on the terminal is for this program, which stops the other.
        .process_group(0)
        .spawn()
        .map_err(start_failed)?;
    let output = collect(child.stdout.take().map(OwnedFd::from));
    let error = collect(child.stderr.take().map(OwnedFd::from));
    let (started, time) = (Instant::now(), root::at_most(time));
    let status = loop {
        let problem = match child.try_wait() {
            Ok(Some(status)) => break status,
            Err(error) => start_failed(error),
            Ok(None) if started.elapsed() >= time => {
                fail(&format!("did not end within {} s", time.as_secs()))
            }
            Ok(None) if purpose.is_over() => fail("was interrupted"),
            Ok(None) => {
                thread::sleep(POLL);
                continue;
            }
        };
        end(&mut child);
        return Err(problem);
    };
    let output = text(output);
    if status.success() {
        return Ok(output);
    }
    let error = text(error);
    let said = last_line(if error.trim().is_empty() { &output } else { &error });
    Err(fail(&if said.is_empty() {
        format!("failed: {status}")
    } else {
        format!("failed ({status}): {said:?}")
    }))
}

/// A program that ended well, and said something else than it should.
pub fn nonsense(command: &str, said: &str) -> UpdateError {
    let said: String = said.chars().take(100).collect();
    UpdateError::from(format!("`{command}` says {said:?}, which is not understood"))
}

/// Reads a stream on a thread, so that a program never waits for its reader.
fn collect(stream: Option<OwnedFd>) -> Option<JoinHandle<Vec<u8>>> {
    let mut stream = File::from(stream?);
    Some(thread::spawn(move || {
        let (mut kept, mut buffer) = (Vec::new(), [0; 4096]);
        // What was read before an error is better than nothing.
        while let Ok(length @ 1..) = stream.read(&mut buffer) {
            if kept.len() < MAX_OUTPUT {
                kept.extend_from_slice(&buffer[..length]);
            }
        }
        kept.truncate(MAX_OUTPUT);
        kept
    }))
}

/// What was read, unless something still holds the stream open.
fn text(reader: Option<JoinHandle<Vec<u8>>>) -> String {
    let asked = Instant::now();
    let bytes = reader.and_then(|reader| {
        while !reader.is_finished() && asked.elapsed() < OUTPUT_GRACE {
            thread::sleep(POLL);
        }
        if reader.is_finished() { reader.join().ok() } else { None }
    });
    String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()
}

/// Kills a program that takes too long.
fn end(child: &mut Child) {
    // It may just have ended by itself.
    let _ = child.kill();
    let _ = child.wait();
}

fn last_line(text: &str) -> &str {
    text.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, time: Duration) -> Result<String, String> {
        run("sh", &["-c", script], time, Purpose::Other).map_err(|error| error.to_string())
    }

    const TIME: Duration = Duration::from_secs(60);

    #[test]
    fn what_programs_do() {
        assert_eq!(sh("echo a b", TIME).unwrap(), "a b\n");
        let failed = sh("echo why >&2; exit 3", TIME).unwrap_err();
        assert!(failed.ends_with("failed (exit status: 3): \"why\""), "{failed}");
        let failed = sh("exit 3", TIME).unwrap_err();
        assert!(failed.ends_with("` failed: exit status: 3"), "{failed}");
        let error = run("/no/such", &[], TIME, Purpose::Other).unwrap_err().to_string();
        assert_eq!(error, "`/no/such` cannot be run: no such file");
        let slow = sh("sleep 1000", Duration::from_millis(50)).unwrap_err();
        assert_eq!(slow, "`sh -c sleep 1000` did not end within 0 s");
    }

    #[test]
    fn more_than_is_kept_does_not_block() {
        let said = sh("head -c 3000000 /dev/zero", TIME).unwrap();
        assert_eq!(said.len(), MAX_OUTPUT);
    }

    #[test]
    fn output_that_stays_open_is_not_waited_for() {
        assert!(sh("sleep 1000 & echo $! >&2", TIME).is_ok());
    }
}
