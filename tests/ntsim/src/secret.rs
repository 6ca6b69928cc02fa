//! A secret that memory which is handed on is searched for.

use crate::state::with;

/// Has the system buffers of requests that are completed, and pool that is freed, searched for `secret`.
pub fn guard_secret(secret: &[u8]) {
    let bytes = secret.to_vec();
    with(|s| s.secret = Secret { bytes, found: 0 });
}

/// What nobody may find in memory that is handed on.
#[derive(Default)]
pub(crate) struct Secret {
    bytes: Vec<u8>,
    found: usize,
}

impl Secret {
    pub(crate) fn look_in(&mut self, memory: &[u8]) {
        let length = self.bytes.len();
        if length > 0 && memory.windows(length).any(|at| at == self.bytes) {
            self.found += 1;
        }
    }
}

/// How many requests were completed with the secret in their system buffer, and blocks of pool freed
/// with it in them.
#[must_use]
pub fn secrets_left() -> usize {
    with(|s| s.secret.found)
}
