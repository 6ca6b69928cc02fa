//! Hashes and HMAC.

use alloc::boxed::Box;
use core::marker::PhantomData;

use rustls::crypto::hash::{Context, Hash, HashAlgorithm, Output};
use rustls::crypto::hmac::{Hmac, Key, Tag};
use wskhttp_core::crypto::{Digest, Primitive, System};
use zeroize::Zeroizing;

use super::noted;

/// Most bytes of a digest.
const MOST: usize = 64;

/// A hash function of `S`.
pub(super) struct HashOf<S> {
    primitive: Primitive,
    algorithm: HashAlgorithm,
    bytes: usize,
    system: PhantomData<fn() -> S>,
}

impl<S> HashOf<S> {
    pub(super) const fn new(primitive: Primitive, algorithm: HashAlgorithm, bytes: usize) -> Self {
        Self {
            primitive,
            algorithm,
            bytes,
            system: PhantomData,
        }
    }
}

impl<S: System> Hash for HashOf<S> {
    fn start(&self) -> Box<dyn Context> {
        Box::new(Running {
            digest: noted(S::digest(self.primitive, None)),
            bytes: self.bytes,
        })
    }

    fn hash(&self, data: &[u8]) -> Output {
        let mut context = self.start();
        context.update(data);
        context.finish()
    }

    fn output_len(&self) -> usize {
        self.bytes
    }

    fn algorithm(&self) -> HashAlgorithm {
        self.algorithm
    }
}

struct Running<D> {
    /// None once the system has failed.
    digest: Option<D>,
    bytes: usize,
}

impl<D: Digest> Running<D> {
    fn copy(&self) -> Option<D> {
        self.digest.as_ref().and_then(|digest| noted(digest.fork()))
    }
}

impl<D: Digest> Context for Running<D> {
    fn fork_finish(&self) -> Output {
        output(self.copy(), self.bytes)
    }

    fn fork(&self) -> Box<dyn Context> {
        Box::new(Self {
            digest: self.copy(),
            bytes: self.bytes,
        })
    }

    fn finish(self: Box<Self>) -> Output {
        output(self.digest, self.bytes)
    }

    fn update(&mut self, data: &[u8]) {
        self.digest = self.digest.take().and_then(|digest| added(digest, data));
    }
}

fn added<D: Digest>(mut digest: D, data: &[u8]) -> Option<D> {
    noted(digest.update(data)).map(|()| digest)
}

fn output<D: Digest>(digest: Option<D>, bytes: usize) -> Output {
    let mut room = Zeroizing::new([0; MOST]);
    let room = room.get_mut(..bytes).unwrap_or_default();
    if digest
        .and_then(|digest| noted(digest.finish(room)))
        .is_none()
    {
        room.fill(0);
    }
    Output::new(room)
}

/// A MAC of `S`.
pub(super) struct HmacOf<S> {
    primitive: Primitive,
    bytes: usize,
    system: PhantomData<fn() -> S>,
}

impl<S> HmacOf<S> {
    pub(super) const fn new(primitive: Primitive, bytes: usize) -> Self {
        Self {
            primitive,
            bytes,
            system: PhantomData,
        }
    }
}

impl<S: System> Hmac for HmacOf<S> {
    fn with_key(&self, key: &[u8]) -> Box<dyn Key> {
        // HMAC pads with zeros, so this is the same key; not every system takes none.
        let key = if key.is_empty() { &[0] } else { key };
        Box::new(Keyed {
            mac: noted(S::digest(self.primitive, Some(key))),
            bytes: self.bytes,
        })
    }

    fn hash_output_len(&self) -> usize {
        self.bytes
    }
}

struct Keyed<D> {
    mac: Option<D>,
    bytes: usize,
}

impl<D: Digest> Key for Keyed<D> {
    fn sign_concat(&self, first: &[u8], middle: &[&[u8]], last: &[u8]) -> Tag {
        let mut mac = self.mac.as_ref().and_then(|mac| noted(mac.fork()));
        for part in [first].iter().chain(middle).chain(&[last]) {
            mac = mac.and_then(|mac| added(mac, part));
        }
        let mut room = Zeroizing::new([0; MOST]);
        let room = room.get_mut(..self.bytes).unwrap_or_default();
        if mac.and_then(|mac| noted(mac.finish(room))).is_none() {
            room.fill(0);
        }
        Tag::new(room)
    }

    fn tag_len(&self) -> usize {
        self.bytes
    }
}
