//! Cryptography that the system does: what TLS needs of it, without FFI.

use core::fmt;

use crate::io::{Error, Kind, NtStatus, Phase};

/// A primitive that a system may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Primitive {
    /// SHA-256 (FIPS 180-4).
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
    /// HMAC (FIPS 198-1) with SHA-256.
    HmacSha256,
    /// HMAC with SHA-384.
    HmacSha384,
    /// AES-GCM (SP 800-38D) with keys of 128 and 256 bits.
    AesGcm,
    /// ChaCha20-Poly1305 (RFC 8439).
    ChaCha20Poly1305,
    /// ECDH on P-256 (SP 800-56A).
    EcdhP256,
    /// ECDH on P-384.
    EcdhP384,
    /// X25519 (RFC 7748).
    X25519,
    /// ECDSA on P-256 (FIPS 186-5), verification.
    EcdsaP256,
    /// ECDSA on P-384, verification.
    EcdsaP384,
    /// RSA signatures of PKCS #1 v1.5 and PSS (RFC 8017), verification.
    Rsa,
}

impl Primitive {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Sha256,
        Self::Sha384,
        Self::Sha512,
        Self::HmacSha256,
        Self::HmacSha384,
        Self::AesGcm,
        Self::ChaCha20Poly1305,
        Self::EcdhP256,
        Self::EcdhP384,
        Self::X25519,
        Self::EcdsaP256,
        Self::EcdsaP384,
        Self::Rsa,
    ];

    /// The bit that stands for it in a set of primitives.
    #[must_use]
    pub const fn bit(self) -> u32 {
        1 << self as u8
    }

    /// What people call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
            Self::HmacSha256 => "HMAC-SHA-256",
            Self::HmacSha384 => "HMAC-SHA-384",
            Self::AesGcm => "AES-GCM",
            Self::ChaCha20Poly1305 => "ChaCha20-Poly1305",
            Self::EcdhP256 => "ECDH P-256",
            Self::EcdhP384 => "ECDH P-384",
            Self::X25519 => "X25519",
            Self::EcdsaP256 => "ECDSA P-256",
            Self::EcdsaP384 => "ECDSA P-384",
            Self::Rsa => "RSA",
        }
    }
}

/// What came of a call that did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The input is bad: a forged record or signature, a key that is none.
    Refused,
    /// The system failed, whatever the input.
    System(NtStatus),
}

impl Failure {
    /// The same as an error of phase `Tls`.
    #[must_use]
    pub const fn error(self) -> Error {
        match self {
            Self::Refused => Error::new(
                Phase::Tls,
                Kind::TlsMisbehaved,
                "the system's cryptography refuses what the peer sent",
            ),
            Self::System(status) => Error::with_status(
                Phase::Tls,
                Kind::TlsInternal,
                status,
                "the system's cryptography failed",
            ),
        }
    }
}

/// Bytes of a nonce.
pub const NONCE: usize = 12;
/// Bytes of a tag.
pub const TAG: usize = 16;

/// Cryptography of the system. IRQL of everything: PASSIVE_LEVEL.
pub trait System: fmt::Debug + Send + Sync + 'static {
    /// A hash or a MAC that is being computed.
    type Digest: Digest;
    /// A key of an AEAD.
    type Cipher: Cipher;
    /// A key pair of one exchange.
    type KeyPair: KeyPair;

    /// Whether it has `primitive`.
    fn has(primitive: Primitive) -> bool;

    /// Begins a hash, or with `key` a MAC.
    ///
    /// # Errors
    /// The system's.
    fn digest(primitive: Primitive, key: Option<&[u8]>) -> Result<Self::Digest, Failure>;

    /// The key of an AEAD.
    ///
    /// # Errors
    /// The system's.
    fn cipher(primitive: Primitive, key: &[u8]) -> Result<Self::Cipher, Failure>;

    /// A new key pair for the exchange `primitive`.
    ///
    /// # Errors
    /// The system's.
    fn key_pair(primitive: Primitive) -> Result<Self::KeyPair, Failure>;

    /// Verifies the ECDSA signature of a `digest`: `point` is the public key's coordinates, x and y,
    /// `signature` r and s, all of the curve's length.
    ///
    /// # Errors
    /// The signature is refused, or the system's.
    fn verify_ecdsa(
        primitive: Primitive,
        point: &[u8],
        digest: &[u8],
        signature: &[u8],
    ) -> Result<(), Failure>;

    /// Verifies the RSA signature of a `digest` by the hash function `hash`; the numbers of the key are
    /// big-endian and have no zeros in front. The salt of PSS is as long as the digest.
    ///
    /// # Errors
    /// The signature is refused, or the system's.
    fn verify_rsa(
        key: RsaKey<'_>,
        padding: RsaPadding,
        hash: Primitive,
        digest: &[u8],
        signature: &[u8],
    ) -> Result<(), Failure>;
}

/// The public key of RSA.
#[derive(Clone, Copy, Debug)]
pub struct RsaKey<'a> {
    /// n.
    pub modulus: &'a [u8],
    /// e.
    pub exponent: &'a [u8],
}

/// The two paddings of RSA signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RsaPadding {
    /// RSASSA-PKCS1-v1_5.
    Pkcs1,
    /// RSASSA-PSS.
    Pss,
}

/// A hash or a MAC that is being computed.
pub trait Digest: Sized + Send + Sync + 'static {
    /// Adds `data`.
    ///
    /// # Errors
    /// The system's.
    fn update(&mut self, data: &[u8]) -> Result<(), Failure>;

    /// Another one in the same state.
    ///
    /// # Errors
    /// The system's.
    fn fork(&self) -> Result<Self, Failure>;

    /// Ends it; `output` has the length of the digest.
    ///
    /// # Errors
    /// The system's.
    fn finish(self, output: &mut [u8]) -> Result<(), Failure>;
}

/// A key of an AEAD.
pub trait Cipher: Send + Sync + 'static {
    /// Encrypts `text` in place; gives the tag.
    ///
    /// # Errors
    /// The system's.
    fn seal(
        &mut self,
        nonce: &[u8; NONCE],
        aad: &[u8],
        text: &mut [u8],
    ) -> Result<[u8; TAG], Failure>;

    /// Decrypts `text` in place. It is zero, or as it was, when that fails.
    ///
    /// # Errors
    /// The tag is refused, or the system's.
    fn open(
        &mut self,
        nonce: &[u8; NONCE],
        aad: &[u8],
        text: &mut [u8],
        tag: &[u8; TAG],
    ) -> Result<(), Failure>;
}

/// A key pair of one exchange.
pub trait KeyPair: Send + Sync + 'static {
    /// The public key as TLS sends it: a point without compression, or the u-coordinate of X25519.
    fn public(&self) -> &[u8];

    /// The secret shared with who has the public key `peer`, as TLS has it; gives its length.
    ///
    /// # Errors
    /// `peer` is refused, or the system's.
    fn agree(self, peer: &[u8], secret: &mut [u8; SECRET]) -> Result<usize, Failure>;
}

/// Most bytes of a shared secret.
pub const SECRET: usize = 48;
