//! What the environment gives: randomness and the wall clock.

use core::fmt;
use core::time::Duration;

use rustls::crypto::{GetRandomFailed, SecureRandom, SupportedKxGroup};
use rustls::time_provider::TimeProvider;
use rustls_pki_types::UnixTime;
use wskhttp_core::io::Error;

use crate::crypto::kx;
use crate::trust::ClockPolicy;

/// Fills the whole buffer with bytes that nobody can guess, or fails.
pub(crate) type Random = fn(&mut [u8]) -> Result<(), Error>;

/// Time since 1970-01-01 00:00 UTC. IRQL: called at PASSIVE_LEVEL.
pub(crate) type WallClock = fn() -> Duration;

/// The environment of the TLS client; the program has one, in a `static`.
pub struct Platform {
    random: Random,
    unix_time: WallClock,
    x25519: kx::X25519,
    p256: kx::P256,
    p384: kx::P384,
}

impl Platform {
    /// A platform over the given sources. Both are called at PASSIVE_LEVEL and must not block long.
    #[must_use]
    pub const fn new(random: Random, unix_time: WallClock) -> Self {
        Self {
            random,
            unix_time,
            x25519: kx::X25519::new(random),
            p256: kx::P256::new(random),
            p384: kx::P384::new(random),
        }
    }

    pub(crate) const fn random(&self) -> Random {
        self.random
    }

    pub(crate) fn groups(&'static self) -> [&'static dyn SupportedKxGroup; 3] {
        [&self.x25519, &self.p256, &self.p384]
    }
}

impl fmt::Debug for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Platform")
    }
}

impl SecureRandom for Platform {
    fn fill(&self, buf: &mut [u8]) -> Result<(), GetRandomFailed> {
        crate::crypto::random::fill(self.random, buf)
    }
}

/// The wall clock under a policy, in the form that rustls shares.
#[derive(Debug)]
pub(crate) struct Time {
    pub(crate) platform: &'static Platform,
    pub(crate) policy: ClockPolicy,
}

impl TimeProvider for Time {
    fn current_time(&self) -> Option<UnixTime> {
        self.policy
            .judge((self.platform.unix_time)())
            .map(UnixTime::since_unix_epoch)
    }
}
