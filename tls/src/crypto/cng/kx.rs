//! Key exchange.

use alloc::boxed::Box;
use core::fmt;
use core::marker::PhantomData;

use rustls::crypto::{ActiveKeyExchange, SharedSecret, SupportedKxGroup};
use rustls::{Error, NamedGroup, PeerMisbehaved};
use wskhttp_core::crypto::{Failure, KeyPair, Primitive, SECRET, System};
use zeroize::Zeroizing;

use super::noted;

/// A group of `S`.
pub(super) struct Group<S> {
    primitive: Primitive,
    name: NamedGroup,
    system: PhantomData<fn() -> S>,
}

impl<S: System> Group<S> {
    pub(super) const X25519: &'static dyn SupportedKxGroup =
        &Self::new(Primitive::X25519, NamedGroup::X25519);
    pub(super) const P256: &'static dyn SupportedKxGroup =
        &Self::new(Primitive::EcdhP256, NamedGroup::secp256r1);
    pub(super) const P384: &'static dyn SupportedKxGroup =
        &Self::new(Primitive::EcdhP384, NamedGroup::secp384r1);

    const fn new(primitive: Primitive, name: NamedGroup) -> Self {
        Self {
            primitive,
            name,
            system: PhantomData,
        }
    }
}

impl<S> fmt::Debug for Group<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name.fmt(f)
    }
}

impl<S: System> SupportedKxGroup for Group<S> {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let pair = noted(S::key_pair(self.primitive)).ok_or(Error::FailedToGetRandomBytes)?;
        Ok(Box::new(Exchange {
            pair,
            group: self.name,
        }))
    }

    fn name(&self) -> NamedGroup {
        self.name
    }
}

struct Exchange<K> {
    pair: K,
    group: NamedGroup,
}

impl<K: KeyPair> ActiveKeyExchange for Exchange<K> {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        let mut secret = Zeroizing::new([0; SECRET]);
        let Self { pair, group } = *self;
        let agreed = pair.agree(peer, &mut secret);
        let failed = matches!(agreed, Err(Failure::System(_)));
        let shared = noted(agreed).and_then(|bytes| secret.get(..bytes));
        // RFC 8446 section 7.4.2.
        let is_secret =
            |shared: &&[u8]| group != NamedGroup::X25519 || shared.iter().any(|byte| *byte != 0);
        match shared.filter(is_secret) {
            Some(shared) => Ok(SharedSecret::from(shared)),
            None if failed => Err(Error::FailedToGetRandomBytes),
            None => Err(PeerMisbehaved::InvalidKeyShare.into()),
        }
    }

    fn pub_key(&self) -> &[u8] {
        self.pair.public()
    }

    fn group(&self) -> NamedGroup {
        self.group
    }
}
