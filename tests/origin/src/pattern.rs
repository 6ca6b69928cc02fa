//! The bytes of `/bytes/N`: the same on both sides of a connection, without sending them twice.

use ring::digest::{Context, SHA256};

/// A source of bytes that only the seed determines.
///
/// A block of pseudo-random bytes is repeated; its length is prime, so that no power-of-two error in
/// a buffer goes unnoticed.
pub struct Pattern {
    block: Vec<u8>,
    at: usize,
    left: u64,
}

impl Pattern {
    /// The `length` bytes that `length` determines.
    #[must_use]
    pub fn new(length: u64) -> Self {
        let mut state = length.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let want = usize::try_from(length).map_or(PERIOD, |n| n.min(PERIOD));
        let mut block = Vec::with_capacity(want + 8);
        while block.len() < want {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            block.extend_from_slice(&state.to_le_bytes());
        }
        block.truncate(want);
        Self {
            block,
            at: 0,
            left: length,
        }
    }

    /// Bytes that have not been taken.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.left
    }

    /// Takes the next bytes: at most `most`, and none only at the end.
    pub fn take(&mut self, most: usize) -> &[u8] {
        let Some(rest) = self.block.get(self.at..).filter(|rest| !rest.is_empty()) else {
            return &[];
        };
        let n = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(most)
            .min(rest.len());
        let taken = rest.get(..n).unwrap_or(rest);
        self.left -= taken.len() as u64;
        self.at = (self.at + taken.len()) % self.block.len();
        taken
    }
}

/// SHA-256 of the `length` bytes, in hexadecimal.
#[must_use]
pub fn sha256(length: u64) -> String {
    let mut pattern = Pattern::new(length);
    let mut digest = Context::new(&SHA256);
    while pattern.left() > 0 {
        digest.update(pattern.take(PERIOD));
    }
    hex(digest.finish().as_ref())
}

/// Hexadecimal in lower case.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

const PERIOD: usize = 1_000_003;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_do_not_change_the_bytes() {
        let length = 2_500_000;
        let mut whole = Pattern::new(length);
        let mut a = Vec::new();
        while whole.left() > 0 {
            a.extend_from_slice(whole.take(usize::MAX));
        }
        let mut parts = Pattern::new(length);
        let mut b = Vec::new();
        while parts.left() > 0 {
            b.extend_from_slice(parts.take(7919));
        }
        assert_eq!(a.len() as u64, length);
        assert!(a == b);
        assert!(parts.take(1).is_empty());
        assert!(Pattern::new(0).take(5).is_empty());
    }

    #[test]
    fn lengths_differ_in_their_bytes() {
        assert_ne!(Pattern::new(1000).take(8), Pattern::new(1001).take(8));
        assert_ne!(sha256(1000), sha256(1001));
    }
}
