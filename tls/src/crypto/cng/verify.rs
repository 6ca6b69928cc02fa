//! Signature verification.

use core::marker::PhantomData;

use rustls::SignatureScheme;
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls_pki_types::alg_id;
use wskhttp_core::crypto::{Digest, Primitive, RsaKey, RsaPadding, System};

use super::noted;
use crate::crypto::verify::{self, Algorithm, Verifier, integers, rsa};

/// The algorithms of `S`, and unless `EXCLUSIVE` those of RustCrypto where it has none.
pub(super) struct Algorithms<S, const EXCLUSIVE: bool>(PhantomData<fn() -> S>);

/// A digest, and the bytes of it.
type Hashed = ([u8; 64], usize);

impl<S: System, const EXCLUSIVE: bool> Algorithms<S, EXCLUSIVE> {
    /// All that there are.
    pub(super) const AUTO: WebPkiSupportedAlgorithms = WebPkiSupportedAlgorithms {
        all: &[
            Self::P256_SHA256,
            Self::P256_SHA384,
            Self::P384_SHA256,
            Self::P384_SHA384,
            verify::ED25519,
            Self::PSS_SHA256,
            Self::PSS_SHA384,
            Self::PSS_SHA512,
            Self::PKCS1_SHA256,
            Self::PKCS1_SHA384,
            Self::PKCS1_SHA512,
        ],
        mapping: &[
            Self::P256,
            Self::P384,
            (SignatureScheme::ED25519, &[verify::ED25519]),
            (SignatureScheme::RSA_PSS_SHA256, &[Self::PSS_SHA256]),
            (SignatureScheme::RSA_PSS_SHA384, &[Self::PSS_SHA384]),
            (SignatureScheme::RSA_PSS_SHA512, &[Self::PSS_SHA512]),
            (SignatureScheme::RSA_PKCS1_SHA256, &[Self::PKCS1_SHA256]),
            (SignatureScheme::RSA_PKCS1_SHA384, &[Self::PKCS1_SHA384]),
            (SignatureScheme::RSA_PKCS1_SHA512, &[Self::PKCS1_SHA512]),
        ],
    };

    /// Without Ed25519.
    pub(super) const FIPS: WebPkiSupportedAlgorithms = WebPkiSupportedAlgorithms {
        all: &[
            Self::P256_SHA256,
            Self::P256_SHA384,
            Self::P384_SHA256,
            Self::P384_SHA384,
            Self::PSS_SHA256,
            Self::PSS_SHA384,
            Self::PSS_SHA512,
            Self::PKCS1_SHA256,
            Self::PKCS1_SHA384,
            Self::PKCS1_SHA512,
        ],
        mapping: &[
            Self::P256,
            Self::P384,
            (SignatureScheme::RSA_PSS_SHA256, &[Self::PSS_SHA256]),
            (SignatureScheme::RSA_PSS_SHA384, &[Self::PSS_SHA384]),
            (SignatureScheme::RSA_PSS_SHA512, &[Self::PSS_SHA512]),
            (SignatureScheme::RSA_PKCS1_SHA256, &[Self::PKCS1_SHA256]),
            (SignatureScheme::RSA_PKCS1_SHA384, &[Self::PKCS1_SHA384]),
            (SignatureScheme::RSA_PKCS1_SHA512, &[Self::PKCS1_SHA512]),
        ],
    };

    // TLS 1.2 does not bind the curve to the hash; TLS 1.3 does and takes the first only.
    const P256: (SignatureScheme, &'static [Algorithm]) = (
        SignatureScheme::ECDSA_NISTP256_SHA256,
        &[Self::P256_SHA256, Self::P384_SHA256],
    );
    const P384: (SignatureScheme, &'static [Algorithm]) = (
        SignatureScheme::ECDSA_NISTP384_SHA384,
        &[Self::P384_SHA384, Self::P256_SHA384],
    );

