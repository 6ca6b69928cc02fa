//! The crypto set `rust`: RustCrypto and dalek, no C.
//!
//! With the flags of the driver's build no SIMD wider than 128 bits is in it.

mod aead12;
mod aead13;
pub mod hash;
pub mod hmac;
pub(crate) mod kx;
pub(crate) mod random;
pub(crate) mod sign;
pub mod verify;

use alloc::sync::Arc;
use alloc::vec::Vec;

use aes_gcm::{Aes128Gcm, Aes256Gcm};
use chacha20poly1305::ChaCha20Poly1305;
use rustls::crypto::tls12::PrfUsingHmac;
use rustls::crypto::tls13::HkdfUsingHmac;
use rustls::crypto::{CipherSuiteCommon, CryptoProvider, KeyExchangeAlgorithm, KeyProvider};
use rustls::sign::SigningKey;
use rustls::{
    CipherSuite, Error, SignatureScheme, SupportedCipherSuite, Tls12CipherSuite, Tls13CipherSuite,
};
use rustls_pki_types::PrivateKeyDer;

use self::aead12::{EXPLICIT, Tls12};
use self::aead13::Tls13;
use crate::Platform;

/// The set over `platform`, for rustls.
#[must_use]
pub fn provider(platform: &'static Platform) -> CryptoProvider {
    CryptoProvider {
        cipher_suites: Vec::from(SUITES),
        kx_groups: Vec::from(platform.groups()),
        signature_verification_algorithms: verify::ALGORITHMS,
        secure_random: platform,
        key_provider: &NoKeys,
    }
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

/// The cipher suites, best first.
static SUITES: [SupportedCipherSuite; 9] = [
    SupportedCipherSuite::Tls13(&TLS13_AES_128_GCM_SHA256),
    SupportedCipherSuite::Tls13(&TLS13_AES_256_GCM_SHA384),
    SupportedCipherSuite::Tls13(&TLS13_CHACHA20_POLY1305_SHA256),
    SupportedCipherSuite::Tls12(&ECDHE_ECDSA_AES_128_GCM_SHA256),
    SupportedCipherSuite::Tls12(&ECDHE_RSA_AES_128_GCM_SHA256),
    SupportedCipherSuite::Tls12(&ECDHE_ECDSA_AES_256_GCM_SHA384),
    SupportedCipherSuite::Tls12(&ECDHE_RSA_AES_256_GCM_SHA384),
    SupportedCipherSuite::Tls12(&ECDHE_ECDSA_CHACHA20_POLY1305_SHA256),
    SupportedCipherSuite::Tls12(&ECDHE_RSA_CHACHA20_POLY1305_SHA256),
];

/// Records under one AES-GCM key (RFC 8446 section 5.5).
const GCM_LIMIT: u64 = 1 << 24;

static TLS13_AES_128_GCM_SHA256: Tls13CipherSuite = Tls13CipherSuite {
    common: CipherSuiteCommon {
        suite: CipherSuite::TLS13_AES_128_GCM_SHA256,
        hash_provider: &hash::SHA256,
        confidentiality_limit: GCM_LIMIT,
    },
    hkdf_provider: &HkdfUsingHmac(&hmac::HMAC_SHA256),
    aead_alg: &Tls13::<Aes128Gcm>::new(),
    quic: None,
};

static TLS13_AES_256_GCM_SHA384: Tls13CipherSuite = Tls13CipherSuite {
    common: CipherSuiteCommon {
        suite: CipherSuite::TLS13_AES_256_GCM_SHA384,
        hash_provider: &hash::SHA384,
        confidentiality_limit: GCM_LIMIT,
    },
    hkdf_provider: &HkdfUsingHmac(&hmac::HMAC_SHA384),
    aead_alg: &Tls13::<Aes256Gcm>::new(),
    quic: None,
};

static TLS13_CHACHA20_POLY1305_SHA256: Tls13CipherSuite = Tls13CipherSuite {
    common: CipherSuiteCommon {
        suite: CipherSuite::TLS13_CHACHA20_POLY1305_SHA256,
        hash_provider: &hash::SHA256,
        confidentiality_limit: u64::MAX,
    },
    hkdf_provider: &HkdfUsingHmac(&hmac::HMAC_SHA256),
    aead_alg: &Tls13::<ChaCha20Poly1305>::new(),
    quic: None,
};

const ECDSA: &[SignatureScheme] = &[
    SignatureScheme::ED25519,
    SignatureScheme::ECDSA_NISTP256_SHA256,
    SignatureScheme::ECDSA_NISTP384_SHA384,
];

const RSA: &[SignatureScheme] = &[
    SignatureScheme::RSA_PSS_SHA256,
    SignatureScheme::RSA_PSS_SHA384,
    SignatureScheme::RSA_PSS_SHA512,
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PKCS1_SHA512,
];

const AES_128_SHA256: CipherSuiteCommon = CipherSuiteCommon {
    suite: CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    hash_provider: &hash::SHA256,
    confidentiality_limit: GCM_LIMIT,
};

const AES_256_SHA384: CipherSuiteCommon = CipherSuiteCommon {
    suite: CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    hash_provider: &hash::SHA384,
    confidentiality_limit: GCM_LIMIT,
};

const CHACHA_SHA256: CipherSuiteCommon = CipherSuiteCommon {
    suite: CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    hash_provider: &hash::SHA256,
    confidentiality_limit: u64::MAX,
};

static ECDHE_ECDSA_AES_128_GCM_SHA256: Tls12CipherSuite = Tls12CipherSuite {
    common: AES_128_SHA256,
    kx: KeyExchangeAlgorithm::ECDHE,
    sign: ECDSA,
    aead_alg: &Tls12::<Aes128Gcm, EXPLICIT>::new(),
    prf_provider: &PrfUsingHmac(&hmac::HMAC_SHA256),
};

static ECDHE_RSA_AES_128_GCM_SHA256: Tls12CipherSuite = Tls12CipherSuite {
    common: CipherSuiteCommon {
        suite: CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        ..AES_128_SHA256
    },
    kx: KeyExchangeAlgorithm::ECDHE,
    sign: RSA,
    aead_alg: &Tls12::<Aes128Gcm, EXPLICIT>::new(),
    prf_provider: &PrfUsingHmac(&hmac::HMAC_SHA256),
};

static ECDHE_ECDSA_AES_256_GCM_SHA384: Tls12CipherSuite = Tls12CipherSuite {
    common: AES_256_SHA384,
    kx: KeyExchangeAlgorithm::ECDHE,
    sign: ECDSA,
    aead_alg: &Tls12::<Aes256Gcm, EXPLICIT>::new(),
    prf_provider: &PrfUsingHmac(&hmac::HMAC_SHA384),
};

static ECDHE_RSA_AES_256_GCM_SHA384: Tls12CipherSuite = Tls12CipherSuite {
    common: CipherSuiteCommon {
        suite: CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        ..AES_256_SHA384
    },
    kx: KeyExchangeAlgorithm::ECDHE,
    sign: RSA,
    aead_alg: &Tls12::<Aes256Gcm, EXPLICIT>::new(),
    prf_provider: &PrfUsingHmac(&hmac::HMAC_SHA384),
};

static ECDHE_ECDSA_CHACHA20_POLY1305_SHA256: Tls12CipherSuite = Tls12CipherSuite {
    common: CHACHA_SHA256,
    kx: KeyExchangeAlgorithm::ECDHE,
    sign: ECDSA,
    aead_alg: &Tls12::<ChaCha20Poly1305, 0>::new(),
    prf_provider: &PrfUsingHmac(&hmac::HMAC_SHA256),
};

static ECDHE_RSA_CHACHA20_POLY1305_SHA256: Tls12CipherSuite = Tls12CipherSuite {
    common: CipherSuiteCommon {
        suite: CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        ..CHACHA_SHA256
    },
    kx: KeyExchangeAlgorithm::ECDHE,
    sign: RSA,
    aead_alg: &Tls12::<ChaCha20Poly1305, 0>::new(),
    prf_provider: &PrfUsingHmac(&hmac::HMAC_SHA256),
};

/// Client certificates come with their keys: [`crate::Identity`].
#[derive(Debug)]
struct NoKeys;

impl KeyProvider for NoKeys {
    fn load_private_key(&self, _key: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, Error> {
        Err(Error::InconsistentKeys(rustls::InconsistentKeys::Unknown))
    }
}
