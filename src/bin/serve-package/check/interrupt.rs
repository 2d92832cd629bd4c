//! SIGINT and SIGTERM: nothing half-done is left behind, and a program that
//! reads the JSON object gets it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use crate::background;

/// What a signal does before it ends the process: it removes the file that is
/// being written, and calls a function with the exit status that a shell will
/// show. The final path of a package is safe in any case.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    partial: Option<PathBuf>,
    has_result: bool,
}

impl Interrupt {
    /// Waits for signals from now on. Where that is not possible, they end the
    /// process as they always do, and may leave a `.part` file.
    pub fn install(conclude: impl FnOnce(u8) + Send + 'static) -> Self {
        let interrupt = Self::default();
        if let Ok(mut signals) = Signals::new([SIGINT, SIGTERM]) {
            let this = interrupt.clone();
            let wait = move || {
                if let Some(signal) = signals.forever().next() {
                    this.end(signal, conclude);
                }
            };
            // Without the thread the signals would be lost; there is always
            // room for one at the start of a process.
            let _ = background::start("signals", wait);
        }
        interrupt
    }

    /// A file is being written, or no longer.
    pub fn set_partial(&self, path: Option<&Path>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.partial = path.map(Path::to_owned);
    }

    /// The result is about to be printed: a signal prints no other one.
    pub fn conclude(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).has_result = true;
    }

    /// Ends the process as the signal would have, so that a shell sees it.
    fn end(&self, signal: i32, conclude: impl FnOnce(u8)) {
        // Kept locked: nobody begins another file meanwhile, or prints.
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(path) = &state.partial {
            // It may be gone already, and there is no time to say more.
            let _ = fs::remove_file(path);
        }
        if !state.has_result {
            conclude(u8::try_from(128 + signal).unwrap_or(crate::FAILURE));
        }
        let _ = emulate_default_handler(signal);
    }
}
