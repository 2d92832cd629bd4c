//! The SHA-256 of some content, and of its beginning.

use sha1::digest::Digest as _;

use super::Sha256;

/// Takes the SHA-256 of content that comes in pieces, and on the way that of its
/// first bytes: a payload's signature is over those.
pub(super) struct PrefixHasher {
    hasher: sha2::Sha256,
    size: u64,
    wanted: Option<u64>,
    prefix: Option<Sha256>,
}

impl PrefixHasher {
    /// Nothing so far; the beginning has this many bytes, if it is wanted.
    pub(super) fn new(wanted: Option<u64>) -> Self {
        Self { hasher: sha2::Sha256::new(), size: 0, wanted, prefix: None }
    }

    /// The next piece.
    pub(super) fn update(&mut self, mut piece: &[u8]) {
        let left = self.wanted.and_then(|wanted| usize::try_from(wanted - self.size).ok());
        if let Some((last, rest)) = left.and_then(|left| piece.split_at_checked(left)) {
            self.hasher.update(last);
            self.size += last.len() as u64;
            self.prefix = Some(Sha256(self.hasher.clone().finalize().into()));
            self.wanted = None;
            piece = rest;
        }
        self.hasher.update(piece);
        self.size += piece.len() as u64;
    }

    /// The digest of everything, how many bytes that was, and the digest of the
    /// beginning, unless there was less.
    pub(super) fn finish(mut self) -> (Sha256, u64, Option<Sha256>) {
        // A beginning of no bytes at all.
        self.update(&[]);
        (Sha256(self.hasher.finalize().into()), self.size, self.prefix)
    }
}
