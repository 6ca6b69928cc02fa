//! Cipher suites, of whatever set the primitives are.

use core::marker::PhantomData;

use rustls::crypto::hash::Hash;
use rustls::crypto::hmac::Hmac;
use rustls::crypto::tls12::PrfUsingHmac;
use rustls::crypto::tls13::HkdfUsingHmac;
use rustls::crypto::{CipherSuiteCommon, KeyExchangeAlgorithm};
use rustls::{
    CipherSuite, SignatureScheme, SupportedCipherSuite, Tls12CipherSuite, Tls13CipherSuite,
};

use super::aead12::{EXPLICIT, Tls12};
use super::aead13::{Cipher, Tls13};

/// The primitives of which suites are made.
pub(crate) trait Primitives: 'static {
    const SHA256: &'static dyn Hash;
    const SHA384: &'static dyn Hash;
    const HMAC_SHA256: &'static dyn Hmac;
    const HMAC_SHA384: &'static dyn Hmac;
    type Aes128Gcm: Cipher;
    type Aes256Gcm: Cipher;
    type ChaCha20Poly1305: Cipher;
}

/// The suites of `P`.
pub(crate) struct Suites<P>(PhantomData<P>);

impl<P: Primitives> Suites<P> {
    /// All of them, best first.
    pub(crate) const ALL: [SupportedCipherSuite; 9] = [
        SupportedCipherSuite::Tls13(Self::TLS13_AES_128_GCM_SHA256),
        SupportedCipherSuite::Tls13(Self::TLS13_AES_256_GCM_SHA384),
        SupportedCipherSuite::Tls13(Self::TLS13_CHACHA20_POLY1305_SHA256),
        SupportedCipherSuite::Tls12(Self::ECDHE_ECDSA_AES_128_GCM_SHA256),
        SupportedCipherSuite::Tls12(Self::ECDHE_RSA_AES_128_GCM_SHA256),
        SupportedCipherSuite::Tls12(Self::ECDHE_ECDSA_AES_256_GCM_SHA384),
        SupportedCipherSuite::Tls12(Self::ECDHE_RSA_AES_256_GCM_SHA384),
        SupportedCipherSuite::Tls12(Self::ECDHE_ECDSA_CHACHA20_POLY1305_SHA256),
        SupportedCipherSuite::Tls12(Self::ECDHE_RSA_CHACHA20_POLY1305_SHA256),
    ];

    const TLS13_AES_128_GCM_SHA256: &'static Tls13CipherSuite = &Tls13CipherSuite {
        common: CipherSuiteCommon {
            suite: CipherSuite::TLS13_AES_128_GCM_SHA256,
            hash_provider: P::SHA256,
            confidentiality_limit: GCM_LIMIT,
        },
        hkdf_provider: &HkdfUsingHmac(P::HMAC_SHA256),
        aead_alg: &Tls13::<P::Aes128Gcm>::new(),
        quic: None,
    };

    const TLS13_AES_256_GCM_SHA384: &'static Tls13CipherSuite = &Tls13CipherSuite {
        common: CipherSuiteCommon {
            suite: CipherSuite::TLS13_AES_256_GCM_SHA384,
            hash_provider: P::SHA384,
            confidentiality_limit: GCM_LIMIT,
        },
        hkdf_provider: &HkdfUsingHmac(P::HMAC_SHA384),
        aead_alg: &Tls13::<P::Aes256Gcm>::new(),
        quic: None,
    };

    const TLS13_CHACHA20_POLY1305_SHA256: &'static Tls13CipherSuite = &Tls13CipherSuite {
        common: CipherSuiteCommon {
            suite: CipherSuite::TLS13_CHACHA20_POLY1305_SHA256,
            hash_provider: P::SHA256,
            confidentiality_limit: u64::MAX,
        },
        hkdf_provider: &HkdfUsingHmac(P::HMAC_SHA256),
        aead_alg: &Tls13::<P::ChaCha20Poly1305>::new(),
        quic: None,
    };

    const AES_128_SHA256: CipherSuiteCommon = CipherSuiteCommon {
        suite: CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        hash_provider: P::SHA256,
        confidentiality_limit: GCM_LIMIT,
    };

    const AES_256_SHA384: CipherSuiteCommon = CipherSuiteCommon {
        suite: CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        hash_provider: P::SHA384,
        confidentiality_limit: GCM_LIMIT,
    };

    const CHACHA_SHA256: CipherSuiteCommon = CipherSuiteCommon {
        suite: CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        hash_provider: P::SHA256,
        confidentiality_limit: u64::MAX,
    };

    const ECDHE_ECDSA_AES_128_GCM_SHA256: &'static Tls12CipherSuite = &Tls12CipherSuite {
        common: Self::AES_128_SHA256,
        kx: KeyExchangeAlgorithm::ECDHE,
        sign: ECDSA,
        aead_alg: &Tls12::<P::Aes128Gcm, EXPLICIT>::new(),
        prf_provider: &PrfUsingHmac(P::HMAC_SHA256),
    };

    const ECDHE_RSA_AES_128_GCM_SHA256: &'static Tls12CipherSuite = &Tls12CipherSuite {
        common: CipherSuiteCommon {
            suite: CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
            ..Self::AES_128_SHA256
        },
        kx: KeyExchangeAlgorithm::ECDHE,
        sign: RSA,
        aead_alg: &Tls12::<P::Aes128Gcm, EXPLICIT>::new(),
        prf_provider: &PrfUsingHmac(P::HMAC_SHA256),
    };

    const ECDHE_ECDSA_AES_256_GCM_SHA384: &'static Tls12CipherSuite = &Tls12CipherSuite {
        common: Self::AES_256_SHA384,
        kx: KeyExchangeAlgorithm::ECDHE,
        sign: ECDSA,
        aead_alg: &Tls12::<P::Aes256Gcm, EXPLICIT>::new(),
        prf_provider: &PrfUsingHmac(P::HMAC_SHA384),
    };

    const ECDHE_RSA_AES_256_GCM_SHA384: &'static Tls12CipherSuite = &Tls12CipherSuite {
        common: CipherSuiteCommon {
            suite: CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
            ..Self::AES_256_SHA384
        },
        kx: KeyExchangeAlgorithm::ECDHE,
        sign: RSA,
        aead_alg: &Tls12::<P::Aes256Gcm, EXPLICIT>::new(),
        prf_provider: &PrfUsingHmac(P::HMAC_SHA384),
    };

    const ECDHE_ECDSA_CHACHA20_POLY1305_SHA256: &'static Tls12CipherSuite = &Tls12CipherSuite {
        common: Self::CHACHA_SHA256,
        kx: KeyExchangeAlgorithm::ECDHE,
        sign: ECDSA,
        aead_alg: &Tls12::<P::ChaCha20Poly1305, 0>::new(),
        prf_provider: &PrfUsingHmac(P::HMAC_SHA256),
    };

    const ECDHE_RSA_CHACHA20_POLY1305_SHA256: &'static Tls12CipherSuite = &Tls12CipherSuite {
        common: CipherSuiteCommon {
            suite: CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
            ..Self::CHACHA_SHA256
        },
        kx: KeyExchangeAlgorithm::ECDHE,
        sign: RSA,
        aead_alg: &Tls12::<P::ChaCha20Poly1305, 0>::new(),
        prf_provider: &PrfUsingHmac(P::HMAC_SHA256),
    };
}

/// Records under one AES-GCM key (RFC 8446 section 5.5).
const GCM_LIMIT: u64 = 1 << 24;

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
