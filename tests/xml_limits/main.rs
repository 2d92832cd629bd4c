//! No document costs much memory, whatever it is.
//!
//! The time is not asserted, because it depends on the machine. What bounds it
//! is that every byte is looked at once, and that everything that costs more
//! than a look is counted.

mod hostile;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use omaha::protocol::{Request, Response};

/// Counts what is allocated, and the most that ever was.
struct Counter;

static USED: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

fn grow(size: usize) {
    let used = USED.fetch_add(size, Ordering::Relaxed) + size;
    PEAK.fetch_max(used, Ordering::Relaxed);
}

// SAFETY: everything is done by the system's allocator.
unsafe impl GlobalAlloc for Counter {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        USED.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // The worst case: both are there while one is copied.
        grow(size);
        USED.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static COUNTER: Counter = Counter;

/// Larger than any document that a server or a client takes.
const DOCUMENT_SIZE: usize = 1024 * 1024;

/// What reading may take at any moment, result included.
const MEMORY: usize = 4 * 1024 * 1024;

/// The most memory that was in use during `work`, beyond what was before.
fn peak<T>(work: impl FnOnce() -> T) -> usize {
    let before = USED.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let result = work();
    let peak = PEAK.load(Ordering::Relaxed);
    drop(result);
    peak - before
}

// One test, so that no other thread is counted.
#[test]
fn no_document_takes_more_than_its_share() {
    for (name, document) in hostile::documents() {
        assert!(document.len() <= DOCUMENT_SIZE, "{name}: {} bytes", document.len());
        let taken = peak(|| Request::read(&document[..]));
        assert!(taken < MEMORY, "{name} as a request: {taken} bytes");
        let taken = peak(|| Response::read(&document[..]));
        assert!(taken < MEMORY, "{name} as a response: {taken} bytes");
    }
}
