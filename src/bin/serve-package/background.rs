//! Threads that nobody waits for.

use std::io;
use std::thread;

/// Starts a thread, which ends with the program at the latest.
///
/// # Errors
///
/// When there is none to be had.
pub fn start(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    start_boxed(name, Box::new(work))
}

/// Once for all: starting a thread takes more than a kilobyte of code.
fn start_boxed(name: &str, work: Box<dyn FnOnce() + Send>) -> io::Result<()> {
    thread::Builder::new().name(name.to_owned()).spawn(work).map(drop)
}
