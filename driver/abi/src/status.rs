//! Counters of the driver.

use crate::{Field, ParseError, VERSION};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Counters of the driver since it started. `_now` values go up and down, `_high` is the highest such
/// value, the others only grow.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Status {
    /// Bytes of this structure.
    pub size: u32,
    /// [`crate::VERSION`].
    pub version: u16,
    /// Zero.
    pub reserved: u16,
    /// Handles open.
    pub handles_now: u32,
    /// Requests under way.
    pub requests_now: u32,
    /// Requests begun.
    pub requests: u64,
    /// Requests that failed.
    pub failures: u64,
    /// Connections made.
    pub connections: u64,
    /// Connections open.
    pub connections_now: u32,
    /// Of them idle in the pool.
    pub idle_now: u32,
    /// Tasks of the executor.
    pub tasks_now: u32,
    /// Operations whose owner is gone and that the network stack has not completed.
    pub orphans_now: u32,
    /// Bytes of nonpaged pool in use.
    pub pool_now: u64,
    /// Highest `pool_now`.
    pub pool_high: u64,
    /// Pool allocations in use.
    pub allocations_now: u64,
    /// Deepest use of a worker's stack in bytes, of 71,680, as seen where memory is allocated.
    pub stack_high: u64,
    /// The policy of cryptography: 0 rust, 1 auto, 2 fips.
    pub crypto: u32,
    /// What the system's own cryptography lacks under auto and fips: bits in the order of
    /// [`Status::PRIMITIVES`].
    pub crypto_missing: u32,
}

impl Status {
    /// All counters zero, `size` and `version` set.
    #[must_use]
    pub fn new() -> Self {
        Self {
            size: SIZE,
            version: VERSION,
            ..Self::default()
        }
    }

    /// Reads the output of [`crate::IOCTL_WSKHTTP_QUERY_STATUS`].
    ///
    /// # Errors
    /// The first field that breaks a rule of this structure.
    pub fn parse(message: &[u8]) -> Result<Self, ParseError> {
        let (status, _) = Self::read_from_prefix(message)
            .map_err(|_| ParseError::too_small("shorter than a status"))?;
        if status.size != SIZE || message.len() != size_of::<Self>() {
            return Err(ParseError::new(Field::Size, "not the output's length"));
        }
        if status.version != VERSION {
            return Err(ParseError::new(Field::Version, "not a version known here"));
        }
        if status.reserved != 0 {
            return Err(ParseError::new(Field::Reserved, "not zero"));
        }
        Ok(status)
    }

    /// The primitives of cryptography.
    pub const PRIMITIVES: [&str; 13] = [
        "SHA-256",
        "SHA-384",
        "SHA-512",
        "HMAC-SHA-256",
        "HMAC-SHA-384",
        "AES-GCM",
        "ChaCha20-Poly1305",
        "ECDH P-256",
        "ECDH P-384",
        "X25519",
        "ECDSA P-256",
        "ECDSA P-384",
        "RSA",
    ];

    /// The name of the policy of cryptography, as the registry has it; empty for one that is not known
    /// here.
    #[must_use]
    pub fn crypto_policy(&self) -> &'static str {
        match self.crypto {
            0 => "rust",
            1 => "auto",
            2 => "fips",
            _ => "",
        }
    }

    /// The names of the primitives in `crypto_missing`.
    pub fn missing_primitives(&self) -> impl Iterator<Item = &'static str> {
        let missing = self.crypto_missing;
        let all = Self::PRIMITIVES.into_iter().enumerate();
        all.filter(move |(bit, _)| missing & (1 << bit) != 0)
            .map(|(_, name)| name)
    }

    /// Every counter with its name, in the order of the fields.
    #[must_use]
    pub fn counters(&self) -> [(&'static str, u64); 13] {
        [
            ("handles_now", self.handles_now.into()),
            ("requests_now", self.requests_now.into()),
            ("requests", self.requests),
            ("failures", self.failures),
            ("connections", self.connections),
            ("connections_now", self.connections_now.into()),
            ("idle_now", self.idle_now.into()),
            ("tasks_now", self.tasks_now.into()),
            ("orphans_now", self.orphans_now.into()),
            ("pool_now", self.pool_now),
            ("pool_high", self.pool_high),
            ("allocations_now", self.allocations_now),
            ("stack_high", self.stack_high),
        ]
    }
}

const SIZE: u32 = 96;
const _: () = assert!(size_of::<Status>() == 96);
