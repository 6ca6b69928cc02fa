//! HMAC (RFC 2104) with SHA-256 and SHA-384.

use alloc::boxed::Box;
use core::marker::PhantomData;

use hmac::Mac;
use hmac::digest::{KeyInit, Output};
use rustls::crypto::hmac::{Hmac, Key, Tag};
use sha2::Digest;
use zeroize::Zeroize;

/// HMAC-SHA-256.
pub static HMAC_SHA256: HmacOf<hmac::Hmac<sha2::Sha256>, sha2::Sha256> = HmacOf::new();
/// HMAC-SHA-384.
pub static HMAC_SHA384: HmacOf<hmac::Hmac<sha2::Sha384>, sha2::Sha384> = HmacOf::new();

/// The MAC `M` over the digest `D`.
pub struct HmacOf<M, D>(PhantomData<fn() -> (M, D)>);

impl<M, D> HmacOf<M, D> {
    const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<M, D> Hmac for HmacOf<M, D>
where
    M: Mac + KeyInit + Clone + Send + Sync + 'static,
    D: Digest + 'static,
{
    fn with_key(&self, key: &[u8]) -> Box<dyn Key> {
        // The key size of the MAC is the block size of the digest; zeros pad a shorter key and a
        // longer one is hashed, as RFC 2104 section 2 says.
        let mut block = hmac::digest::Key::<M>::default();
        if key.len() > block.len() {
            fill(&mut block, &D::digest(key));
        } else {
            fill(&mut block, key);
        }
        let mac = <M as KeyInit>::new(&block);
        block.zeroize();
        Box::new(Keyed(mac))
    }

    fn hash_output_len(&self) -> usize {
        <D as Digest>::output_size()
    }
}

struct Keyed<M>(M);

impl<M: Mac + Clone + Send + Sync> Key for Keyed<M> {
    fn sign_concat(&self, first: &[u8], middle: &[&[u8]], last: &[u8]) -> Tag {
        let mut mac = self.0.clone();
        mac.update(first);
        for part in middle {
            mac.update(part);
        }
        mac.update(last);
        let mut bytes: Output<M> = mac.finalize().into_bytes();
        let tag = Tag::new(&bytes);
        bytes.zeroize();
        tag
    }

    fn tag_len(&self) -> usize {
        M::output_size()
    }
}

fn fill(block: &mut [u8], key: &[u8]) {
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
}
