//! The set `rust`, as the vectors want it.

use std::cell::RefCell;
use std::time::Duration;

use aes_gcm::aead::{AeadInPlace, KeyInit};
use aes_gcm::{Aes128Gcm, Aes256Gcm};
use chacha20poly1305::ChaCha20Poly1305;
use rustls::NamedGroup;
use rustls::crypto::SupportedKxGroup;
use rustls::crypto::hmac::Hmac;
use rustls::pki_types::SignatureVerificationAlgorithm;
use wskhttp_core::io::{Error, Kind, Phase};
use wskhttp_tls::Platform;
use wskhttp_tls::crypto::{self, hmac};

#[derive(Clone, Copy)]
pub(crate) enum Aead {
    AesGcm,
    ChaCha20Poly1305,
}

pub(crate) fn group(name: NamedGroup) -> &'static dyn SupportedKxGroup {
    crypto::provider(&PLATFORM)
        .kx_groups
        .into_iter()
        .find(|group| group.name() == name)
        .expect("a group")
}

pub(crate) fn next_private_key(key: &[u8]) {
    SECRET.replace(key.to_vec());
}

type Algorithm = &'static dyn SignatureVerificationAlgorithm;

/// The set's own for one of the set `rust`.
pub(crate) fn algorithm(rust: Algorithm) -> Algorithm {
    rust
}

pub(crate) fn mac(bits: usize, key: &[u8], message: &[u8]) -> Vec<u8> {
    let hmac: &dyn Hmac = match bits {
        256 => &hmac::HMAC_SHA256,
        _ => &hmac::HMAC_SHA384,
    };
    hmac.with_key(key).sign(&[message]).as_ref().to_vec()
}

pub(crate) fn seal(
    aead: Aead,
    key: &[u8],
    nonce: &[u8; 12],
    aad: &[u8],
    text: &mut [u8],
) -> [u8; 16] {
    fn seal<A: AeadInPlace + KeyInit>(
        key: &[u8],
        nonce: &[u8],
        aad: &[u8],
        text: &mut [u8],
    ) -> [u8; 16] {
        let cipher = A::new_from_slice(key).expect("a key");
        let sealed = cipher.encrypt_in_place_detached(nonce.into(), aad, text);
        sealed
            .expect("sealed")
            .as_slice()
            .try_into()
            .expect("16 bytes")
    }
    match (aead, key.len()) {
        (Aead::AesGcm, 16) => seal::<Aes128Gcm>(key, nonce, aad, text),
        (Aead::AesGcm, _) => seal::<Aes256Gcm>(key, nonce, aad, text),
        (Aead::ChaCha20Poly1305, _) => seal::<ChaCha20Poly1305>(key, nonce, aad, text),
    }
}

pub(crate) fn open(
    aead: Aead,
    key: &[u8],
    nonce: &[u8; 12],
    aad: &[u8],
    text: &mut [u8],
    tag: &[u8; 16],
) -> bool {
    fn open<A: AeadInPlace + KeyInit>(
        key: &[u8],
        nonce: &[u8],
        aad: &[u8],
        text: &mut [u8],
        tag: &[u8],
    ) -> bool {
        let cipher = A::new_from_slice(key).expect("a key");
        cipher
            .decrypt_in_place_detached(nonce.into(), aad, text, tag.into())
            .is_ok()
    }
    match (aead, key.len()) {
        (Aead::AesGcm, 16) => open::<Aes128Gcm>(key, nonce, aad, text, tag),
        (Aead::AesGcm, _) => open::<Aes256Gcm>(key, nonce, aad, text, tag),
        (Aead::ChaCha20Poly1305, _) => open::<ChaCha20Poly1305>(key, nonce, aad, text, tag),
    }
}

thread_local! {
    static SECRET: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Its randomness is the vector's private key.
static PLATFORM: Platform = Platform::new(
    |buffer| {
        SECRET.with_borrow(|secret| {
            if secret.len() != buffer.len() {
                return Err(Error::new(Phase::Tls, Kind::TlsInternal, "another length"));
            }
            buffer.copy_from_slice(secret);
            Ok(())
        })
    },
    || Duration::ZERO,
);
