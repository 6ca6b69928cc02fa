//! Certificates that no chain may contain.

use alloc::vec::Vec;

use wskhttp_core::fallible::copied;
use wskhttp_core::io::Error;

use super::certificate::Certificate;
use super::fingerprint;
use super::policy::Policy;
use crate::error;

/// What a policy disallows.
pub(crate) struct Disallowed {
    sha256: Vec<[u8; 32]>,
    sha1: Vec<[u8; 20]>,
    keys: Vec<[u8; 32]>,
}

impl Disallowed {
    /// # Errors
    /// No memory.
    pub(crate) fn new(policy: &Policy<'_>) -> Result<Self, Error> {
        Ok(Self {
            sha256: copied(policy.disallowed).map_err(|_| error::no_memory())?,
            sha1: copied(policy.disallowed_sha1).map_err(|_| error::no_memory())?,
            keys: copied(policy.disallowed_keys).map_err(|_| error::no_memory())?,
        })
    }

    /// Whether the certificate `der` is disallowed: by its digest, or by that of what is signed in it,
    /// which whoever has its issuer's key, or its own if that signs it, can have signed otherwise.
    pub(crate) fn has(&self, der: &[u8]) -> bool {
        let signed = fingerprint::signed(der);
        [Some(der), signed].into_iter().flatten().any(|bytes| {
            (!self.sha256.is_empty() && self.sha256.contains(&fingerprint::of(bytes)))
                || (!self.sha1.is_empty() && self.sha1.contains(&fingerprint::sha1(bytes)))
        })
    }

    /// Whether the authority `der` is disallowed, by its key too.
    pub(crate) fn has_authority(&self, der: &[u8]) -> bool {
        self.has(der)
            || (!self.keys.is_empty()
                && Certificate::parse(der)
                    .is_none_or(|parsed| self.keys.contains(&fingerprint::of(parsed.spki))))
    }

    /// Whether the root with `key`, the content of a SubjectPublicKeyInfo, is.
    pub(crate) fn has_key(&self, key: &[u8]) -> bool {
        !self.keys.is_empty()
            && fingerprint::of_sequence(key).is_none_or(|digest| self.keys.contains(&digest))
    }
}
