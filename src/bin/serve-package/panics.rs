//! A panic becomes a line of the log. What it ends is decided elsewhere: the
//! request in whose course it happened, and nothing else.

use std::panic::{self, PanicHookInfo};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::format::OneLine;
use crate::log::{Log, Priority};

/// So many are written in any case; after that only some, because a client
/// that has found a bug may use it again and again.
const ALWAYS: u64 = 20;

/// Has every panic written to the log, on one line, instead of to standard
/// error on several.
pub fn log_them(log: Log) {
    let seen = AtomicU64::new(0);
    panic::set_hook(Box::new(move |info| {
        let number = seen.fetch_add(1, Ordering::Relaxed) + 1;
        if number <= ALWAYS || number.is_power_of_two() {
            log.line(Priority::Error, &line(info, number));
        }
    }));
}

fn line(info: &PanicHookInfo<'_>, number: u64) -> String {
    let thread = thread::current();
    let thread = thread.name().unwrap_or("without a name");
    let place = info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    let message = OneLine(info.payload_as_str().unwrap_or("no message"));
    format!("panic {number}, in the thread {thread}, at {place}: {message}; please report this bug")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[test]
    fn one_line_that_says_where() {
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let before = panic::take_hook();
        panic::set_hook({
            let lines = Arc::clone(&lines);
            Box::new(move |info| lines.lock().unwrap().push(line(info, 1)))
        });
        let _ = thread::Builder::new()
            .name("connection".to_owned())
            .spawn(|| panic!("two\nlines"))
            .unwrap()
            .join();
        panic::set_hook(before);
        let line = lines.lock().unwrap().pop().unwrap();
        assert!(line.starts_with("panic 1, in the thread connection, at src/bin/"), "{line}");
        assert!(line.ends_with(": two\\nlines; please report this bug"), "{line}");
    }
}
