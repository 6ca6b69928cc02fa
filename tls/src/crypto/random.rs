//! Randomness from the platform, checked.

use rustls::crypto::GetRandomFailed;

use crate::platform::Random;

/// Shortest request on which an answer of zeros alone proves a broken source.
const SUSPICIOUS: usize = 16;

/// Fills `buf`. A source that fails, or that answers a long request with zeros alone, is refused.
pub(crate) fn fill(random: Random, buf: &mut [u8]) -> Result<(), GetRandomFailed> {
    random(buf).map_err(|_| GetRandomFailed)?;
    if buf.len() >= SUSPICIOUS && buf.iter().all(|&byte| byte == 0) {
        return Err(GetRandomFailed);
    }
    Ok(())
}
