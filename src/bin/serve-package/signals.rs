//! SIGTERM and SIGINT: the first stops gracefully, the second at once. SIGHUP,
//! which a terminal sends when it is closed, changes nothing.

use std::io;
use std::process;
use std::sync::Arc;
use std::thread;

use omaha::server::Handle;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::FAILURE;
use crate::goal::Outcome;
use crate::log::Priority;
use crate::outlet;
use crate::watch::Watch;

/// Stops the server on SIGTERM or SIGINT.
///
/// # Errors
///
/// When the signals or a thread for them cannot be had.
pub fn stop_on_signal(handle: Handle, watch: Arc<Watch>) -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP])?;
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let log = watch.log();
        let mut is_stopping = false;
        for signal in signals.forever() {
            if signal == SIGHUP {
                log.line(Priority::Notice, "SIGHUP: there is nothing to load again; serving on");
                continue;
            }
            let name = if signal == SIGINT { "SIGINT" } else { "SIGTERM" };
            if is_stopping {
                log.line(Priority::Warning, &format!("{name} again: stopping at once"));
                drop(outlet::Farewell);
                process::exit(FAILURE.into());
            }
            let line = format!("{name}: stopping; requests under way get up to 10 s to end");
            log.line(Priority::Notice, &line);
            watch.goal().reach(Outcome::Stopped);
            handle.stop();
            is_stopping = true;
        }
    })?;
    Ok(())
}
