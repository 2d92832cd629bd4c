//! Memory for what is on its way from a file to a connection.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

/// Bytes read and written at a time. Measured: the processor time of a
/// download falls until here, and hardly beyond.
const SIZE: usize = 32 * 1024;

/// Most buffers that are kept when nobody uses them.
const KEPT: usize = 16;

/// Buffers for downloads. One is taken only while bytes are moved, not while
/// the client is waited for, so that a thousand slow downloads need few.
#[derive(Debug, Default)]
pub(super) struct Buffers(Mutex<Vec<Vec<u8>>>);

/// A buffer, given back when dropped.
#[derive(Debug)]
pub(super) struct Buffer<'a> {
    bytes: Vec<u8>,
    owner: &'a Buffers,
}

impl Buffers {
    pub fn take(&self) -> Buffer<'_> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Buffer { bytes: kept.unwrap_or_else(|| vec![0; SIZE]), owner: self }
    }
}

impl Deref for Buffer<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl DerefMut for Buffer<'_> {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }
}

impl Drop for Buffer<'_> {
    fn drop(&mut self) {
        let mut kept = self.owner.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT {
            kept.push(std::mem::take(&mut self.bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_are_kept() {
        let buffers = Buffers::default();
        let number = || buffers.0.lock().unwrap().len();
        let taken: Vec<_> = (0..KEPT + 5).map(|_| buffers.take()).collect();
        assert!(taken.iter().all(|buffer| buffer.len() == SIZE));
        drop(taken);
        assert_eq!(number(), KEPT);
        let again = buffers.take();
        assert_eq!((again.len(), number()), (SIZE, KEPT - 1));
    }
}
