//! Libraries that change what the system does, for the running binary.

use std::fs;

use crate::common::server::binary;

/// Whether the binary takes libraries at all.
pub fn is_dynamic() -> bool {
    // It contains the name of the program that loads them.
    let binary = fs::read(binary()).unwrap();
    binary.windows(9).any(|bytes| bytes == b"/ld-linux")
}
