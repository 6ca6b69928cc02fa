//! Signatures with a client's key.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use der::Decode;
use ed25519_dalek::Signer as _;
use p256::elliptic_curve::rand_core::{CryptoRng, Error as RandomError, RngCore};
use p256::pkcs8::{DecodePrivateKey, PrivateKeyInfo};
use p384::ecdsa::signature::hazmat::PrehashSigner;
use rsa::pkcs1::EncodeRsaPublicKey;
use rsa::{Pkcs1v15Sign, Pss, RsaPrivateKey};
use rustls::sign::{Signer, SigningKey, public_key_to_spki};
use rustls::{Error, SignatureAlgorithm, SignatureScheme};
use rustls_pki_types::{SubjectPublicKeyInfoDer, alg_id};
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::{random, verify};
use crate::platform::{Platform, Random};

/// A private key, overwritten when it is dropped.
pub(crate) enum PrivateKey {
    Rsa(RsaPrivateKey),
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    Ed25519(ed25519_dalek::SigningKey),
}

impl PrivateKey {
    /// The key in `der`, PKCS#8. `None` if it is malformed, of another kind, or RSA of a size that is
    /// not accepted.
    pub(crate) fn from_pkcs8(der: &[u8]) -> Option<Self> {
        if let Ok(key) = p256::ecdsa::SigningKey::from_pkcs8_der(der) {
            return Some(Self::P256(key));
        }
        if let Ok(key) = p384::ecdsa::SigningKey::from_pkcs8_der(der) {
            return Some(Self::P384(key));
        }
        if let Ok(key) = ed25519_dalek::SigningKey::from_pkcs8_der(der) {
            return Some(Self::Ed25519(key));
        }
        if !is_bounded_rsa(der)? {
            return None;
        }
        let key = RsaPrivateKey::from_pkcs8_der(der).ok()?;
        // Factors that are no primes make signatures that the crate finds to be wrong.
        key.sign(Pkcs1v15Sign::new::<Sha256>(), &[0; 32]).ok()?;
        Some(Self::Rsa(key))
    }

    pub(crate) fn signing_key(self, platform: &'static Platform) -> Arc<dyn SigningKey> {
        Arc::new(Key(Arc::new(Inner {
            key: self,
            random: platform.random(),
        })))
    }
}

/// Whether what the RSA key in `der` makes the rsa crate do ends in time: it takes two factors for
/// primes of about the same size, and subtracts one from the other until the sign changes.
fn is_bounded_rsa(der: &[u8]) -> Option<bool> {
    let key = PrivateKeyInfo::from_der(der).ok()?;
    let key = rsa::pkcs1::RsaPrivateKey::from_der(key.private_key).ok()?;
    let (n, d) = (
        verify::rsa_bits(key.modulus)?,
        verify::rsa_bits(key.private_exponent)?,
    );
    let (p, q) = (verify::rsa_bits(key.prime1)?, verify::rsa_bits(key.prime2)?);
    Some(verify::is_rsa_size(n) && d <= n && [p, q] == [n / 2; 2] && key.prime1 != key.prime2)
}

struct Inner {
    key: PrivateKey,
    random: Random,
}

struct Key(Arc<Inner>);

impl SigningKey for Key {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let scheme = self
            .0
            .key
            .schemes()
            .iter()
            .copied()
            .find(|scheme| offered.contains(scheme))?;
        Some(Box::new(OneSignature {
            key: Arc::clone(&self.0),
            scheme,
        }))
    }

    fn public_key(&self) -> Option<SubjectPublicKeyInfoDer<'_>> {
        Some(match &self.0.key {
            PrivateKey::Rsa(key) => {
                let key = key.to_public_key().to_pkcs1_der().ok()?;
                public_key_to_spki(&alg_id::RSA_ENCRYPTION, key.as_bytes())
            }
            PrivateKey::P256(key) => public_key_to_spki(
                &alg_id::ECDSA_P256,
                key.verifying_key().to_encoded_point(false),
            ),
            PrivateKey::P384(key) => public_key_to_spki(
                &alg_id::ECDSA_P384,
                key.verifying_key().to_encoded_point(false),
            ),
            PrivateKey::Ed25519(key) => {
                public_key_to_spki(&alg_id::ED25519, key.verifying_key().as_bytes())
            }
        })
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        match self.0.key {
            PrivateKey::Rsa(_) => SignatureAlgorithm::RSA,
            PrivateKey::P256(_) | PrivateKey::P384(_) => SignatureAlgorithm::ECDSA,
            PrivateKey::Ed25519(_) => SignatureAlgorithm::ED25519,
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

impl PrivateKey {
    /// Best first. TLS 1.3 takes no PKCS#1 v1.5, and rustls offers none of it there.
    const fn schemes(&self) -> &'static [SignatureScheme] {
        match self {
            Self::Rsa(_) => &[
                SignatureScheme::RSA_PSS_SHA256,
                SignatureScheme::RSA_PSS_SHA384,
                SignatureScheme::RSA_PSS_SHA512,
                SignatureScheme::RSA_PKCS1_SHA256,
                SignatureScheme::RSA_PKCS1_SHA384,
                SignatureScheme::RSA_PKCS1_SHA512,
            ],
            Self::P256(_) => &[SignatureScheme::ECDSA_NISTP256_SHA256],
            Self::P384(_) => &[SignatureScheme::ECDSA_NISTP384_SHA384],
            Self::Ed25519(_) => &[SignatureScheme::ED25519],
        }
    }
}

