//! What a process holds, as `/proc` tells it.

use std::fmt;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// What a process holds.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// Resident memory, in KiB.
    pub memory: usize,
    pub threads: usize,
    pub descriptors: usize,
}

impl Usage {
    pub fn of(pid: u32) -> Self {
        Self {
            memory: status(pid, "VmRSS:"),
            threads: status(pid, "Threads:"),
            descriptors: fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count(),
        }
    }

    /// Whether this is no more than a fifth above what was before. Memory is
    /// allowed two MiB in any case: that is a third of what an idle server has,
    /// and pages of the program that were not needed before count too, as does
    /// a heap that is not packed as well as before.
    pub fn is_back_at(&self, before: &Self) -> bool {
        const GRAIN: usize = 2 * 1024;
        let is_back = |now: usize, before: usize| now * 5 <= before * 6;
        (is_back(self.memory, before.memory) || self.memory <= before.memory + GRAIN)
            && is_back(self.threads, before.threads)
            && is_back(self.descriptors, before.descriptors)
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { memory, threads, descriptors } = self;
        write!(formatter, "{} / {threads} / {descriptors}", Mib(*memory))
    }
}

/// A look at how many threads a process has, again and again.
pub struct Threads {
    ends: Arc<AtomicBool>,
    most: JoinHandle<usize>,
}

impl Threads {
    pub fn watch(pid: u32) -> Self {
        let ends = Arc::<AtomicBool>::default();
        let most = thread::spawn({
            let ends = Arc::clone(&ends);
            move || {
                let mut most = 0;
                while !ends.load(Ordering::Relaxed) {
                    most = most.max(status(pid, "Threads:"));
                    thread::sleep(Duration::from_millis(10));
                }
                most
            }
        });
        Self { ends, most }
    }

    /// The most that there were at once.
    pub fn most(self) -> usize {
        self.ends.store(true, Ordering::Relaxed);
        self.most.join().unwrap()
    }
}

/// KiB, shown as MiB.
pub struct Mib(pub usize);

impl fmt::Display for Mib {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[expect(clippy::cast_precision_loss, reason = "one digit is shown")]
        let mib = self.0 as f64 / 1024.0;
        write!(formatter, "{mib:.1} MiB")
    }
}

/// Resets the count of the highest resident memory.
pub fn reset_peak(pid: u32) {
    fs::write(format!("/proc/{pid}/clear_refs"), "5").unwrap();
}

/// The highest resident memory, in KiB.
pub fn peak(pid: u32) -> usize {
    status(pid, "VmHWM:")
}

fn status(pid: u32, name: &str) -> usize {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.unwrap_or_else(|| panic!("{name} in {status}")).parse().unwrap()
}
