//! What the system allows this process.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the number of descriptors from the soft limit, often 1024 for the
/// sake of old programs, to the hard one. Where that is refused, there are
/// fewer connections at a time.
pub fn raise_descriptors() {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}

/// Has glibc give memory back as soon as a page is free. Left to itself it
/// keeps what each of many threads has used once, and more the larger it was:
/// after a flood of large requests, tens of megabytes.
pub fn keep_memory_small() {
    #[cfg(target_env = "gnu")]
    {
        /// Bytes from which a block is mapped by itself, and so given back by
        /// itself; also, free bytes at the end of a heap from which it shrinks.
        const LARGE: libc::c_int = 128 * 1024;
        /// Heaps for all threads: they do not allocate much.
        const HEAPS: libc::c_int = 2;
        for (parameter, value) in [
            (libc::M_MMAP_THRESHOLD, LARGE),
            (libc::M_TRIM_THRESHOLD, LARGE),
            (libc::M_ARENA_MAX, HEAPS),
        ] {
            // SAFETY: it takes two numbers, and no other thread runs yet. What
            // it refuses stays as it was.
            unsafe {
                libc::mallopt(parameter, value);
            }
        }
    }
}
