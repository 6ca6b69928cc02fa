//! What RustCrypto makes of the inputs with which a system is examined. Nothing here depends on which
//! system that is, so there is one copy of it.

use core::ops::Deref;

use ::hmac::Mac;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::elliptic_curve::ecdh::diffie_hellman;
use p256::elliptic_curve::sec1::ToEncodedPoint;
use wskhttp_core::crypto::{Primitive, TAG};
use x25519_dalek::{PublicKey, StaticSecret};

use crate::crypto::aead13::Cipher;

/// Of a key, each byte.
pub(super) const SCALAR: u8 = 0x35;
pub(super) const TEXT: &[u8] = b"whatever is sent";
/// What is signed.
pub(super) const DIGEST: [u8; 32] = [1; 32];

/// Some bytes.
pub(super) struct Bytes {
    bytes: [u8; 97],
    length: usize,
}

impl Bytes {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut own = Self::default();
        own.length = bytes.len().min(own.bytes.len());
        for (to, from) in own.bytes.iter_mut().zip(bytes) {
            *to = *from;
        }
        own
    }
}

impl Default for Bytes {
    fn default() -> Self {
        Self {
            bytes: [0; 97],
            length: 0,
        }
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

/// The MAC of the text, which is also the key.
pub(super) fn mac(primitive: Primitive) -> Option<Bytes> {
    Some(match primitive {
        Primitive::HmacSha256 => {
            let mut mac = ::hmac::Hmac::<sha2::Sha256>::new_from_slice(TEXT).ok()?;
            mac.update(TEXT);
            Bytes::of(&mac.finalize().into_bytes())
        }
        _ => {
            let mut mac = ::hmac::Hmac::<sha2::Sha384>::new_from_slice(TEXT).ok()?;
            mac.update(TEXT);
            Bytes::of(&mac.finalize().into_bytes())
        }
    })
}

/// Seals `text` with the text as further data; gives the tag.
pub(super) fn seal(
    primitive: Primitive,
    key: &[u8],
    nonce: &[u8; 12],
    text: &mut [u8],
) -> Option<[u8; TAG]> {
    match (primitive, key.len()) {
        (Primitive::AesGcm, 16) => {
            <aes_gcm::Aes128Gcm as Cipher>::new(key)?.seal(nonce, TEXT, text)
        }
        (Primitive::AesGcm, _) => <aes_gcm::Aes256Gcm as Cipher>::new(key)?.seal(nonce, TEXT, text),
        _ => <chacha20poly1305::ChaCha20Poly1305 as Cipher>::new(key)?.seal(nonce, TEXT, text),
    }
}

/// A public key, and the secret shared with `peer`.
pub(super) fn agreed(primitive: Primitive, peer: &[u8]) -> Option<(Bytes, Bytes)> {
    Some(match primitive {
        Primitive::EcdhP256 => {
            let own = p256::SecretKey::from_slice(&[SCALAR; 32]).ok()?;
            let peer = p256::PublicKey::from_sec1_bytes(peer).ok()?;
            let secret = diffie_hellman(own.to_nonzero_scalar(), peer.as_affine());
            let public = own.public_key().to_encoded_point(false);
            (
                Bytes::of(public.as_bytes()),
                Bytes::of(secret.raw_secret_bytes()),
            )
        }
        Primitive::EcdhP384 => {
            let own = p384::SecretKey::from_slice(&[SCALAR; 48]).ok()?;
            let peer = p384::PublicKey::from_sec1_bytes(peer).ok()?;
            let secret = diffie_hellman(own.to_nonzero_scalar(), peer.as_affine());
            let public = own.public_key().to_encoded_point(false);
            (
                Bytes::of(public.as_bytes()),
                Bytes::of(secret.raw_secret_bytes()),
            )
        }
        _ => {
            let own = StaticSecret::from([SCALAR; 32]);
            let peer: [u8; 32] = peer.try_into().ok()?;
            let secret = own.diffie_hellman(&PublicKey::from(peer));
            (
                Bytes::of(PublicKey::from(&own).as_bytes()),
                Bytes::of(secret.as_bytes()),
            )
        }
    })
}

/// A public key, and a signature of [`DIGEST`]: r and s.
pub(super) fn signed(primitive: Primitive) -> Option<(Bytes, Bytes)> {
    if primitive == Primitive::EcdsaP256 {
        let key = p256::ecdsa::SigningKey::from_slice(&[SCALAR; 32]).ok()?;
        let point = key.verifying_key().to_encoded_point(false);
        let signature: p256::ecdsa::Signature = key.sign_prehash(&DIGEST).ok()?;
        return Some((
            Bytes::of(point.as_bytes()),
            Bytes::of(&signature.to_bytes()),
        ));
    }
    let key = p384::ecdsa::SigningKey::from_slice(&[SCALAR; 48]).ok()?;
    let point = key.verifying_key().to_encoded_point(false);
    let signature: p384::ecdsa::Signature = key.sign_prehash(&DIGEST).ok()?;
    Some((
        Bytes::of(point.as_bytes()),
        Bytes::of(&signature.to_bytes()),
    ))
}
