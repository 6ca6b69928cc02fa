//! Record protection of TLS 1.2: AES-GCM (RFC 5288) and ChaCha20-Poly1305 (RFC 7905). Records are
//! opened in place.

use alloc::boxed::Box;
use core::marker::PhantomData;

use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, KeyBlockShape, MessageDecrypter,
    MessageEncrypter, NONCE_LEN, Nonce, OutboundOpaqueMessage, OutboundPlainMessage,
    PrefixedPayload, Tls12AeadAlgorithm, UnsupportedOperationError, make_tls12_aad,
};
use rustls::{ConnectionTrafficSecrets, Error};

use super::aead13::{Cipher, TAG, open, seal};

/// Bytes of the nonce that AES-GCM sends in front of each record (RFC 5288 section 3).
pub(crate) const EXPLICIT: usize = 8;
/// Bytes of the nonce that stay secret.
const SALT: usize = NONCE_LEN - EXPLICIT;
/// Largest plaintext of a record (RFC 5246 section 6.2.1).
const MAX_PLAIN: usize = 1 << 14;

/// TLS 1.2 with the AEAD `A`; `EXPLICIT_NONCE` bytes of its nonce travel with each record.
pub(crate) struct Tls12<A, const EXPLICIT_NONCE: usize>(PhantomData<fn() -> A>);

impl<A, const N: usize> Tls12<A, N> {
    pub(crate) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<A: Cipher, const N: usize> Tls12AeadAlgorithm for Tls12<A, N> {
    fn encrypter(&self, key: AeadKey, iv: &[u8], extra: &[u8]) -> Box<dyn MessageEncrypter> {
        Box::new(Keyed::<A, N>::new(&key, iv, extra))
    }

    fn decrypter(&self, key: AeadKey, iv: &[u8]) -> Box<dyn MessageDecrypter> {
        Box::new(Keyed::<A, N>::new(&key, iv, &[]))
    }

    fn key_block_shape(&self) -> KeyBlockShape {
        KeyBlockShape {
            enc_key_len: A::KEY,
            fixed_iv_len: NONCE_LEN.saturating_sub(N),
            explicit_nonce_len: N,
        }
    }

    fn extract_keys(
        &self,
        key: AeadKey,
        iv: &[u8],
        explicit: &[u8],
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        Ok(A::secrets(key, Iv::new(nonce(iv, explicit))))
    }
}

struct Keyed<A, const N: usize> {
    /// None, and so nothing sealed or opened, if there was no making it of the key.
    cipher: Option<A>,
    iv: Iv,
}

impl<A: Cipher, const N: usize> Keyed<A, N> {
    fn new(key: &AeadKey, iv: &[u8], extra: &[u8]) -> Self {
        Self {
            cipher: A::new(key.as_ref()),
            iv: Iv::new(nonce(iv, extra)),
        }
    }
}

impl<A: Cipher, const N: usize> MessageEncrypter for Keyed<A, N> {
    fn encrypt(
        &mut self,
        msg: OutboundPlainMessage<'_>,
        seq: u64,
    ) -> Result<OutboundOpaqueMessage, Error> {
        let plain = msg.payload.len();
        let mut payload = PrefixedPayload::with_capacity(self.encrypted_payload_len(plain));
        let nonce = Nonce::new(&self.iv, seq);
        if N == EXPLICIT {
            let (_, explicit) = nonce.0.split_at(SALT);
            payload.extend_from_slice(explicit);
        }
        payload.extend_from_chunks(&msg.payload);
        let aad = make_tls12_aad(seq, msg.typ, msg.version, plain);
        seal(self.cipher.as_mut(), &nonce, &aad, &mut payload, N);
        Ok(OutboundOpaqueMessage::new(msg.typ, msg.version, payload))
    }

    fn encrypted_payload_len(&self, payload_len: usize) -> usize {
        payload_len.saturating_add(N + TAG)
    }
}

impl<A: Cipher, const N: usize> MessageDecrypter for Keyed<A, N> {
    fn decrypt<'a>(
        &mut self,
        mut msg: InboundOpaqueMessage<'a>,
        seq: u64,
    ) -> Result<InboundPlainMessage<'a>, Error> {
        let plain = msg
            .payload
            .len()
            .checked_sub(N + TAG)
            .ok_or(Error::DecryptError)?;
        if plain > MAX_PLAIN {
            return Err(Error::PeerSentOversizedRecord);
        }
        let aad = make_tls12_aad(seq, msg.typ, msg.version, plain);
        let (explicit, sealed) = msg
            .payload
            .split_at_mut_checked(N)
            .ok_or(Error::DecryptError)?;
        let nonce = if N == EXPLICIT {
            let (salt, _) = self.iv.as_ref().split_at(SALT);
            Nonce(self::nonce(salt, explicit))
        } else {
            Nonce::new(&self.iv, seq)
        };
        let length = open(self.cipher.as_mut(), &nonce, &aad, sealed)?;
        Ok(msg.into_plain_message_range(N..N + length))
    }
}

/// `front` and `back` in one nonce; what is missing is zero.
fn nonce(front: &[u8], back: &[u8]) -> [u8; NONCE_LEN] {
    let mut all = [0; NONCE_LEN];
    for (to, from) in all.iter_mut().zip(front.iter().chain(back)) {
        *to = *from;
    }
    all
}
