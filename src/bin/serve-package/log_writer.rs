//! Standard output and standard error, without blocking on their readers.
//!
//! A pipe whose reader has stopped reading, a terminal that was halted with
//! Ctrl-S, a disk that hangs: a write there may block for ever, and the update
//! checks would wait for it. So lines are queued, a thread of their own writes
//! them, and what does not fit into the queue is lost and counted.

use std::io::{self, Write};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};

use crate::background;

/// Bytes that wait: a few thousand lines.
const CAPACITY: usize = 1024 * 1024;

/// How long the end of the program waits for the last lines.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// Something to write lines to.
#[derive(Debug)]
pub struct LogWriter {
    stream: Stream,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Clone, Copy, Debug)]
enum Stream {
    Output,
    Error,
}

#[derive(Debug)]
struct State {
    waiting: Vec<u8>,
    lost: u64,
    has_writer: bool,
    is_writing: bool,
}

/// Standard output.
pub static OUTPUT: LogWriter = LogWriter::new(Stream::Output);

/// Standard error.
pub static ERROR: LogWriter = LogWriter::new(Stream::Error);

/// Writes what is still queued when it is dropped, unless output blocks.
#[derive(Debug)]
pub struct FlushAtExit;

impl Drop for FlushAtExit {
    fn drop(&mut self) {
        OUTPUT.flush();
        ERROR.flush();
    }
}

impl LogWriter {
    const fn new(stream: Stream) -> Self {
        let state = State { waiting: Vec::new(), lost: 0, has_writer: false, is_writing: false };
        Self { stream, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Queues a line, which ends in a line break. Once there is room again
    /// after lines were lost, `tell_lost` says how many.
    pub fn write(&'static self, line: &str, tell_lost: impl FnOnce(u64) -> String) {
        let mut state = self.lock();
        if state.waiting.len() + line.len() > CAPACITY {
            state.lost += 1;
            return;
        }
        if state.lost > 0 {
            let lost = tell_lost(std::mem::take(&mut state.lost));
            state.waiting.extend_from_slice(lost.as_bytes());
        }
        state.waiting.extend_from_slice(line.as_bytes());
        if !state.has_writer {
            state.has_writer = background::start("output", || self.write_for_ever()).is_ok();
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Waits until everything is written, but not for long.
    fn flush(&self) {
        let mut state = self.lock();
        if !state.has_writer {
            // Not even a thread could be had. It ends because of that, or
            // nothing was ever said.
            let _ = self.stream.write(&std::mem::take(&mut state.waiting));
            return;
        }
        let is_busy = |state: &mut State| state.is_writing || !state.waiting.is_empty();
        // Nothing is left to do when it takes too long.
        let _ = self.changed.wait_timeout_while(state, FLUSH_TIMEOUT, is_busy);
    }

    fn write_for_ever(&self) {
        let mut state = self.lock();
        loop {
            if state.waiting.is_empty() {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let lines = std::mem::take(&mut state.waiting);
            state.is_writing = true;
            drop(state);
            // An output that cannot be written is no reason to stop serving.
            let _ = self.stream.write(&lines);
            state = self.lock();
            state.is_writing = false;
            self.changed.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stream {
    fn write(self, lines: &[u8]) -> io::Result<()> {
        match self {
            Self::Output => write_all(io::stdout().lock(), lines),
            Self::Error => write_all(io::stderr().lock(), lines),
        }
    }
}

/// Writes everything, even if the stream was made non-blocking.
fn write_all(mut stream: impl Write + rustix::fd::AsFd, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match stream.write(bytes).and_then(|written| stream.flush().map(|()| written)) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                poll(&mut [PollFd::new(&stream, PollFlags::OUT)], None)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
