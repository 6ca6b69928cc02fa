//! X25519MLKEM768 as a server has it, with RustCrypto's ML-KEM.

use ml_kem::ml_kem_768::EncapsulationKey;
use rustls::crypto::{
    ActiveKeyExchange, CompletedKeyExchange, CryptoProvider, SharedSecret, SupportedKxGroup,
};
use rustls::{Error, NamedGroup, ProtocolVersion};

/// With the X25519 and the randomness of `provider`, which is the caller's own.
pub(crate) fn hybrid(provider: fn() -> CryptoProvider) -> &'static dyn SupportedKxGroup {
    Box::leak(Box::new(Hybrid(provider)))
}

#[derive(Debug)]
struct Hybrid(fn() -> CryptoProvider);

impl SupportedKxGroup for Hybrid {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        Err(Error::General("a server's alone".into()))
    }

    fn start_and_complete(&self, peer: &[u8]) -> Result<CompletedKeyExchange, Error> {
        let (key, x25519) = peer.split_at_checked(1184).expect("a share");
        let provider = (self.0)();
        let mut groups = provider.kx_groups.iter();
        let group = groups.find(|group| group.name() == NamedGroup::X25519);
        let x25519 = group.expect("X25519").start_and_complete(x25519)?;
        let key = EncapsulationKey::new(key.try_into().expect("its length")).expect("a key");
        let mut message = [0; 32];
        provider.secure_random.fill(&mut message)?;
        let (ciphertext, secret) = key.encapsulate_deterministic(&message.into());
        Ok(CompletedKeyExchange {
            group: self.name(),
            pub_key: [&ciphertext[..], &x25519.pub_key].concat(),
            secret: SharedSecret::from([&secret[..], x25519.secret.secret_bytes()].concat()),
        })
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519MLKEM768
    }

    fn usable_for_version(&self, version: ProtocolVersion) -> bool {
        version == ProtocolVersion::TLSv1_3
    }
}
