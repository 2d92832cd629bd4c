//! The thread that reads the folder again, and otherwise compares the files that
//! were not read at start with what is known of them.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Thread};
use std::time::Instant;

use omaha::PackageFile;

use super::{Loader, Offering, Updates};
use crate::format::sentence;
use crate::log::Priority;
use crate::systemd;

/// Asks for the folder to be read again.
#[derive(Clone, Debug)]
pub struct Reload {
    is_requested: Arc<AtomicBool>,
    thread: Thread,
}

impl Reload {
    /// Asks. Several requests are one.
    pub fn request(&self) {
        self.is_requested.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

/// Starts the thread. These are the updates that are offered.
///
/// # Errors
///
/// When there is no thread.
pub fn start(loader: Loader, offering: Offering, mut updates: Updates) -> io::Result<Reload> {
    let is_requested = Arc::new(AtomicBool::new(false));
    let unread = std::mem::take(&mut updates.recalled);
    let requested = Arc::clone(&is_requested);
    let mut work =
        Work { loader, offering, updates, unread, is_requested: requested, has_failed: false };
    let thread = thread::Builder::new().name("updates".to_owned()).spawn(move || work.run())?;
    Ok(Reload { is_requested, thread: thread.thread().clone() })
}

struct Work {
    loader: Loader,
    offering: Offering,
    updates: Updates,
    /// Files that were recalled, and not compared yet.
    unread: Vec<Arc<PackageFile>>,
    is_requested: Arc<AtomicBool>,
    /// Whether a file was not what was hashed.
    has_failed: bool,
}

impl Work {
    fn run(&mut self) {
        loop {
            if self.is_requested.swap(false, Ordering::Acquire) {
                self.reload();
            } else if let Some(file) = self.unread.pop() {
                self.compare(file);
            } else {
                thread::park();
            }
        }
    }

    fn reload(&mut self) {
        systemd::reloading();
        match self.loader.read(&self.updates) {
            Ok(updates) => {
                self.offering.set(&updates);
                for line in updates.lines() {
                    self.say(&line);
                }
                let (number, offered) = (updates.len(), updates.offered());
                self.unread.extend(updates.recalled.iter().cloned());
                self.updates = updates;
                let plural = if number == 1 { "" } else { "s" };
                let offered = offered.as_str();
                self.say(&format!("read again: {number} update{plural}, offering {offered}"));
            }
            Err(error) => {
                let error = sentence(&*error);
                let line = format!("{error}; nothing was changed; still serving");
                self.loader.log.line(Priority::Error, &line);
            }
        }
        systemd::ready();
    }

    /// Compares a file with its checksums: half of the time, so that those that
    /// are served have the disk too.
    fn compare(&mut self, file: Arc<PackageFile>) {
        let mut began = Instant::now();
        let mut go_on = || {
            thread::sleep(began.elapsed());
            began = Instant::now();
            !self.is_requested.load(Ordering::Acquire)
        };
        let compared = file.recheck(&mut go_on);
        match compared {
            // Perhaps not to its end.
            Ok(()) if self.is_requested.load(Ordering::Acquire) => self.unread.push(file),
            Ok(()) => {}
            Err(error) => {
                self.has_failed = true;
                self.loader.cache.remove(file.path());
                let line = format!(
                    "{}; it is not offered any more; compare it with its published SHA-256 or \
                     replace it, and then SIGHUP reads it again",
                    sentence(&error)
                );
                self.loader.log.line(Priority::Error, &line);
            }
        }
        if self.unread.is_empty() {
            let which = if std::mem::take(&mut self.has_failed) { "every other" } else { "every" };
            self.say(&format!("{which} file is what was hashed"));
        }
    }

    fn say(&self, line: &str) {
        self.loader.log.line(Priority::Notice, line);
    }
}
