//! How a request's TLS servers are judged, and what they are told.

use std::fmt;

use wskhttp_abi::{Tls as Message, TlsFlags};
use zeroize::Zeroizing;

/// How a request's TLS servers are judged, and what they are told. The default is the driver's policy.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct TlsOptions {
    flags: TlsFlags,
    min_version: u16,
    max_version: u16,
    pins: Vec<u8>,
    revocation_lists: Vec<u8>,
    certificate: Vec<u8>,
    key: Zeroizing<Vec<u8>>,
    groups: Vec<u8>,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// TLS 1.2.
    Tls12,
    /// TLS 1.3.
    Tls13,
}

/// What a revocation list is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// What is on it is refused; what no list tells of passes.
    Soft,
    /// A list that has not expired must tell of every certificate but the root.
    Hard,
}

/// What an OCSP response is for that a server staples to its certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stapling {
    /// One that comes must be good.
    Soft,
    /// A good one must come.
    Hard,
}

/// A group for the key exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// X25519.
    X25519,
    /// ECDH on P-256.
    Secp256r1,
    /// ECDH on P-384.
    Secp384r1,
    /// X25519 and ML-KEM-768, which a quantum computer does not break. The driver offers it only to
    /// those who ask.
    X25519MlKem768,
}

impl TlsOptions {
    /// The driver's policy.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts the roots of the request besides the driver's own, not instead of them.
    #[must_use]
    pub fn add_roots(mut self) -> Self {
        self.flags |= TlsFlags::ADD_ROOTS;
        self
    }

    /// Speaks no version that is older.
    #[must_use]
    pub const fn oldest(mut self, version: TlsVersion) -> Self {
        self.min_version = version.number();
        self
    }

    /// Speaks no version that is newer.
    #[must_use]
    pub const fn newest(mut self, version: TlsVersion) -> Self {
        self.max_version = version.number();
        self
    }

    /// Wants a key in the server's chain, the root's included, with this SHA-256 digest of its
    /// SubjectPublicKeyInfo (RFC 7469 section 2.4); called again, with this one or that one.
    #[must_use]
    pub fn pin(mut self, digest: [u8; 32]) -> Self {
        self.pins.extend(digest);
        self
    }

    /// Looks certificates up in the revocation lists of a PEM or DER file; called again, in those too.
    #[must_use]
    pub fn revocation_lists(mut self, file: &[u8], mode: Revocation) -> Self {
        self.flags -= TlsFlags::REVOCATION_SOFT | TlsFlags::REVOCATION_HARD;
        self.flags |= match mode {
            Revocation::Soft => TlsFlags::REVOCATION_SOFT,
            Revocation::Hard => TlsFlags::REVOCATION_HARD,
        };
        self.revocation_lists.extend(file);
        self
    }

    /// Shows a server that asks the first certificate of `chain`, with `key`: a PEM or DER file each, the
    /// key in PKCS#8 without a password.
    #[must_use]
    pub fn client_certificate(mut self, chain: &[u8], key: &[u8]) -> Self {
        self.certificate = chain.into();
        self.key = Zeroizing::new(key.into());
        self
    }

    /// Looks at the OCSP response that the server staples to its certificate.
    #[must_use]
    pub fn stapling(mut self, mode: Stapling) -> Self {
        self.flags -= TlsFlags::STAPLING_SOFT | TlsFlags::STAPLING_HARD;
        self.flags |= match mode {
            Stapling::Soft => TlsFlags::STAPLING_SOFT,
            Stapling::Hard => TlsFlags::STAPLING_HARD,
        };
        self
    }

    /// Offers this group for the key exchange, and none of the driver's; called again, this one, too if the
    /// server takes none of the ones before.
    #[must_use]
    pub fn group(mut self, group: Group) -> Self {
        self.groups.extend(group.number().to_le_bytes());
        self
    }

    /// Keeps the server's certificates for [`Response::peer_certificates`](crate::Response).
    #[must_use]
    pub fn keep_peer(mut self) -> Self {
        self.flags |= TlsFlags::KEEP_PEER;
        self
    }

    /// Whether the server's certificates are kept.
    #[must_use]
    pub const fn keeps_peer(&self) -> bool {
        self.flags.contains(TlsFlags::KEEP_PEER)
    }

    /// As the driver takes it; `None` for its own policy.
    pub(crate) fn message(&self) -> Option<Message<'_>> {
        (*self != Self::default()).then(|| Message {
            flags: self.flags,
            min_version: self.min_version,
            max_version: self.max_version,
            pins: &self.pins,
            revocation_lists: &self.revocation_lists,
            certificate: &self.certificate,
            key: &self.key,
            groups: &self.groups,
        })
    }
}

impl Group {
    const fn number(self) -> u16 {
        match self {
            Self::Secp256r1 => 23,
            Self::Secp384r1 => 24,
            Self::X25519 => 29,
            Self::X25519MlKem768 => 4588,
        }
    }
}

impl TlsVersion {
    const fn number(self) -> u16 {
        match self {
            Self::Tls12 => 0x0303,
            Self::Tls13 => 0x0304,
        }
    }
}

impl fmt::Debug for TlsOptions {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TlsOptions({:?})", self.flags)
    }
}
