//! TLS configurations: the built-in roots, or the roots that a request brings.

use alloc::sync::Arc;

use core::time::Duration;

use wskhttp_core::io::{Clock, Error};
use wskhttp_core::nt::{lock::RawSpinLock, random};
use wskhttp_tls::{Platform, Policy, Roots, TlsConfig};

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
}

/// The configurations of one handle, which keep its TLS sessions from those of other handles.
#[derive(Default)]
pub(crate) struct OwnTrust {
    built_in: Option<Arc<TlsConfig>>,
    /// Of the request before.
    private: Option<Arc<TlsConfig>>,
}

impl OwnTrust {
    /// The configuration that trusts `roots` (DER, one after the other) and nothing else; the built-in
    /// ones of `shared` if there are none.
    pub(crate) fn config(&mut self, shared: &Trust, roots: &[u8]) -> Result<Arc<TlsConfig>, Error> {
        if roots.is_empty() {
            if let Some(config) = &self.built_in {
                return Ok(Arc::clone(config));
            }
            let config = shared.built_in.isolated::<RawSpinLock>(SERVERS)?;
            return Ok(Arc::clone(self.built_in.insert(config)));
        }
        let policy = Policy::new(Roots::Only(roots));
        if let Some(config) = self
            .private
            .as_ref()
            .filter(|config| config.is_under(&policy))
        {
            return Ok(Arc::clone(config));
        }
        let config = TlsConfig::resuming::<RawSpinLock>(&PLATFORM, &policy, SERVERS)?;
        Ok(Arc::clone(self.private.insert(config)))
    }
}

/// Servers of which a handle keeps TLS sessions.
const SERVERS: usize = 8;

/// The wall clock; zero, with which every certificate is refused, when the driver is not running.
fn unix_time() -> Duration {
    entry::services().map_or(Duration::ZERO, |services| services.clock.unix_time())
}

static PLATFORM: Platform = Platform::new(random::fill, unix_time).with_reserve(reserve::promise);
