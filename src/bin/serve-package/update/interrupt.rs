//! Signals: whoever wants an update to end gets the settings back first.

use std::io;
use std::process;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::Signals;

use super::changes;
use super::happening::Happening;
use super::output;
use super::queue::Queue;
use super::root::Root;
use super::tool::IS_INTERRUPTED;
use super::verdict::INTERRUPTED;
use crate::background;
use crate::log_writer::FlushAtExit;

/// The same signal again within this time is the first one: `timeout`, for one,
/// sends it to the process and then to its group.
const SAME: Duration = Duration::from_secs(1);

/// From now on, SIGHUP changes nothing: the update goes on when the connection to
/// the machine breaks.
///
/// # Errors
///
/// When that cannot be.
pub fn ignore_hangup() -> io::Result<()> {
    // Unlike one that is ignored, a signal that is handled is not inherited.
    flag::register(SIGHUP, Arc::default()).map(drop)
}

/// From now on, the first signal goes into the queue, and the second one puts
/// the settings back and ends the program at once.
///
/// # Errors
///
/// When signals or a thread for them cannot be had.
pub fn watch(root: &Root, queue: Queue) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGQUIT])?;
    let root = root.clone();
    background::start("signals", move || {
        let mut first: Option<Instant> = None;
        for _ in signals.forever() {
            if first.is_some_and(|first| first.elapsed() < SAME) {
                continue;
            }
            if first.is_none() {
                first = Some(Instant::now());
                IS_INTERRUPTED.store(true, Ordering::Relaxed);
                queue.push(Happening::Interrupted);
                continue;
            }
            if let Err(error) = changes::put_back_at_exit(&root) {
                output::complain(&format!("error: {error}: serve-package update --restore"));
            }
            drop(FlushAtExit);
            process::exit(INTERRUPTED.into());
        }
    })
}
