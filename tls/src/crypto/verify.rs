//! Signature verification, of certificates and of handshakes.

use der::{Decode, SliceReader, asn1::UintRef};
use p384::ecdsa::signature::hazmat::PrehashVerifier;
use rsa::{BigUint, Pkcs1v15Sign, Pss, RsaPublicKey};
use rustls::SignatureScheme;
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::crypto::hash::Hash;
use rustls_pki_types::{
    AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id,
};
use sha2::{Sha256, Sha384, Sha512};

use super::hash::{SHA256, SHA384, SHA512};

/// Smallest RSA modulus in bits.
const RSA_MIN_BITS: usize = 2048;
/// Largest RSA modulus in bits.
const RSA_MAX_BITS: usize = 8192;

/// All algorithms, and which signature scheme of TLS means which. The first schemes are preferred.
pub static ALGORITHMS: WebPkiSupportedAlgorithms = WebPkiSupportedAlgorithms {
    all: &[
        P256_SHA256,
        P256_SHA384,
        P384_SHA256,
        P384_SHA384,
        ED25519,
        PSS_SHA256,
        PSS_SHA384,
        PSS_SHA512,
        PKCS1_SHA256,
        PKCS1_SHA384,
        PKCS1_SHA512,
    ],
    // TLS 1.2 does not bind the curve to the hash; TLS 1.3 does and takes the first only.
    mapping: &[
        (
            SignatureScheme::ECDSA_NISTP256_SHA256,
            &[P256_SHA256, P384_SHA256],
        ),
        (
            SignatureScheme::ECDSA_NISTP384_SHA384,
            &[P384_SHA384, P256_SHA384],
        ),
        (SignatureScheme::ED25519, &[ED25519]),
        (SignatureScheme::RSA_PSS_SHA256, &[PSS_SHA256]),
        (SignatureScheme::RSA_PSS_SHA384, &[PSS_SHA384]),
        (SignatureScheme::RSA_PSS_SHA512, &[PSS_SHA512]),
        (SignatureScheme::RSA_PKCS1_SHA256, &[PKCS1_SHA256]),
        (SignatureScheme::RSA_PKCS1_SHA384, &[PKCS1_SHA384]),
        (SignatureScheme::RSA_PKCS1_SHA512, &[PKCS1_SHA512]),
    ],
};

pub(super) type Algorithm = &'static dyn SignatureVerificationAlgorithm;

