//! A server that was started by a command.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Longer than anything here takes on a slow machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub struct Server {
    child: Child,
    lines: Receiver<String>,
    /// The lines that it has printed, as far as they were waited for.
    pub seen: Vec<String>,
}

impl Server {
    pub fn start(command: &mut Command) -> Self {
        // A group of its own gets signals as from a terminal.
        command.process_group(0).stdin(Stdio::null());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        let streams: [Box<dyn Read + Send>; 2] =
            [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        for stream in streams {
            let sender = sender.clone();
            thread::spawn(move || {
                let lines = BufReader::new(stream).lines().map_while(Result::ok);
                lines.take_while(|line| sender.send(line.clone()).is_ok()).for_each(drop);
            });
        }
        Self { child, lines, seen: Vec::new() }
    }

    /// Waits for a line that holds this text.
    pub fn await_line(&mut self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("no line with {text:?} came after:\n{}", self.seen.join("\n"));
            };
            self.seen.push(line.clone());
            if line.contains(text) {
                return line;
            }
        }
    }

    pub fn await_port(&mut self) -> u16 {
        let line = self.await_line("listening on ");
        line.rsplit(':').next().unwrap().parse().unwrap()
    }

    /// Stops it as Ctrl-C does.
    pub fn stop(&mut self) {
        self.signal("INT");
        self.await_line("SIGINT: stopping");
        self.await_line(" stopped; ");
        self.await_end();
    }

    /// Waits until it has ended by itself, and gives its exit status.
    pub fn await_end(&mut self) -> i32 {
        let deadline = Instant::now() + PATIENCE;
        // Both streams end with the process.
        while let Ok(line) = self.lines.recv_timeout(deadline - Instant::now()) {
            self.seen.push(line);
        }
        assert!(Instant::now() < deadline, "it does not end:\n{}", self.seen.join("\n"));
        self.child.wait().unwrap().code().unwrap_or(-1)
    }

    fn signal(&self, name: &str) {
        let kill = format!("kill -{name} -- -{}", self.child.id());
        Command::new("bash").args(["-c", &kill]).status().unwrap();
    }
}

impl Drop for Server {
    /// A server that was stopped is gone; this is for tests that fail.
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.signal("KILL");
            let _ = self.child.wait();
        }
    }
}
