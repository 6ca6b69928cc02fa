//! Hashes and MACs.

use core::ptr::null_mut;

use super::sys::*;
use super::{algorithm, check, input, length};
use crate::crypto::{Digest, Failure, Primitive};

/// A hash or a MAC that is being computed, in memory of CNG's.
#[derive(Debug)]
pub struct CngDigest(BCRYPT_HASH_HANDLE);

// SAFETY: CNG's objects belong to no thread.
unsafe impl Send for CngDigest {}
// SAFETY: through a shared reference it is only copied, which reads it.
unsafe impl Sync for CngDigest {}

impl CngDigest {
    pub(super) fn new(primitive: Primitive, key: &[u8]) -> Result<Self, Failure> {
        let mut handle = null_mut();
        // SAFETY: an open provider; CNG brings the memory for the object; the key is only read.
        check(unsafe {
            BCryptCreateHash(
                algorithm(primitive)?,
                &raw mut handle,
                null_mut(),
                0,
                input(key),
                length(key.len())?,
                0,
            )
        })?;
        Ok(Self(handle))
    }
}

impl Digest for CngDigest {
    fn update(&mut self, data: &[u8]) -> Result<(), Failure> {
        if data.is_empty() {
            return Ok(());
        }
        // SAFETY: a hash of ours that is not finished; the data is only read.
        check(unsafe { BCryptHashData(self.0, input(data), length(data.len())?, 0) })
    }

    fn fork(&self) -> Result<Self, Failure> {
        let mut handle = null_mut();
        // SAFETY: a hash of ours; CNG brings the memory for the other.
        check(unsafe { BCryptDuplicateHash(self.0, &raw mut handle, null_mut(), 0, 0) })?;
        Ok(Self(handle))
    }

    fn finish(self, output: &mut [u8]) -> Result<(), Failure> {
        // SAFETY: a hash of ours that is not used again; writable memory of that length.
        check(unsafe { BCryptFinishHash(self.0, output.as_mut_ptr(), length(output.len())?, 0) })
    }
}

impl Drop for CngDigest {
    fn drop(&mut self) {
        // SAFETY: ours, and used no more.
        let _destroyed = unsafe { BCryptDestroyHash(self.0) };
    }
}