/// ECDSA on P-256 with SHA-256.
pub static P256_SHA256: Algorithm = &Verifier {
    key: alg_id::ECDSA_P256,
    signature: alg_id::ECDSA_SHA256,
    check: |key, message, signature| p256(key, SHA256.hash(message).as_ref(), signature),
};
/// ECDSA on P-256 with SHA-384.
pub static P256_SHA384: Algorithm = &Verifier {
    key: alg_id::ECDSA_P256,
    signature: alg_id::ECDSA_SHA384,
    check: |key, message, signature| p256(key, SHA384.hash(message).as_ref(), signature),
};
/// ECDSA on P-384 with SHA-256.
pub static P384_SHA256: Algorithm = &Verifier {
    key: alg_id::ECDSA_P384,
    signature: alg_id::ECDSA_SHA256,
    check: |key, message, signature| p384(key, SHA256.hash(message).as_ref(), signature),
};
/// ECDSA on P-384 with SHA-384.
pub static P384_SHA384: Algorithm = &Verifier {
    key: alg_id::ECDSA_P384,
    signature: alg_id::ECDSA_SHA384,
    check: |key, message, signature| p384(key, SHA384.hash(message).as_ref(), signature),
};
/// Ed25519 (RFC 8032).
pub static ED25519: Algorithm = &Verifier {
    key: alg_id::ED25519,
    signature: alg_id::ED25519,
    check: |key, message, signature| {
        let key = ed25519_dalek::VerifyingKey::from_bytes(key.try_into().ok()?).ok()?;
        let signature = ed25519_dalek::Signature::from_slice(signature).ok()?;
        key.verify_strict(message, &signature).ok()
    },
};
/// RSASSA-PSS with SHA-256 and a salt of 32 bytes.
pub static PSS_SHA256: Algorithm = &Verifier {
    key: alg_id::RSA_ENCRYPTION,
    signature: alg_id::RSA_PSS_SHA256,
    check: |key, message, signature| {
        let digest = SHA256.hash(message);
        pss(
            key,
            Pss::new_with_salt::<Sha256>(32),
            digest.as_ref(),
            signature,
        )
    },
};
/// RSASSA-PSS with SHA-384 and a salt of 48 bytes.
pub static PSS_SHA384: Algorithm = &Verifier {
    key: alg_id::RSA_ENCRYPTION,
    signature: alg_id::RSA_PSS_SHA384,
    check: |key, message, signature| {
        let digest = SHA384.hash(message);
        pss(
            key,
            Pss::new_with_salt::<Sha384>(48),
            digest.as_ref(),
            signature,
        )
    },
};
/// RSASSA-PSS with SHA-512 and a salt of 64 bytes.
pub static PSS_SHA512: Algorithm = &Verifier {
    key: alg_id::RSA_ENCRYPTION,
    signature: alg_id::RSA_PSS_SHA512,
    check: |key, message, signature| {
        let digest = SHA512.hash(message);
        pss(
            key,
            Pss::new_with_salt::<Sha512>(64),
            digest.as_ref(),
            signature,
        )
    },
};
/// RSASSA-PKCS1-v1_5 with SHA-256.
pub static PKCS1_SHA256: Algorithm = &Verifier {
    key: alg_id::RSA_ENCRYPTION,
    signature: alg_id::RSA_PKCS1_SHA256,
    check: |key, message, signature| {
        let digest = SHA256.hash(message);
        pkcs1(
            key,
            Pkcs1v15Sign::new::<Sha256>(),
            digest.as_ref(),
            signature,
        )
    },
};
/// RSASSA-PKCS1-v1_5 with SHA-384.
pub static PKCS1_SHA384: Algorithm = &Verifier {
    key: alg_id::RSA_ENCRYPTION,
    signature: alg_id::RSA_PKCS1_SHA384,
    check: |key, message, signature| {
        let digest = SHA384.hash(message);
        pkcs1(
            key,
            Pkcs1v15Sign::new::<Sha384>(),
            digest.as_ref(),
            signature,
        )
    },
};
/// RSASSA-PKCS1-v1_5 with SHA-512.
pub static PKCS1_SHA512: Algorithm = &Verifier {
    key: alg_id::RSA_ENCRYPTION,
    signature: alg_id::RSA_PKCS1_SHA512,
    check: |key, message, signature| {
        let digest = SHA512.hash(message);
        pkcs1(
            key,
            Pkcs1v15Sign::new::<Sha512>(),
            digest.as_ref(),
            signature,
        )
    },
};

/// Whether a key can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyStrength {
    Enough,
    Weak,
    /// A kind of key that no algorithm here is for, or a malformed one.
    Unknown,
}

/// How strong the key in the SubjectPublicKeyInfo `spki` is.
pub(crate) fn key_strength(spki: &[u8]) -> KeyStrength {
    let Some((algorithm, key)) = der::AnyRef::from_der(spki)
        .ok()
        .and_then(|spki| public_key(spki.value()))
    else {
        return KeyStrength::Unknown;
    };
    if algorithm == alg_id::RSA_ENCRYPTION.as_ref() {
        return match integers(key) {
            Some((n, _)) if rsa_bits(n).is_some_and(is_rsa_size) => KeyStrength::Enough,
            Some(_) => KeyStrength::Weak,
            None => KeyStrength::Unknown,
        };
    }
    let curves = [alg_id::ECDSA_P256, alg_id::ECDSA_P384, alg_id::ED25519];
    if curves.iter().any(|curve| curve.as_ref() == algorithm) {
        KeyStrength::Enough
    } else {
        KeyStrength::Unknown
    }
}

/// The content of an AlgorithmIdentifier, and a key's bytes.
pub(crate) type Key<'a> = (&'a [u8], &'a [u8]);

/// Something signed.
pub(crate) struct Signed<'a> {
    pub(crate) message: &'a [u8],
    /// The content of the AlgorithmIdentifier.
    pub(crate) algorithm: &'a [u8],
    pub(crate) signature: &'a [u8],
}

impl Signed<'_> {
    /// Whether it is signed with the key for `key`, by one of `algorithms`.
    pub(crate) fn is_by(
        &self,
        (kind, key): Key<'_>,
        algorithms: &[&dyn SignatureVerificationAlgorithm],
    ) -> bool {
        algorithms
            .iter()
            .find(|algorithm| {
                *algorithm.signature_alg_id() == *self.algorithm
                    && *algorithm.public_key_alg_id() == *kind
            })
            .is_some_and(|algorithm| {
                algorithm
                    .verify_signature(key, self.message, self.signature)
                    .is_ok()
            })
    }
}

