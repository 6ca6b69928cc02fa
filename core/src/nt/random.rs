//! Random numbers.

use core::ptr::null_mut;

use wdk_sys::NT_SUCCESS;

use super::cng::sys::{BCRYPT_USE_SYSTEM_PREFERRED_RNG, BCryptGenRandom};
use crate::io::{Error, Kind, Phase};

/// Fills `bytes` from the system's generator (`bcrypt/nf-bcrypt-bcryptgenrandom`). IRQL:
/// PASSIVE_LEVEL.
///
/// # Errors
/// `Kind::TlsInternal`; `bytes` are zero then, and must not be used.
pub fn fill(bytes: &mut [u8]) -> Result<(), Error> {
    for part in bytes.chunks_mut(1 << 16) {
        // SAFETY: a valid buffer of that length, which is below 2^32.
        let status = unsafe {
            BCryptGenRandom(
                null_mut(),
                part.as_mut_ptr(),
                part.len() as u32,
                BCRYPT_USE_SYSTEM_PREFERRED_RNG,
            )
        };
        if !NT_SUCCESS(status) {
            bytes.fill(0);
            return Err(Error::with_status(
                Phase::Tls,
                Kind::TlsInternal,
                status,
                "the system gives no random numbers",
            ));
        }
    }
    Ok(())
}
