//! Cryptography, in two sets: `rust`, which is RustCrypto and dalek, no C, and [`cng`], which is what
//! the system has.
//!
//! With the flags of the driver's build no SIMD wider than 128 bits is in the first.

mod aead12;
mod aead13;
pub mod cng;
pub mod hash;
pub mod hmac;
pub(crate) mod kx;
pub(crate) mod mlkem;
pub(crate) mod random;
pub(crate) mod sign;
mod suites;
pub mod verify;

use alloc::sync::Arc;
use alloc::vec::Vec;

use aes_gcm::{Aes128Gcm, Aes256Gcm};
use chacha20poly1305::ChaCha20Poly1305;
use rustls::crypto::hash::Hash;
use rustls::crypto::hmac::Hmac;
use rustls::crypto::{CryptoProvider, KeyProvider, SupportedKxGroup};
use rustls::sign::SigningKey;
use rustls::{CipherSuite, Error, SupportedCipherSuite};
use rustls_pki_types::PrivateKeyDer;

use self::aead12::EXPLICIT;
use self::suites::{Primitives, Suites};
use crate::Platform;

/// Cryptography for a configuration.
#[derive(Debug)]
pub struct Set {
    /// In the form of rustls.
    pub provider: CryptoProvider,
    /// Groups for the key exchange that are offered only if a policy names them.
    pub on_request: Vec<&'static dyn SupportedKxGroup>,
    /// Whether nothing else may be used, as the policy `fips` has it.
    pub exclusive: bool,
}

/// The set `rust`.
///
/// # Errors
/// None.
pub fn rust(platform: &'static Platform) -> Result<Set, wskhttp_core::io::Error> {
    Ok(Set {
        provider: provider(platform),
        on_request: on_request(platform),
        exclusive: false,
    })
}

/// The set `rust` over `platform`, for rustls.
#[must_use]
pub fn provider(platform: &'static Platform) -> CryptoProvider {
    CryptoProvider {
        cipher_suites: Vec::from(Suites::<RustCrypto>::ALL),
        kx_groups: Vec::from(platform.groups()),
        signature_verification_algorithms: verify::ALGORITHMS,
        secure_random: platform,
        key_provider: &NoKeys,
    }
}

/// The groups of the set `rust` that [`provider`] leaves out: X25519MLKEM768.
#[must_use]
pub fn on_request(platform: &'static Platform) -> Vec<&'static dyn SupportedKxGroup> {
    Vec::from(platform.groups_on_request())
}

/// Bytes in front of the plaintext in a record of `suite`, after the record's header.
pub(crate) const fn plain_offset(suite: SupportedCipherSuite) -> usize {
    match suite {
        SupportedCipherSuite::Tls12(suite) => match suite.common.suite {
            CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
            | CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 => 0,
            _ => EXPLICIT,
        },
        SupportedCipherSuite::Tls13(_) => 0,
    }
}

/// What RustCrypto brings.
struct RustCrypto;

impl Primitives for RustCrypto {
    const SHA256: &'static dyn Hash = &hash::SHA256;
    const SHA384: &'static dyn Hash = &hash::SHA384;
    const HMAC_SHA256: &'static dyn Hmac = &hmac::HMAC_SHA256;
    const HMAC_SHA384: &'static dyn Hmac = &hmac::HMAC_SHA384;
    type Aes128Gcm = Aes128Gcm;
    type Aes256Gcm = Aes256Gcm;
    type ChaCha20Poly1305 = ChaCha20Poly1305;
}

/// Client certificates come with their keys: [`crate::Identity`].
#[derive(Debug)]
struct NoKeys;

impl KeyProvider for NoKeys {
    fn load_private_key(&self, _key: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, Error> {
        Err(Error::InconsistentKeys(rustls::InconsistentKeys::Unknown))
    }
}
