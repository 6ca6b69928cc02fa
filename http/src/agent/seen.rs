//! What a call has asked for on its way.

use alloc::vec::Vec;

use wskhttp_core::fallible::push;
use wskhttp_core::io::Error;

use super::no_memory;
use crate::Url;

/// Hashes of methods and URLs: the last ones, and one from further back, so that a circle of any length
/// is noticed while the memory is bounded.
#[derive(Debug, Default)]
pub(super) struct Seen {
    last: Vec<u64>,
    /// Of the hop whose number was the last power of two.
    anchor: Option<u64>,
}

impl Seen {
    /// Notes what was asked for before redirect `hop`, from 1.
    pub(super) fn note(&mut self, method: &str, url: &Url, hop: u32) -> Result<(), Error> {
        let hash = hash(method, url);
        if hop.is_power_of_two() {
            self.anchor = Some(hash);
        }
        if self.last.len() < MOST {
            return push(&mut self.last, hash).map_err(|_| no_memory());
        }
        let at = (hop as usize).checked_rem(MOST).unwrap_or(0);
        if let Some(old) = self.last.get_mut(at) {
            *old = hash;
        }
        Ok(())
    }

    /// Whether it was asked for, as far as is known.
    pub(super) fn has(&self, method: &str, url: &Url) -> bool {
        let hash = hash(method, url);
        self.anchor == Some(hash) || self.last.contains(&hash)
    }
}

/// FNV-1a. A server that finds a collision stops its own redirects.
fn hash(method: &str, url: &Url) -> u64 {
    let scheme = [url.scheme() as u8];
    let bytes = method
        .bytes()
        .chain(scheme)
        .chain(url.after_scheme().bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// How many are remembered.
const MOST: usize = 64;
