//! SIGTERM and SIGINT: the first stops gracefully, the second at once.

use std::io;
use std::process;
use std::sync::Arc;
use std::thread;

use omaha::server::Handle;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::FAILURE;
use crate::goal::Outcome;
use crate::log::Priority;
use crate::watch::Watch;

/// Stops the server on SIGTERM or SIGINT.
///
/// # Errors
///
/// When the signals or a thread for them cannot be had.
pub fn stop_on_signal(handle: Handle, watch: Arc<Watch>) -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT])?;
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for (number, signal) in signals.forever().enumerate() {
            let log = watch.log();
            let name = if signal == SIGINT { "SIGINT" } else { "SIGTERM" };
            if number > 0 {
                log.line(Priority::Warning, &format!("{name} again: stopping at once"));
                process::exit(FAILURE.into());
            }
            let line = format!("{name}: stopping; requests under way get up to 10 s to end");
            log.line(Priority::Notice, &line);
            watch.goal().reach(Outcome::Stopped);
            handle.stop();
        }
    })?;
    Ok(())
}