    const P256_SHA256: Algorithm = &Verifier {
        key: alg_id::ECDSA_P256,
        signature: alg_id::ECDSA_SHA256,
        check: |key, message, signature| {
            Self::p256(
                Primitive::Sha256,
                verify::P256_SHA256,
                key,
                message,
                signature,
            )
        },
    };
    const P256_SHA384: Algorithm = &Verifier {
        key: alg_id::ECDSA_P256,
        signature: alg_id::ECDSA_SHA384,
        check: |key, message, signature| {
            Self::p256(
                Primitive::Sha384,
                verify::P256_SHA384,
                key,
                message,
                signature,
            )
        },
    };
    const P384_SHA256: Algorithm = &Verifier {
        key: alg_id::ECDSA_P384,
        signature: alg_id::ECDSA_SHA256,
        check: |key, message, signature| {
            Self::p384(
                Primitive::Sha256,
                verify::P384_SHA256,
                key,
                message,
                signature,
            )
        },
    };
    const P384_SHA384: Algorithm = &Verifier {
        key: alg_id::ECDSA_P384,
        signature: alg_id::ECDSA_SHA384,
        check: |key, message, signature| {
            Self::p384(
                Primitive::Sha384,
                verify::P384_SHA384,
                key,
                message,
                signature,
            )
        },
    };
    const PSS_SHA256: Algorithm = &Verifier {
        key: alg_id::RSA_ENCRYPTION,
        signature: alg_id::RSA_PSS_SHA256,
        check: |key, message, signature| {
            let how = (RsaPadding::Pss, Primitive::Sha256);
            Self::rsa(how, verify::PSS_SHA256, key, message, signature)
        },
    };
    const PSS_SHA384: Algorithm = &Verifier {
        key: alg_id::RSA_ENCRYPTION,
        signature: alg_id::RSA_PSS_SHA384,
        check: |key, message, signature| {
            let how = (RsaPadding::Pss, Primitive::Sha384);
            Self::rsa(how, verify::PSS_SHA384, key, message, signature)
        },
    };
    const PSS_SHA512: Algorithm = &Verifier {
        key: alg_id::RSA_ENCRYPTION,
        signature: alg_id::RSA_PSS_SHA512,
        check: |key, message, signature| {
            let how = (RsaPadding::Pss, Primitive::Sha512);
            Self::rsa(how, verify::PSS_SHA512, key, message, signature)
        },
    };
    const PKCS1_SHA256: Algorithm = &Verifier {
        key: alg_id::RSA_ENCRYPTION,
        signature: alg_id::RSA_PKCS1_SHA256,
        check: |key, message, signature| {
            let how = (RsaPadding::Pkcs1, Primitive::Sha256);
            Self::rsa(how, verify::PKCS1_SHA256, key, message, signature)
        },
    };
    const PKCS1_SHA384: Algorithm = &Verifier {
        key: alg_id::RSA_ENCRYPTION,
        signature: alg_id::RSA_PKCS1_SHA384,
        check: |key, message, signature| {
            let how = (RsaPadding::Pkcs1, Primitive::Sha384);
            Self::rsa(how, verify::PKCS1_SHA384, key, message, signature)
        },
    };
    const PKCS1_SHA512: Algorithm = &Verifier {
        key: alg_id::RSA_ENCRYPTION,
        signature: alg_id::RSA_PKCS1_SHA512,
        check: |key, message, signature| {
            let how = (RsaPadding::Pkcs1, Primitive::Sha512);
            Self::rsa(how, verify::PKCS1_SHA512, key, message, signature)
        },
    };

    fn p256(
        hash: Primitive,
        rust: Algorithm,
        key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Option<()> {
        let curve = Primitive::EcdsaP256;
        if Self::leaves(curve, hash) {
            return rust.verify_signature(key, message, signature).ok();
        }
        let signature = p256_numbers(signature)?;
        Self::ecdsa(curve, hash, key, message, &signature)
    }

    fn p384(
        hash: Primitive,
        rust: Algorithm,
        key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Option<()> {
        let curve = Primitive::EcdsaP384;
        if Self::leaves(curve, hash) {
            return rust.verify_signature(key, message, signature).ok();
        }
        let signature = p384_numbers(signature)?;
        Self::ecdsa(curve, hash, key, message, &signature)
    }

    fn ecdsa(
        curve: Primitive,
        hash: Primitive,
        key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Option<()> {
        /// A point without compression, the only form that is taken.
        const UNCOMPRESSED: u8 = 4;
        let [UNCOMPRESSED, point @ ..] = key else {
            return None;
        };
        let (digest, bytes) = Self::hash(hash, message)?;
        let digest = digest.get(..bytes)?;
        noted(S::verify_ecdsa(curve, point, digest, signature))
    }

    fn rsa(
        (padding, hash): (RsaPadding, Primitive),
        rust: Algorithm,
        key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Option<()> {
        if Self::leaves(Primitive::Rsa, hash) {
            return rust.verify_signature(key, message, signature).ok();
        }
        // The same keys are acceptable.
        rsa(key, signature)?;
        let (n, e) = integers(key)?;
        let key = RsaKey {
            modulus: n.as_bytes(),
            exponent: e.as_bytes(),
        };
        let (digest, bytes) = Self::hash(hash, message)?;
        let digest = digest.get(..bytes)?;
        noted(S::verify_rsa(key, padding, hash, digest, signature))
    }

    /// Whether the work is RustCrypto's.
    fn leaves(primitive: Primitive, hash: Primitive) -> bool {
        !(EXCLUSIVE || S::has(primitive) && S::has(hash))
    }

    fn hash(hash: Primitive, message: &[u8]) -> Option<Hashed> {
        let bytes = match hash {
            Primitive::Sha256 => 32,
            Primitive::Sha384 => 48,
            _ => 64,
        };
        let mut digest = noted(S::digest(hash, None))?;
        noted(digest.update(message))?;
        let mut output = [0; 64];
        noted(digest.finish(output.get_mut(..bytes)?))?;
        Some((output, bytes))
    }
}

/// r and s of an Ecdsa-Sig-Value (RFC 3279 section 2.2.3).
fn p256_numbers(der: &[u8]) -> Option<[u8; 64]> {
    Some(
        p256::ecdsa::Signature::from_der(der)
            .ok()?
            .to_bytes()
            .into(),
    )
}

fn p384_numbers(der: &[u8]) -> Option<[u8; 96]> {
    let bytes = p384::ecdsa::Signature::from_der(der).ok()?.to_bytes();
    bytes.as_slice().try_into().ok()
}
