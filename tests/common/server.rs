//! The binary under test, as a process.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::{OFFERED, PATIENCE, START_PATIENCE, UPDATE, until};

/// The binary that cargo built, or the one that `SERVE_PACKAGE_BINARY` names,
/// so that the same tests try a static or a release build.
pub fn binary() -> OsString {
    std::env::var_os("SERVE_PACKAGE_BINARY")
        .unwrap_or_else(|| env!("CARGO_BIN_EXE_serve-package").into())
}

/// A running server. Dropping it kills it.
pub struct Server {
    child: Child,
    address: SocketAddr,
    log: Arc<Log>,
    collector: Option<JoinHandle<()>>,
}

/// What the server has said on standard error.
#[derive(Default)]
struct Log {
    said: Mutex<Said>,
    more: Condvar,
}

#[derive(Default)]
struct Said {
    lines: Vec<String>,
    is_all: bool,
}

impl Server {
    /// Serves the small payload of the fixtures.
    pub fn of_fixtures() -> Self {
        Self::start(["--package-file", UPDATE, "--package-version", OFFERED])
    }

    /// Serves one file, whatever is in it.
    pub fn of_file(path: impl AsRef<OsStr>) -> Self {
        let flags = ["--skip-payload-check", "--package-version", OFFERED, "--package-file"];
        Self::start(flags.map(OsStr::new).into_iter().chain([path.as_ref()]))
    }

    /// Starts the binary with these arguments, on any free port of 127.0.0.1
    /// unless they say where.
    pub fn start(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        let arguments: Vec<_> = arguments.into_iter().map(|a| a.as_ref().to_owned()).collect();
        let mut command = Command::new(binary());
        if !arguments.iter().any(|argument| argument == "--listen-address") {
            command.args(["--listen-address", "127.0.0.1:0"]);
        }
        command.args(arguments);
        Self::spawn(command)
    }

    /// Starts a command that becomes the binary, and waits until it listens.
    pub fn spawn(command: Command) -> Self {
        Self::spawn_with_input(command, Stdio::null())
    }

    /// The same, with something on standard input.
    pub fn spawn_with_input(mut command: Command, input: Stdio) -> Self {
        command.stdin(input).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let log = Arc::new(Log::default());
        let collector = thread::spawn({
            let (stderr, log) = (child.stderr.take().unwrap(), Arc::clone(&log));
            move || log.collect(BufReader::new(stderr))
        });
        let collector = Some(collector);
        let mut server = Self { child, address: ([0, 0, 0, 0], 0).into(), log, collector };
        let line = server.find("listening on ", 1, START_PATIENCE).remove(0);
        let (_, address) = line.split_once("listening on ").unwrap();
        server.address = address.parse().unwrap_or_else(|error| panic!("{line:?}: {error}"));
        server
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Everything it has said until now.
    pub fn lines(&self) -> Vec<String> {
        // A test that waited in vain has died with the lock.
        self.log.said.lock().unwrap_or_else(PoisonError::into_inner).lines.clone()
    }

    /// The first line that contains this text, once there is one.
    pub fn wait_for_line(&self, text: &str) -> String {
        self.find(text, 1, PATIENCE).remove(0)
    }

    /// The lines that contain this text, once there are so many.
    pub fn wait_for_lines(&self, text: &str, number: usize) -> Vec<String> {
        self.find(text, number, PATIENCE)
    }

    fn find(&self, text: &str, number: usize, patience: Duration) -> Vec<String> {
        let deadline = Instant::now() + patience;
        let mut said = self.log.said.lock().unwrap();
        loop {
            let found = said.lines.iter().filter(|line| line.contains(text));
            let found: Vec<_> = found.cloned().collect();
            if found.len() >= number {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(
                !said.is_all && !left.is_zero(),
                "{number} lines with {text:?} were expected; this is what there is:\n{}",
                said.lines.join("\n")
            );
            said = self.log.more.wait_timeout(said, left).unwrap().0;
        }
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for its end.
    pub fn wait(self) -> Stopped {
        self.wait_while(|_| {})
    }

    /// Waits for its end, and does something again and again meanwhile.
    pub fn wait_while(mut self, act: impl Fn(&Self)) -> Stopped {
        let status = until("the server's end", || {
            let status = self.child.try_wait().unwrap();
            if status.is_none() {
                act(&self);
            }
            status
        });
        // The end of its standard error comes with its own.
        self.collector.take().unwrap().join().unwrap();
        Stopped { status, lines: self.lines() }
    }

    /// Stops it as systemd does.
    pub fn stop(self) -> Stopped {
        self.signal(Signal::TERM);
        self.wait()
    }
}

/// What is left of a server.
pub struct Stopped {
    pub status: ExitStatus,
    pub lines: Vec<String>,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            // Under an attack there are thousands of lines.
            const SHOWN: usize = 50;
            let lines = self.lines();
            let left_out = lines.len().saturating_sub(SHOWN);
            let shown = lines[left_out..].join("\n");
            eprintln!("the server's log, after {left_out} lines that are left out:\n{shown}");
        }
    }
}

impl Log {
    fn collect(&self, stderr: impl BufRead) {
        for line in stderr.split(b'\n') {
            let line = String::from_utf8_lossy(&line.unwrap()).into_owned();
            self.said.lock().unwrap().lines.push(line);
            self.more.notify_all();
        }
        self.said.lock().unwrap().is_all = true;
        self.more.notify_all();
    }
}

/// What a run of the binary that ends by itself comes to.
#[derive(Debug)]
pub struct Outcome {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    /// It failed with this status, said this on standard error, and nothing on
    /// standard output.
    pub fn expect_failure(&self, code: i32, texts: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert_eq!(self.stdout, "", "{self:?}");
        for text in texts {
            assert!(self.stderr.contains(text), "{text:?} is not in {self:?}");
        }
        assert!(!self.stderr.contains("panicked"), "{self:?}");
    }
}

/// Runs the binary with arguments that it must not serve with.
pub fn run(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Outcome {
    let mut command = Command::new(binary());
    command.args(arguments);
    run_command(command)
}

/// Runs a command to its end.
pub fn run_command(mut command: Command) -> Outcome {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (stdout, stderr) = (collect(child.stdout.take()), collect(child.stderr.take()));
    let deadline = Instant::now() + PATIENCE;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{command:?} does not end; it says:\n{}", stderr.join().unwrap());
        }
        thread::sleep(Duration::from_millis(10));
    };
    let (stdout, stderr) = (stdout.join().unwrap(), stderr.join().unwrap());
    Outcome { code: status.code(), stdout, stderr }
}

fn collect(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<String> {
    let mut pipe = pipe.unwrap();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// A port that is free, for tests that must know it beforehand. Not one of
/// those that Linux gives to outgoing connections (`ip_local_port_range`, from
/// 32768 on), which might take it before the server does.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = std::process::id() * 16 + NEXT.fetch_add(1, Ordering::Relaxed);
        let port = 20_000 + u16::try_from(number % 12_000).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