/// The key in the content of a SubjectPublicKeyInfo.
pub(crate) fn public_key(spki: &[u8]) -> Option<Key<'_>> {
    let mut reader = SliceReader::new(spki).ok()?;
    let algorithm = der::AnyRef::decode(&mut reader).ok()?;
    let key = der::asn1::BitStringRef::decode(&mut reader).ok()?;
    Some((algorithm.value(), key.as_bytes()?))
}

pub(super) fn rsa_bits(n: UintRef<'_>) -> Option<usize> {
    let first = n.as_bytes().first()?.leading_zeros();
    n.as_bytes()
        .len()
        .checked_mul(8)?
        .checked_sub(usize::try_from(first).ok()?)
}

pub(crate) fn is_rsa_size(bits: usize) -> bool {
    (RSA_MIN_BITS..=RSA_MAX_BITS).contains(&bits) && bits.is_multiple_of(8)
}

/// Public key, message, signature; `Some` only if the signature is good.
pub(super) type Check = fn(&[u8], &[u8], &[u8]) -> Option<()>;

#[derive(Debug)]
pub(super) struct Verifier {
    pub(super) key: AlgorithmIdentifier,
    pub(super) signature: AlgorithmIdentifier,
    pub(super) check: Check,
}

impl SignatureVerificationAlgorithm for Verifier {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        (self.check)(public_key, message, signature).ok_or(InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.key
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}

fn p256(key: &[u8], digest: &[u8], signature: &[u8]) -> Option<()> {
    let key: &[u8; 65] = key.try_into().ok()?;
    let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(key).ok()?;
    let signature = p256::ecdsa::Signature::from_der(signature).ok()?;
    key.verify_prehash(digest, &signature).ok()
}

fn p384(key: &[u8], digest: &[u8], signature: &[u8]) -> Option<()> {
    let key: &[u8; 97] = key.try_into().ok()?;
    let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(key).ok()?;
    let signature = p384::ecdsa::Signature::from_der(signature).ok()?;
    key.verify_prehash(digest, &signature).ok()
}

fn pss(key: &[u8], scheme: Pss, digest: &[u8], signature: &[u8]) -> Option<()> {
    rsa(key, signature)?.verify(scheme, digest, signature).ok()
}

fn pkcs1(key: &[u8], scheme: Pkcs1v15Sign, digest: &[u8], signature: &[u8]) -> Option<()> {
    rsa(key, signature)?.verify(scheme, digest, signature).ok()
}

/// An RSAPublicKey (RFC 8017 appendix A.1.1) of an acceptable size, its modulus odd and above
/// `signature` (section 5.2.2), which another number would stand for too.
pub(super) fn rsa(key: &[u8], signature: &[u8]) -> Option<RsaPublicKey> {
    let (n, e) = integers(key)?;
    let n = BigUint::from_bytes_be(n.as_bytes());
    let e = BigUint::from_bytes_be(e.as_bytes());
    let odd = n.to_bytes_le().first().is_some_and(|byte| byte & 1 == 1);
    if !odd
        || BigUint::from_bytes_be(signature) >= n
        || !(RSA_MIN_BITS..=RSA_MAX_BITS).contains(&n.bits())
    {
        return None;
    }
    RsaPublicKey::new_with_max_size(n, e, RSA_MAX_BITS).ok()
}

/// The two unsigned INTEGERs of a SEQUENCE, in strict DER.
pub(super) fn integers(bytes: &[u8]) -> Option<(UintRef<'_>, UintRef<'_>)> {
    struct Pair<'a>(UintRef<'a>, UintRef<'a>);
    impl<'a> der::FixedTag for Pair<'a> {
        const TAG: der::Tag = der::Tag::Sequence;
    }
    impl<'a> der::DecodeValue<'a> for Pair<'a> {
        fn decode_value<R: der::Reader<'a>>(
            reader: &mut R,
            header: der::Header,
        ) -> der::Result<Self> {
            reader.read_nested(header.length, |reader| {
                Ok(Self(UintRef::decode(reader)?, UintRef::decode(reader)?))
            })
        }
    }
    let mut reader = SliceReader::new(bytes).ok()?;
    let pair = Pair::decode(&mut reader).ok()?;
    der::Reader::finish(reader, (pair.0, pair.1)).ok()
}
