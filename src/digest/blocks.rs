//! A checksum of each block of a file, to compare what is read later.

use std::ops::Range;

use xxhash_rust::xxh3::xxh3_64;

/// Bytes of a block. A part of a package is read and compared in whole blocks:
/// small ones cost memory (4 bytes each), large ones time where a client takes
/// little at once. A package of 500 MB has 7,630 blocks of this size.
pub(crate) const BLOCK: usize = 64 * 1024;

/// A checksum of 32 bits (of XXH3): it notices changes that nobody tries to hide.
pub(crate) fn checksum(bytes: &[u8]) -> u32 {
    let [.., a, b, c, d] = xxh3_64(bytes).to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// Checksum of each block of a file; the last block may be shorter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BlockChecksums(Vec<u32>);

impl BlockChecksums {
    /// Takes note of some content that begins at this block: whole blocks,
    /// unless it is the end of the file. Pieces may come in any order.
    pub(crate) fn record(&mut self, first: usize, content: &[u8]) {
        self.place(first, &Self(content.chunks(BLOCK).map(checksum).collect()));
    }

    /// The same for content whose checksums were taken elsewhere.
    pub(crate) fn place(&mut self, first: usize, blocks: &Self) {
        let end = first + blocks.0.len();
        if self.0.len() < end && !blocks.0.is_empty() {
            self.0.resize(end, 0);
        }
        if let Some(place) = self.0.get_mut(first..end) {
            place.copy_from_slice(&blocks.0);
        }
    }

    /// Whether some content that begins at this block is what was recorded:
    /// whole blocks, unless it is the end of the file.
    pub(crate) fn matches(&self, first: usize, content: &[u8]) -> bool {
        let expected = self.0.get(first..first + content.len().div_ceil(BLOCK));
        let found = content.chunks(BLOCK).map(checksum);
        expected.is_some_and(|expected| expected.iter().copied().eq(found))
    }

    /// Writes them behind each other, for [`read`](Self::read).
    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.reserve(4 * self.0.len());
        for checksum in &self.0 {
            bytes.extend_from_slice(&checksum.to_le_bytes());
        }
    }

    /// Reads those of a file of `size`; none if they are not as many.
    pub(crate) fn read(bytes: &[u8], size: u64) -> Option<Self> {
        let (checksums, rest) = bytes.as_chunks();
        let is_all = rest.is_empty() && checksums.len() as u64 == size.div_ceil(BLOCK as u64);
        is_all.then(|| Self(checksums.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect()))
    }

    /// The range of whole blocks around some bytes of a file of `size`.
    pub(crate) fn around(bytes: &Range<u64>, size: u64) -> Range<u64> {
        let block = BLOCK as u64;
        bytes.start / block * block..bytes.end.next_multiple_of(block).min(size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_counts() {
        let content: Vec<u8> = (0..BLOCK * 2 + 100).map(|n| (n % 251) as u8).collect();
        let mut checksums = BlockChecksums::default();
        checksums.record(1, &content[BLOCK..]);
        checksums.record(0, &content[..BLOCK]);
        assert!(checksums.matches(0, &content) && checksums.matches(1, &content[BLOCK..]));
        for position in [0, BLOCK - 1, BLOCK, BLOCK * 2, content.len() - 1] {
            let mut changed = content.clone();
            changed[position] ^= 1;
            assert!(!checksums.matches(0, &changed), "{position}");
        }
        assert!(!checksums.matches(0, &content[..content.len() - 1]));
        assert!(!checksums.matches(3, b"more"));
    }

    #[test]
    fn blocks_around_some_bytes() {
        let block = BLOCK as u64;
        let around = |start, end| BlockChecksums::around(&(start..end), block * 2 + 100);
        assert_eq!(around(0, 1), 0..block);
        assert_eq!(around(block - 1, block + 1), 0..block * 2);
        assert_eq!(around(block, block * 2), block..block * 2);
        assert_eq!(around(block * 2 + 99, block * 2 + 100), block * 2..block * 2 + 100);
    }
}
