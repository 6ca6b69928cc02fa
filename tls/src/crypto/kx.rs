//! Key exchange: X25519 (RFC 7748), ECDH on P-256 and P-384 (RFC 8446 section 4.2.8.2).

use alloc::boxed::Box;
use core::fmt;
use core::marker::PhantomData;

use p256::elliptic_curve::ecdh::diffie_hellman;
use p256::elliptic_curve::generic_array::GenericArray;
use p256::elliptic_curve::generic_array::typenum::Unsigned;
use p256::elliptic_curve::sec1::{
    EncodedPoint, FromEncodedPoint, ModulusSize, ToEncodedPoint, UncompressedPointSize,
};
use p256::elliptic_curve::{AffinePoint, CurveArithmetic, FieldBytesSize, PublicKey, SecretKey};
use p256::{NistP256, elliptic_curve};
use p384::NistP384;
use rustls::crypto::{ActiveKeyExchange, SharedSecret, SupportedKxGroup};
use rustls::{Error, NamedGroup, PeerMisbehaved};
use x25519_dalek::{PublicKey as X25519Public, StaticSecret};
use zeroize::{Zeroize, Zeroizing};

use super::random;
use crate::platform::Random;

/// Tries for a scalar below the order of the group; each fails with a probability below 2^-31.
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
        let mut bytes = Zeroizing::new([0; 32]);
        random::fill(self.0, bytes.as_mut_slice())?;
        let secret = StaticSecret::from(*bytes);
        let public = X25519Public::from(&secret);
        Ok(Box::new(X25519Exchange { secret, public }))
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

struct X25519Exchange {
    secret: StaticSecret,
    public: X25519Public,
}

impl ActiveKeyExchange for X25519Exchange {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        let peer: [u8; 32] = peer.try_into().map_err(|_| bad_share())?;
        let shared = self.secret.diffie_hellman(&X25519Public::from(peer));
        // A secret of zeros is refused: RFC 8446 section 7.4.2.
        if !shared.was_contributory() {
            return Err(bad_share());
        }
        Ok(SharedSecret::from(shared.as_bytes().as_slice()))
    }

    fn pub_key(&self) -> &[u8] {
        self.public.as_bytes()
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

/// A curve of NIST's that TLS has a name for.
pub(crate) trait Nist:
    CurveArithmetic<AffinePoint: FromEncodedPoint<Self> + ToEncodedPoint<Self> + Sync>
    + elliptic_curve::Curve<FieldBytesSize: ModulusSize>
{
    const NAME: NamedGroup;
}

impl Nist for NistP256 {
    const NAME: NamedGroup = NamedGroup::secp256r1;
}

impl Nist for NistP384 {
    const NAME: NamedGroup = NamedGroup::secp384r1;
}

/// ECDH on P-256.
pub(crate) type P256 = Ecdh<NistP256>;
/// ECDH on P-384.
pub(crate) type P384 = Ecdh<NistP384>;

/// ECDH on the curve `C`.
pub(crate) struct Ecdh<C> {
    random: Random,
    curve: PhantomData<fn() -> C>,
}

impl<C> Ecdh<C> {
    pub(crate) const fn new(random: Random) -> Self {
        Self {
            random,
            curve: PhantomData,
        }
    }
}

impl<C: Nist> fmt::Debug for Ecdh<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        C::NAME.fmt(f)
    }
}

impl<C: Nist> SupportedKxGroup for Ecdh<C> {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let mut bytes = GenericArray::<u8, FieldBytesSize<C>>::default();
        for _ in 0..TRIES {
            random::fill(self.random, &mut bytes)?;
            let secret = SecretKey::<C>::from_bytes(&bytes);
            bytes.zeroize();
            if let Ok(secret) = secret {
                let public = secret.public_key().to_encoded_point(false);
                return Ok(Box::new(EcdhExchange { secret, public }));
            }
        }
        Err(Error::FailedToGetRandomBytes)
    }

    fn name(&self) -> NamedGroup {
        C::NAME
    }
}

struct EcdhExchange<C: Nist> {
    secret: SecretKey<C>,
    public: EncodedPoint<C>,
}

impl<C: Nist> ActiveKeyExchange for EcdhExchange<C>
where
    AffinePoint<C>: FromEncodedPoint<C> + ToEncodedPoint<C>,
{
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        // The only form that TLS 1.3 knows, and the only one that we offer in TLS 1.2.
        if peer.len() != <UncompressedPointSize<C> as Unsigned>::USIZE {
            return Err(bad_share());
        }
        let peer = PublicKey::<C>::from_sec1_bytes(peer).map_err(|_| bad_share())?;
        let shared = diffie_hellman(self.secret.to_nonzero_scalar(), peer.as_affine());
        Ok(SharedSecret::from(shared.raw_secret_bytes().as_slice()))
    }

    fn pub_key(&self) -> &[u8] {
        self.public.as_bytes()
    }

    fn group(&self) -> NamedGroup {
        C::NAME
    }
}

pub(super) fn bad_share() -> Error {
    PeerMisbehaved::InvalidKeyShare.into()
}
