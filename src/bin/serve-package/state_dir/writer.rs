//! Writes the state file, on a thread of its own: a disk that hangs delays no
//! answer.

use std::fs::{self, File};
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::{StateDir, StateDirError, line};
use crate::background;
use crate::format::Plain;
use crate::log::{Log, Priority};
use crate::machine_tracker::{Key, MachineTracker, Record};

/// Bytes that wait to be written. What is more is lost, and the file is
/// rewritten when the disk works again.
const CAPACITY: usize = 4 * 1024 * 1024;

/// The file is rewritten when it has grown by this, and to twice its length.
const GROWN: u64 = 1024 * 1024;

/// Lines are gathered for so long, so that many machines at once are few writes.
const GATHER: Duration = Duration::from_millis(5);

/// How long to wait after a failure before the next try.
const RETRY: Duration = Duration::from_secs(5);

/// How long the end of the program waits for what is to be written.
const LAST: Duration = Duration::from_secs(2);

/// Takes lines, and has them written.
#[derive(Clone, Debug)]
pub struct Writer(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Debug)]
struct Queue {
    waiting: Vec<u8>,
    /// Whether the whole file is to be written.
    is_stale: bool,
    is_writing: bool,
    is_ending: bool,
}

impl Writer {
    /// Writes what the tracker has now, and begins to write what follows. It is
    /// `tracker` that is locked when the whole file is written.
    ///
    /// # Errors
    ///
    /// When it cannot be written, unless the disk is full, which may end; or there
    /// is no thread for it.
    pub fn start(
        state_dir: StateDir,
        tracker: Arc<Mutex<MachineTracker>>,
        log: Log,
    ) -> Result<Self, StateDirError> {
        let queue =
            Queue { waiting: Vec::new(), is_stale: false, is_writing: false, is_ending: false };
        let shared = Arc::new(Shared { queue: Mutex::new(queue), changed: Condvar::new() });
        let mut work = Work {
            shared: Arc::clone(&shared),
            state_dir,
            tracker,
            log,
            file: None,
            length: 0,
            whole: 0,
            is_failing: false,
        };
        let path = work.state_dir.path.clone();
        let written = match work.write_whole() {
            Err(error) if is_full(&error) => {
                shared.lock().is_stale = true;
                work.tell(Err(error));
                Ok(())
            }
            written => written,
        };
        let started = written.and_then(|()| background::start("state", move || work.run()));
        started.map(|()| Self(shared)).map_err(|error| StateDirError::Io(path, error))
    }

    /// Writes how a machine is. Call it with the tracker locked, so that the
    /// lines have the order of what happened.
    pub fn machine(&self, key: &Key, record: &Record) {
        self.0.push(&line::machine(key, record));
    }

    /// Writes that a machine is known no more.
    pub fn gone(&self, key: &Key) {
        self.0.push(&line::gone(key));
    }

    /// Waits a moment until everything is written.
    pub fn finish(&self) {
        let deadline = Instant::now() + LAST;
        let mut queue = self.0.lock();
        queue.is_ending = true;
        self.0.changed.notify_all();
        while (queue.is_writing || queue.is_stale || !queue.waiting.is_empty())
            && let Some(left) = deadline.checked_duration_since(Instant::now())
        {
            let waited = self.0.changed.wait_timeout(queue, left);
            queue = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, line: &str) {
        let mut queue = self.lock();
        if queue.is_stale {
            // It will be in the whole.
            return;
        }
        if queue.waiting.len() + line.len() > CAPACITY {
            queue.waiting = Vec::new();
            queue.is_stale = true;
        } else {
            queue.waiting.extend_from_slice(line.as_bytes());
            if queue.waiting.len() > line.len() {
                // It was woken for the lines before.
                return;
            }
        }
        self.changed.notify_all();
    }
}

/// The thread's own.
struct Work {
    shared: Arc<Shared>,
    state_dir: StateDir,
    tracker: Arc<Mutex<MachineTracker>>,
    log: Log,
    file: Option<File>,
    /// Of the file now, and when it was last written as a whole.
    length: u64,
    whole: u64,
    is_failing: bool,
}

impl Work {
    fn run(&mut self) {
        loop {
            let mut queue = self.shared.lock();
            while queue.waiting.is_empty() && !queue.is_stale {
                queue = self.shared.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
            }
            if !queue.is_ending {
                drop(queue);
                thread::sleep(GATHER);
                queue = self.shared.lock();
            }
            let is_stale = queue.is_stale;
            let lines = std::mem::take(&mut queue.waiting);
            queue.is_writing = true;
            drop(queue);
            let written =
                if is_stale || self.has_grown() { self.write_whole() } else { self.append(&lines) };
            let failed = written.is_err();
            self.tell(written);
            let mut queue = self.shared.lock();
            queue.is_writing = false;
            queue.is_stale |= failed;
            self.shared.changed.notify_all();
            if failed {
                let waited = self.shared.changed.wait_timeout_while(queue, RETRY, |q| !q.is_ending);
                let ending = waited.unwrap_or_else(PoisonError::into_inner).0.is_ending;
                if ending {
                    thread::sleep(Duration::from_millis(100));
                }
            }
        }
    }

    fn has_grown(&self) -> bool {
        self.length > GROWN + 2 * self.whole
    }

    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        let Some(file) = &mut self.file else { return self.write_whole() };
        file.write_all(lines)?;
        self.length += lines.len() as u64;
        file.sync_data()
    }

    /// Writes everything into a new file, and puts it in the old one's place.
    fn write_whole(&mut self) -> io::Result<()> {
        self.file = None;
        let everything = {
            let tracker = self.tracker.lock().unwrap_or_else(PoisonError::into_inner);
            let mut queue = self.shared.lock();
            // All of it is in the tracker; what comes from here on is not.
            (queue.waiting, queue.is_stale) = (Vec::new(), false);
            drop(queue);
            let mut everything = line::offered(tracker.offered().stored());
            for (key, record) in tracker.machines() {
                everything.push_str(&line::machine(key, record));
            }
            everything
        };
        let new = self.state_dir.path.join(".machines.new");
        let mut file = File::create(&new)?;
        file.write_all(everything.as_bytes())?;
        file.sync_data()?;
        fs::rename(&new, self.state_dir.file())?;
        self.state_dir.folder.sync_all()?;
        self.file = Some(file);
        (self.length, self.whole) = (everything.len() as u64, everything.len() as u64);
        Ok(())
    }

    /// Tells once that it cannot be written, and once that it can again.
    fn tell(&mut self, written: io::Result<()>) {
        let path = &self.state_dir.path;
        match written {
            Err(error) if !self.is_failing => {
                self.is_failing = true;
                let line = format!(
                    "the machines cannot be written to --state-dir {path:?}, and are not known \
                     after a restart: {}; serving on",
                    Plain(&error)
                );
                self.log.line(Priority::Error, &line);
            }
            Ok(()) if self.is_failing => {
                self.is_failing = false;
                let line = format!("the machines are written to --state-dir {path:?} again");
                self.log.line(Priority::Notice, &line);
            }
            _ => {}
        }
    }
}
