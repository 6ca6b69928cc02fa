//! X25519MLKEM768 (draft-ietf-tls-ecdhe-mlkem): X25519 and ML-KEM-768 (FIPS 203), of which it is as
//! strong as the stronger. The client's side.

use alloc::boxed::Box;
use core::fmt;

use fips203::SharedSecretKey;
use fips203::ml_kem_768::{CipherText, DecapsKey, EncapsKey, KG};
use fips203::traits::{Decaps, KeyGen, SerDes};
use rustls::crypto::{ActiveKeyExchange, SharedSecret, SupportedKxGroup};
use rustls::{Error, NamedGroup, ProtocolVersion};
use zeroize::Zeroizing;

use super::kx::{X25519, bad_share};
use super::random;
use crate::error::no_stack;
use crate::platform::{Random, Stack};

/// X25519MLKEM768. TLS 1.3 alone has it.
pub(crate) struct X25519MlKem768 {
    random: Random,
    stack: Stack,
    x25519: X25519,
}

/// Bytes of stack that an operation of ML-KEM gets: it uses three quarters, by copies of keys mostly.
const STACK: usize = 36 << 10;

/// Bytes of an encapsulation key, of a ciphertext, of a share of X25519, and of each secret.
const KEY: usize = 1184;
const CIPHERTEXT: usize = 1088;
const X25519_SHARE: usize = 32;
const SECRET: usize = 32;

impl X25519MlKem768 {
    pub(crate) const fn new(random: Random, stack: Stack) -> Self {
        Self {
            random,
            stack,
            x25519: X25519::new(random),
        }
    }
}

impl SupportedKxGroup for X25519MlKem768 {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let mut exchange = Box::new(Exchange {
            stack: self.stack,
            x25519: self.x25519.start()?,
            pair: None,
            share: [0; KEY + X25519_SHARE],
        });
        // d and z of FIPS 203.
        let mut seed = Zeroizing::new([[0; 32]; 2]);
        random::fill(self.random, seed.as_flattened_mut())?;
        let [d, z] = &*seed;
        let mut generate = || exchange.pair = Some(KG::keygen_from_seed(*d, *z));
        (self.stack)(STACK, &mut generate).map_err(|_| no_stack())?;
        exchange.fill_share();
        Ok(exchange)
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519MLKEM768
    }

    fn usable_for_version(&self, version: ProtocolVersion) -> bool {
        version == ProtocolVersion::TLSv1_3
    }
}

impl fmt::Debug for X25519MlKem768 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name().fmt(f)
    }
}

struct Exchange {
    stack: Stack,
    x25519: Box<dyn ActiveKeyExchange>,
    /// Overwrites itself when it is dropped.
    pair: Option<(EncapsKey, DecapsKey)>,
    share: [u8; KEY + X25519_SHARE],
}

impl Exchange {
    fn fill_share(&mut self) {
        if let Some((public, _)) = &self.pair {
            let public = public.clone().into_bytes();
            fill(&mut self.share, &public, self.x25519.pub_key());
        }
    }

    /// A forged ciphertext gives a secret that nobody knows: FIPS 203 section 6.3.
    fn decapsulate(&self, ciphertext: [u8; CIPHERTEXT]) -> Result<SharedSecretKey, Error> {
        let (_, key) = self.pair.as_ref().ok_or_else(bad_share)?;
        CipherText::try_from_bytes(ciphertext)
            .and_then(|ciphertext| key.try_decaps(&ciphertext))
            .map_err(|_| bad_share())
    }
}

impl ActiveKeyExchange for Exchange {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        let (ciphertext, x25519) = peer.split_first_chunk().ok_or_else(bad_share)?;
        if x25519.len() != X25519_SHARE {
            return Err(bad_share());
        }
        let mut secret = Err(no_stack());
        let mut decapsulate = || secret = self.decapsulate(*ciphertext);
        (self.stack)(STACK, &mut decapsulate).map_err(|_| no_stack())?;
        let ml_kem = Zeroizing::new(secret?.into_bytes());
        let x25519 = self.x25519.complete(x25519)?;
        let mut both = Zeroizing::new([0; 2 * SECRET]);
        fill(
            both.as_mut_slice(),
            ml_kem.as_slice(),
            x25519.secret_bytes(),
        );
        Ok(SharedSecret::from(both.as_slice()))
    }

    fn hybrid_component(&self) -> Option<(NamedGroup, &[u8])> {
        Some((self.x25519.group(), self.x25519.pub_key()))
    }

    fn complete_hybrid_component(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        self.x25519.complete(peer)
    }

    fn pub_key(&self) -> &[u8] {
        &self.share
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519MLKEM768
    }
}

/// Writes `first` and then `second`, which ML-KEM's come before X25519's, to `both`.
fn fill(both: &mut [u8], first: &[u8], second: &[u8]) {
    for (to, from) in both.iter_mut().zip(first.iter().chain(second)) {
        *to = *from;
    }
}
