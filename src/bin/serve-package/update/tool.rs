//! The machine's own programs, run with a bound on their time.

use std::fmt;
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// The most that is kept of what a program says, in bytes.
const MAX_OUTPUT: u64 = 256 * 1024;

/// How often it is asked whether the program has ended.
const POLL: Duration = Duration::from_millis(10);

/// How long what it said is waited for after its end: something that it
/// started may hold its output open.
const OUTPUT_GRACE: Duration = Duration::from_secs(1);

/// What a program said, and how it ended.
#[derive(Debug)]
pub struct Said {
    pub output: String,
    pub error: String,
    pub status: ExitStatus,
}

impl Said {
    /// Its standard output, or an error when it failed.
    ///
    /// # Errors
    ///
    /// When its exit status is not 0.
    pub fn success(self, command: &str) -> Result<String, ToolError> {
        if self.status.success() {
            return Ok(self.output);
        }
        let said = if self.error.trim().is_empty() { &self.output } else { &self.error };
        let problem = Problem::Failed(self.status, last_line(said));
        Err(ToolError { command: command.to_owned(), problem })
    }
}

/// Runs a program to its end.
///
/// # Errors
///
/// When it cannot be started, or takes longer than it may. Then it is killed.
pub fn run(program: &str, arguments: &[&str], time: Duration) -> Result<Said, ToolError> {
    let command = [&[program], arguments].concat().join(" ");
    let fail = |problem| ToolError { command: command.clone(), problem };
    let mut child = Command::new(program)
        .args(arguments)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // Ctrl-C on the terminal is for this program, which stops the other.
        .process_group(0)
        .spawn()
        .map_err(|error| fail(Problem::Start(error)))?;
    let (output, error) = (collect(child.stdout.take()), collect(child.stderr.take()));
    let started = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if started.elapsed() < time => thread::sleep(POLL),
            Ok(None) => {
                end(&mut child);
                return Err(fail(Problem::Slow(time)));
            }
            Err(error) => {
                end(&mut child);
                return Err(fail(Problem::Start(error)));
            }
        }
    };
    let text = |bytes: &Receiver<Vec<u8>>| {
        let bytes = bytes.recv_timeout(OUTPUT_GRACE).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    Ok(Said { output: text(&output), error: text(&error), status })
}

/// Runs a program that must succeed: what it said on standard output.
///
/// # Errors
///
/// As for [`run`], and when its exit status is not 0.
pub fn run_ok(program: &str, arguments: &[&str], time: Duration) -> Result<String, ToolError> {
    run(program, arguments, time)?.success(&[&[program], arguments].concat().join(" "))
}

/// Reads a stream on a thread, so that a program never waits for its reader.
fn collect(stream: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    if let Some(mut stream) = stream {
        thread::spawn(move || {
            let mut kept = Vec::new();
            // What was read before an error is better than nothing.
            let _ = stream.by_ref().take(MAX_OUTPUT).read_to_end(&mut kept);
            let _ = sender.send(kept);
            let _ = io::copy(&mut stream, &mut io::sink());
        });
    }
    receiver
}

/// Kills a program that takes too long.
fn end(child: &mut Child) {
    // It may just have ended by itself.
    let _ = child.kill();
    let _ = child.wait();
}

fn last_line(text: &str) -> String {
    text.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned()
}

/// Why a program of the machine was of no use.
#[derive(Debug)]
pub struct ToolError {
    command: String,
    problem: Problem,
}

#[derive(Debug)]
enum Problem {
    Start(io::Error),
    Slow(Duration),
    Failed(ExitStatus, String),
    /// It says what this program does not understand.
    Nonsense(String),
}

impl ToolError {
    /// A program that ended well, and said something else than it should.
    pub fn nonsense(command: &str, said: &str) -> Self {
        let said = said.chars().take(100).collect();
        Self { command: command.to_owned(), problem: Problem::Nonsense(said) }
    }
}

impl fmt::Display for ToolError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` ", self.command)?;
        match &self.problem {
            Problem::Start(error) => write!(formatter, "cannot be run: {error}"),
            Problem::Slow(time) => write!(formatter, "did not end within {} s", time.as_secs()),
            Problem::Failed(status, said) if said.is_empty() => {
                write!(formatter, "failed: {status}")
            }
            Problem::Failed(status, said) => write!(formatter, "failed ({status}): {said:?}"),
            Problem::Nonsense(said) => write!(formatter, "says {said:?}, which is not understood"),
        }
    }
}

impl std::error::Error for ToolError {}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: Duration = Duration::from_secs(60);

    #[test]
    fn what_programs_do() {
        assert_eq!(run_ok("echo", &["a", "b"], TIME).unwrap(), "a b\n");
        let error =
            |program, script| run_ok(program, &["-c", script], TIME).unwrap_err().to_string();
        let failed = error("sh", "echo why >&2; exit 3");
        assert!(failed.ends_with("failed (exit status: 3): \"why\""), "{failed}");
        assert!(error("/no/such", "").contains("cannot be run: No such file"));
        let slow = run("sleep", &["1000"], Duration::from_millis(50)).unwrap_err().to_string();
        assert!(slow.starts_with("`sleep 1000` did not end"), "{slow}");
    }

    #[test]
    fn more_than_is_kept_does_not_block() {
        let said = run_ok("head", &["-c", "3000000", "/dev/zero"], TIME).unwrap();
        assert_eq!(said.len() as u64, MAX_OUTPUT);
    }

    #[test]
    fn output_that_stays_open_is_not_waited_for() {
        assert!(run("sh", &["-c", "sleep 1000 & echo $! >&2"], TIME).is_ok());
    }
}
