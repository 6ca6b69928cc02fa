//! The set `cng` against the vectors of the set `rust`.
#![allow(missing_docs)]

#[path = "../../../tls/tests/vectors/bodies.rs"]
mod bodies;

mod set {
    use std::time::Duration;

    use rustls::NamedGroup;
    use rustls::crypto::{CryptoProvider, SupportedKxGroup};
    use rustls::pki_types::SignatureVerificationAlgorithm;
    use wskhttp_core::crypto::{Cipher, Digest, Primitive, System};
    use wskhttp_core::io::{Error, Kind, Phase};
    use wskhttp_core::nt::cng::Cng;
    use wskhttp_ntsim::bcrypt;
    use wskhttp_tls::Platform;

    #[derive(Clone, Copy)]
    pub(crate) enum Aead {
        AesGcm = Primitive::AesGcm as isize,
        ChaCha20Poly1305 = Primitive::ChaCha20Poly1305 as isize,
    }

    impl From<Aead> for Primitive {
        fn from(aead: Aead) -> Self {
            match aead {
                Aead::AesGcm => Self::AesGcm,
                Aead::ChaCha20Poly1305 => Self::ChaCha20Poly1305,
            }
        }
    }

    pub(crate) fn group(name: NamedGroup) -> &'static dyn SupportedKxGroup {
        let mut groups = provider().kx_groups.into_iter();
        groups.find(|group| group.name() == name).expect("a group")
    }

    pub(crate) fn next_private_key(key: &[u8]) {
        bcrypt::set_private_key(key);
    }

    type Algorithm = &'static dyn SignatureVerificationAlgorithm;

    pub(crate) fn algorithm(rust: Algorithm) -> Algorithm {
        let all = provider().signature_verification_algorithms.all;
        let same = |one: &&Algorithm| {
            one.public_key_alg_id() == rust.public_key_alg_id()
                && one.signature_alg_id() == rust.signature_alg_id()
        };
        *all.iter().find(same).expect("the same algorithm")
    }

    pub(crate) fn mac(bits: usize, key: &[u8], message: &[u8]) -> Vec<u8> {
        wskhttp_cng::open();
        let primitive = match bits {
            256 => Primitive::HmacSha256,
            _ => Primitive::HmacSha384,
        };
        let key = if key.is_empty() { &[0] } else { key };
        let mut mac = Cng::digest(primitive, Some(key)).expect("a MAC");
        mac.update(message).expect("added");
        let mut tag = vec![0; bits / 8];
        mac.finish(&mut tag).expect("finished");
        tag
    }

    pub(crate) fn seal(
        aead: Aead,
        key: &[u8],
        nonce: &[u8; 12],
        aad: &[u8],
        text: &mut [u8],
    ) -> [u8; 16] {
        wskhttp_cng::open();
        let mut key = Cng::cipher(aead.into(), key).expect("a key");
        key.seal(nonce, aad, text).expect("sealed")
    }

    pub(crate) fn open(
        aead: Aead,
        key: &[u8],
        nonce: &[u8; 12],
        aad: &[u8],
        text: &mut [u8],
        tag: &[u8; 16],
    ) -> bool {
        wskhttp_cng::open();
        let mut key = Cng::cipher(aead.into(), key).expect("a key");
        let opened = key.open(nonce, aad, text, tag).is_ok();
        assert!(
            opened || text.iter().all(|byte| *byte == 0),
            "forged text is kept"
        );
        opened
    }

    fn provider() -> CryptoProvider {
        wskhttp_cng::set(&PLATFORM).expect("a set").provider
    }

    static PLATFORM: Platform = Platform::new(
        |_| {
            Err(Error::new(
                Phase::Tls,
                Kind::TlsInternal,
                "it is CNG that has randomness",
            ))
        },
        || Duration::ZERO,
    );
}
