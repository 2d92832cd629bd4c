//! SIGTERM and SIGINT: the first stops gracefully, the second at once. SIGHUP,
//! which a terminal sends too when it is closed, reads a folder of updates again,
//! and changes nothing where there is none. SIGUSR1 asks how far the machines have
//! come.

use std::fmt;
use std::io;
use std::process;
use std::sync::Arc;
use std::time::{Duration, Instant};

use omaha::server::Handle;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator::Signals;

use crate::FAILURE;
use crate::background;
use crate::exit_condition::Outcome;
use crate::log::Priority;
use crate::log_writer;
use crate::updates_folder::Reload;
use crate::watch::Watch;

/// The same signal again within this time is the first one: `timeout`, for one,
/// sends it to the process and then to its group.
const SAME: Duration = Duration::from_secs(1);

/// Why signals cannot be waited for.
#[derive(Debug)]
pub enum SignalError {
    Catch(io::Error),
    Thread(io::Error),
}

impl fmt::Display for SignalError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Catch(_) => "signals cannot be caught",
            Self::Thread(_) => "the thread that waits for signals cannot be started",
        })
    }
}

impl std::error::Error for SignalError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Catch(error) | Self::Thread(error) => Some(error),
        }
    }
}

/// Stops the server on SIGTERM or SIGINT, and reads its updates again on SIGHUP, if
/// there is a folder of them.
///
/// # Errors
///
/// When the signals or a thread for them cannot be had.
pub fn stop_on_signal(
    handle: Handle,
    watch: Arc<Watch>,
    reload: Option<Reload>,
) -> Result<(), SignalError> {
    let mut signals =
        Signals::new([SIGTERM, SIGINT, SIGHUP, SIGUSR1]).map_err(SignalError::Catch)?;
    let started = background::start("signals", move || {
        let log = watch.log();
        let mut first: Option<(i32, Instant)> = None;
        for signal in signals.forever() {
            if signal == SIGHUP {
                let line = match &reload {
                    Some(_) => "SIGHUP: reading the folder of updates again",
                    None => "SIGHUP: nothing to reload; still serving",
                };
                log.line(Priority::Notice, line);
                reload.iter().for_each(Reload::request);
                continue;
            }
            let name = if signal == SIGINT { "SIGINT" } else { "SIGTERM" };
            if signal == SIGUSR1 {
                watch.tell_status();
                continue;
            }
            if first.is_some_and(|(first, at)| first == signal && at.elapsed() < SAME) {
                continue;
            }
            if first.is_some() {
                log.line(Priority::Warning, &format!("{name}: stopping at once"));
                drop(log_writer::FlushAtExit);
                process::exit(FAILURE.into());
            }
            let line = format!("{name}: stopping; requests under way get up to 10 s to end");
            log.line(Priority::Notice, &line);
            watch.exit_condition().reach(Outcome::Stopped);
            handle.stop();
            first = Some((signal, Instant::now()));
        }
    });
    started.map_err(SignalError::Thread)
}
