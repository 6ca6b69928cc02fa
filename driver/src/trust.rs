//! TLS configurations: the built-in roots, or the roots that a request brings.

use alloc::sync::Arc;

use core::time::Duration;

use wskhttp_core::io::{Clock, Error};
use wskhttp_core::nt::random;
use wskhttp_tls::{Platform, Roots, TlsConfig};

use crate::entry;
use crate::reserve;

/// What the driver trusts by itself.
pub(crate) struct Trust {
    built_in: Arc<TlsConfig>,
}

impl Trust {
    pub(crate) fn new() -> Result<Self, Error> {
        Ok(Self {
            built_in: TlsConfig::new(&PLATFORM, Roots::BuiltIn)?,
        })
    }

    /// The configuration that trusts `roots` (DER, one after the other) and nothing else; the built-in
    /// ones if there are none.
    pub(crate) fn config(&self, roots: &[u8]) -> Result<Arc<TlsConfig>, Error> {
        if roots.is_empty() {
            return Ok(Arc::clone(&self.built_in));
        }
        TlsConfig::new(&PLATFORM, Roots::Only(roots))
    }
}

/// The wall clock; zero, with which every certificate is refused, when the driver is not running.
fn unix_time() -> Duration {
    entry::services().map_or(Duration::ZERO, |services| services.clock.unix_time())
}

static PLATFORM: Platform = Platform::new(random::fill, unix_time).with_reserve(reserve::promise);