struct OneSignature {
    key: Arc<Inner>,
    scheme: SignatureScheme,
}

impl Signer for OneSignature {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        match &self.key.key {
            PrivateKey::Rsa(key) => self.rsa(key, message),
            PrivateKey::P256(key) => {
                let signature: Result<p256::ecdsa::Signature, _> =
                    key.sign_prehash(&Sha256::digest(message));
                signature
                    .map(|signature| signature.to_der().as_bytes().to_vec())
                    .map_err(|_| failed())
            }
            PrivateKey::P384(key) => {
                let signature: Result<p384::ecdsa::Signature, _> =
                    key.sign_prehash(&Sha384::digest(message));
                signature
                    .map(|signature| signature.to_der().as_bytes().to_vec())
                    .map_err(|_| failed())
            }
            PrivateKey::Ed25519(key) => key
                .try_sign(message)
                .map(|signature| signature.to_bytes().to_vec())
                .map_err(|_| failed()),
        }
    }

    fn scheme(&self) -> SignatureScheme {
        self.scheme
    }
}

impl OneSignature {
    fn rsa(&self, key: &RsaPrivateKey, message: &[u8]) -> Result<Vec<u8>, Error> {
        let mut random = Randomness {
            random: self.key.random,
            failed: false,
        };
        let rng = &mut random;
        let signature = match self.scheme {
            SignatureScheme::RSA_PSS_SHA256 => key.sign_with_rng(
                rng,
                Pss::new_with_salt::<Sha256>(32),
                &Sha256::digest(message),
            ),
            SignatureScheme::RSA_PSS_SHA384 => key.sign_with_rng(
                rng,
                Pss::new_with_salt::<Sha384>(48),
                &Sha384::digest(message),
            ),
            SignatureScheme::RSA_PSS_SHA512 => key.sign_with_rng(
                rng,
                Pss::new_with_salt::<Sha512>(64),
                &Sha512::digest(message),
            ),
            SignatureScheme::RSA_PKCS1_SHA256 => {
                key.sign_with_rng(rng, Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(message))
            }
            SignatureScheme::RSA_PKCS1_SHA384 => {
                key.sign_with_rng(rng, Pkcs1v15Sign::new::<Sha384>(), &Sha384::digest(message))
            }
            SignatureScheme::RSA_PKCS1_SHA512 => {
                key.sign_with_rng(rng, Pkcs1v15Sign::new::<Sha512>(), &Sha512::digest(message))
            }
            _ => return Err(failed()),
        };
        if random.failed {
            return Err(Error::FailedToGetRandomBytes);
        }
        signature.map_err(|_| failed())
    }
}

impl fmt::Debug for OneSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.scheme.fmt(f)
    }
}

/// The platform's randomness for [`rsa`], which cannot be told of a failure: it gets zeros then, with
/// which it ends, and what it made of them is thrown away.
struct Randomness {
    random: Random,
    failed: bool,
}

impl RngCore for Randomness {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill_bytes(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_bytes(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        if self.failed || random::fill(self.random, bytes).is_err() {
            self.failed = true;
            bytes.fill(0);
        }
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), RandomError> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl CryptoRng for Randomness {}

fn failed() -> Error {
    Error::General(alloc::string::String::new())
}
