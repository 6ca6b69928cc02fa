//! Numbers that a peer cannot foresee if the seed is secret.

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

use sha2::{Digest, Sha256};

/// SHA-256 of a seed and a counter.
#[derive(Debug)]
pub(crate) struct Entropy {
    seed: [u8; 32],
    counter: AtomicU32,
}

impl Entropy {
    pub(crate) const fn new(seed: [u8; 32]) -> Self {
        Self {
            seed,
            counter: AtomicU32::new(0),
        }
    }

    /// The next 32 bytes.
    pub(crate) fn bytes(&self) -> [u8; 32] {
        let count = self.counter.fetch_add(1, Relaxed);
        Sha256::new()
            .chain_update(self.seed)
            .chain_update(count.to_le_bytes())
            .finalize()
            .into()
    }

    /// The next number.
    pub(crate) fn number(&self) -> u64 {
        let bytes = self.bytes();
        bytes
            .first_chunk()
            .map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }
}
