//! SHA-256 and SHA-384 as rustls wants them.

use alloc::boxed::Box;
use core::marker::PhantomData;

use rustls::crypto::hash::{Context, Hash, HashAlgorithm, Output};
use sha2::Digest;

/// SHA-256 (FIPS 180-4).
pub static SHA256: HashOf<sha2::Sha256> = HashOf::new(HashAlgorithm::SHA256);
/// SHA-384 (FIPS 180-4).
pub static SHA384: HashOf<sha2::Sha384> = HashOf::new(HashAlgorithm::SHA384);
/// SHA-512 (FIPS 180-4); for signatures only.
pub static SHA512: HashOf<sha2::Sha512> = HashOf::new(HashAlgorithm::SHA512);

/// A hash function of the digest `D`.
pub struct HashOf<D> {
    algorithm: HashAlgorithm,
    digest: PhantomData<fn() -> D>,
}

impl<D> HashOf<D> {
    const fn new(algorithm: HashAlgorithm) -> Self {
        Self {
            algorithm,
            digest: PhantomData,
        }
    }
}

impl<D: Digest + Clone + Send + Sync + 'static> Hash for HashOf<D> {
    fn start(&self) -> Box<dyn Context> {
        Box::new(Running(D::new()))
    }

    fn hash(&self, data: &[u8]) -> Output {
        Output::new(&D::digest(data))
    }

    fn output_len(&self) -> usize {
        <D as Digest>::output_size()
    }

    fn algorithm(&self) -> HashAlgorithm {
        self.algorithm
    }
}

struct Running<D>(D);

impl<D: Digest + Clone + Send + Sync + 'static> Context for Running<D> {
    fn fork_finish(&self) -> Output {
        Output::new(&self.0.clone().finalize())
    }

    fn fork(&self) -> Box<dyn Context> {
        Box::new(Self(self.0.clone()))
    }

    fn finish(self: Box<Self>) -> Output {
        Output::new(&self.0.finalize())
    }

    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }
}
