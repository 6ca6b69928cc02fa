//! What the environment gives: randomness and the wall clock.

use core::fmt;
use core::time::Duration;

use rustls::crypto::{GetRandomFailed, SecureRandom, SupportedKxGroup};
use rustls::time_provider::TimeProvider;
use rustls_pki_types::UnixTime;
use wskhttp_core::io::Error;

use crate::crypto::{self, Set, cng, kx, mlkem};
use crate::error;
use crate::trust::ClockPolicy;

/// Fills the whole buffer with bytes that nobody can guess, or fails.
pub(crate) type Random = fn(&mut [u8]) -> Result<(), Error>;

/// Time since 1970-01-01 00:00 UTC. IRQL: called at PASSIVE_LEVEL.
pub(crate) type WallClock = fn() -> Duration;

/// See [`Platform::with_reserve`].
pub type Reserve = fn(usize, &mut dyn FnMut()) -> Result<(), Error>;

/// See [`Platform::with_stack`].
pub type Stack = fn(usize, &mut dyn FnMut()) -> Result<(), Error>;

/// See [`Platform::with_crypto`].
pub type Crypto = fn(&'static Platform) -> Result<Set, Error>;

/// The environment of the TLS client; the program has one, in a `static`.
pub struct Platform {
    random: Random,
    unix_time: WallClock,
    reserve: Reserve,
    crypto: Crypto,
    x25519: kx::X25519,
    p256: kx::P256,
    p384: kx::P384,
    x25519_mlkem768: mlkem::X25519MlKem768,
}

impl Platform {
    /// A platform over the given sources. Both are called at PASSIVE_LEVEL and must not block long.
    #[must_use]
    pub const fn new(random: Random, unix_time: WallClock) -> Self {
        Self {
            random,
            unix_time,
            reserve: at_once,
            crypto: crypto::rust,
            x25519: kx::X25519::new(random),
            p256: kx::P256::new(random),
            p384: kx::P384::new(random),
            x25519_mlkem768: mlkem::X25519MlKem768::new(random, at_once),
        }
    }

    pub(crate) const fn random(&self) -> Random {
        self.random
    }

    /// With memory that rustls may count on: it cannot be told that there is none. `reserve` runs what
    /// it is given with the promise that its first allocations, up to so many bytes, succeed. It gives
    /// an error if it cannot promise that, or if the promise had to be kept: what was made with such
    /// memory is dropped.
    #[must_use]
    pub const fn with_reserve(self, reserve: Reserve) -> Self {
        Self { reserve, ..self }
    }

    /// With another set of cryptography than `rust`: `crypto` is asked for each configuration.
    #[must_use]
    pub const fn with_crypto(self, crypto: Crypto) -> Self {
        Self { crypto, ..self }
    }

    /// With stacks as large as ML-KEM needs. `stack` runs what it is given with so many bytes of stack,
    /// or gives an error.
    #[must_use]
    pub const fn with_stack(self, stack: Stack) -> Self {
        let x25519_mlkem768 = mlkem::X25519MlKem768::new(self.random, stack);
        Self {
            x25519_mlkem768,
            ..self
        }
    }

    /// The cryptography for a configuration.
    pub(crate) fn crypto(&'static self) -> Result<Set, Error> {
        (self.crypto)(self)
    }

    /// Runs `work`, which allocates at most `need` bytes without being able to fail, and whose
    /// cryptography cannot say that it does.
    pub(crate) fn promise<T>(&self, need: usize, work: impl FnOnce() -> T) -> Result<T, Error> {
        let failures = cng::failures();
        let mut work = Some(work);
        let mut done = None;
        (self.reserve)(need, &mut || done = work.take().map(|work| work()))
            .map_err(|_| error::no_memory())?;
        if cng::failures() != failures {
            return Err(cng::failure());
        }
        done.ok_or(error::no_memory())
    }

    pub(crate) const fn wall(&self) -> WallClock {
        self.unix_time
    }

    pub(crate) fn groups(&'static self) -> [&'static dyn SupportedKxGroup; 3] {
        [&self.x25519, &self.p256, &self.p384]
    }

    /// What is offered to nobody else than a policy that names it.
    pub(crate) fn groups_on_request(&'static self) -> [&'static dyn SupportedKxGroup; 1] {
        [&self.x25519_mlkem768]
    }
}

fn at_once(_: usize, work: &mut dyn FnMut()) -> Result<(), Error> {
    work();
    Ok(())
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
