//! SIGINT and SIGTERM: nothing half-done is left behind.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

/// The file that is being written, which a signal removes before it ends the
/// process. The final path of a package is safe in any case.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    partial: Arc<Mutex<Option<PathBuf>>>,
}

impl Interrupt {
    /// Waits for signals from now on. Where that is not possible, they end the
    /// process as they always do, and may leave a `.part` file.
    pub fn install() -> Self {
        let interrupt = Self::default();
        if let Ok(mut signals) = Signals::new([SIGINT, SIGTERM]) {
            let this = interrupt.clone();
            let wait = move || {
                if let Some(signal) = signals.forever().next() {
                    this.end(signal);
                }
            };
            // Without the thread the signals would be lost; there is always
            // room for one at the start of a process.
            let _ = thread::Builder::new().name("signals".to_owned()).spawn(wait);
        }
        interrupt
    }

    /// A file is being written, or no longer.
    pub fn set_partial(&self, path: Option<&Path>) {
        let mut partial = self.partial.lock().unwrap_or_else(PoisonError::into_inner);
        *partial = path.map(Path::to_owned);
    }

    /// Ends the process as the signal would have, so that a shell sees it.
    fn end(&self, signal: i32) {
        // Kept locked: nobody begins another file meanwhile.
        let partial = self.partial.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(path) = &*partial {
            // It may be gone already, and there is no time to say more.
            let _ = fs::remove_file(path);
        }
        let _ = emulate_default_handler(signal);
    }
}
