//! Key exchange: X25519 (RFC 7748), ECDH on P-256 and P-384 (RFC 8446 section 4.2.8.2).

use alloc::boxed::Box;

use crrl::p256::{Point, Scalar};
use rustls::crypto::{ActiveKeyExchange, SharedSecret, SupportedKxGroup};
use rustls::{Error, NamedGroup, PeerMisbehaved};
use zeroize::{Zeroize, Zeroizing};

use super::random;
use crate::platform::Random;

/// Tries for a scalar below the order of the group; each fails with a probability of at most 2^-32.
const TRIES: usize = 8;

/// X25519.
#[derive(Debug)]
pub(crate) struct X25519(Random);

impl X25519 {
    pub(crate) const fn new(random: Random) -> Self {
        Self(random)
    }
}

impl SupportedKxGroup for X25519 {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let mut scalar = Zeroizing::new([0; 32]);
        random::fill(self.0, scalar.as_mut_slice())?;
        let public = crrl::x25519::x25519_base(&scalar);
        Ok(Box::new(X25519Exchange { scalar, public }))
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

struct X25519Exchange {
    scalar: Zeroizing<[u8; 32]>,
    public: [u8; 32],
}

impl ActiveKeyExchange for X25519Exchange {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        let secret = Zeroizing::new(x25519(&self.scalar, peer).ok_or_else(bad_share)?);
        Ok(SharedSecret::from(secret.as_slice()))
    }

    fn pub_key(&self) -> &[u8] {
        &self.public
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

/// ECDH on NIST P-256.
#[derive(Debug)]
pub(crate) struct P256(Random);

impl P256 {
    pub(crate) const fn new(random: Random) -> Self {
        Self(random)
    }
}

impl SupportedKxGroup for P256 {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let mut bytes = Zeroizing::new([0; 32]);
        for _ in 0..TRIES {
            random::fill(self.0, bytes.as_mut_slice())?;
            if let Some(scalar) = p256_scalar(&bytes) {
                let public = Point::mulgen(&scalar.0).encode_uncompressed();
                return Ok(Box::new(P256Exchange { scalar, public }));
            }
        }
        Err(Error::FailedToGetRandomBytes)
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::secp256r1
    }
}

struct P256Exchange {
    scalar: P256Scalar,
    public: [u8; 65],
}

impl ActiveKeyExchange for P256Exchange {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        let secret = Zeroizing::new(p256(&self.scalar, peer).ok_or_else(bad_share)?);
        Ok(SharedSecret::from(secret.as_slice()))
    }

    fn pub_key(&self) -> &[u8] {
        &self.public
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::secp256r1
    }
}

/// ECDH on NIST P-384.
#[derive(Debug)]
pub(crate) struct P384(Random);

impl P384 {
    pub(crate) const fn new(random: Random) -> Self {
        Self(random)
    }
}

impl SupportedKxGroup for P384 {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let mut bytes = Zeroizing::new([0; 48]);
        for _ in 0..TRIES {
            random::fill(self.0, bytes.as_mut_slice())?;
            if let Ok(secret) = p384::SecretKey::from_slice(bytes.as_slice()) {
                let public = p384::EncodedPoint::from(secret.public_key());
                return Ok(Box::new(P384Exchange { secret, public }));
            }
        }
        Err(Error::FailedToGetRandomBytes)
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::secp384r1
    }
}

struct P384Exchange {
    secret: p384::SecretKey,
    public: p384::EncodedPoint,
}

impl ActiveKeyExchange for P384Exchange {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        let secret = p384(&self.secret, peer).ok_or_else(bad_share)?;
        Ok(SharedSecret::from(secret.raw_secret_bytes().as_slice()))
    }

    fn pub_key(&self) -> &[u8] {
        self.public.as_bytes()
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::secp384r1
    }
}

/// `None` if the peer's share has a wrong length or yields zero (RFC 8446 section 7.4.2).
fn x25519(scalar: &[u8; 32], peer: &[u8]) -> Option<[u8; 32]> {
    let secret = crrl::x25519::x25519(peer.try_into().ok()?, scalar);
    let bits = secret.iter().fold(0, |bits, byte| bits | byte);
    (bits != 0).then_some(secret)
}

struct P256Scalar(Scalar);

impl Drop for P256Scalar {
    fn drop(&mut self) {
        self.0 = Scalar::ZERO;
        core::hint::black_box(&self.0);
    }
}

/// A big-endian scalar between 1 and the order of the group less 1.
fn p256_scalar(bytes: &[u8; 32]) -> Option<P256Scalar> {
    let mut little = *bytes;
    little.reverse();
    let (scalar, canonical) = Scalar::decode32(&little);
    little.zeroize();
    let scalar = P256Scalar(scalar);
    (canonical & !scalar.0.iszero() != 0).then_some(scalar)
}

/// `None` if the peer's share is not an uncompressed point of the curve.
fn p256(scalar: &P256Scalar, peer: &[u8]) -> Option<[u8; 32]> {
    let peer: &[u8; 65] = peer.try_into().ok()?;
    let mut product = Point::decode(peer)? * scalar.0;
    if product.isneutral() != 0 {
        return None;
    }
    let mut encoded = product.encode_uncompressed();
    product = Point::NEUTRAL;
    core::hint::black_box(&product);
    let x = encoded.get(1..33).and_then(|x| x.try_into().ok());
    encoded.zeroize();
    x
}

/// `None` if the peer's share is not an uncompressed point of the curve.
fn p384(secret: &p384::SecretKey, peer: &[u8]) -> Option<p384::ecdh::SharedSecret> {
    if peer.len() != 97 {
        return None;
    }
    let peer = p384::PublicKey::from_sec1_bytes(peer).ok()?;
    Some(p384::ecdh::diffie_hellman(
        secret.to_nonzero_scalar(),
        peer.as_affine(),
    ))
}

fn bad_share() -> Error {
    PeerMisbehaved::InvalidKeyShare.into()
}
