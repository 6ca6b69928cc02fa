//! Record protection of TLS 1.3 (RFC 8446 section 5.2). Records are opened in place.

use alloc::boxed::Box;
use core::marker::PhantomData;

use aes_gcm::aead::consts::{U12, U16};
use aes_gcm::aead::{AeadInPlace, KeyInit};
use rustls::ConnectionTrafficSecrets;
use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, MessageDecrypter, MessageEncrypter,
    Nonce, OutboundOpaqueMessage, OutboundPlainMessage, PrefixedPayload, Tls13AeadAlgorithm,
    UnsupportedOperationError, make_tls13_aad,
};
use rustls::{ContentType, Error, ProtocolVersion};

pub(crate) const TAG: usize = 16;

/// An AEAD with the nonce and the tag of TLS.
pub(crate) trait Cipher:
    AeadInPlace<NonceSize = U12, TagSize = U16> + KeyInit + Send + Sync + 'static
{
    /// The keys in the form in which a record layer outside rustls takes them.
    fn secrets(key: AeadKey, iv: Iv) -> ConnectionTrafficSecrets;
}

impl Cipher for aes_gcm::Aes128Gcm {
    fn secrets(key: AeadKey, iv: Iv) -> ConnectionTrafficSecrets {
        ConnectionTrafficSecrets::Aes128Gcm { key, iv }
    }
}

impl Cipher for aes_gcm::Aes256Gcm {
    fn secrets(key: AeadKey, iv: Iv) -> ConnectionTrafficSecrets {
        ConnectionTrafficSecrets::Aes256Gcm { key, iv }
    }
}

impl Cipher for chacha20poly1305::ChaCha20Poly1305 {
    fn secrets(key: AeadKey, iv: Iv) -> ConnectionTrafficSecrets {
        ConnectionTrafficSecrets::Chacha20Poly1305 { key, iv }
    }
}

/// Seals `parts[prefix..]` in place and appends the tag.
pub(crate) fn seal(
    cipher: Option<&impl Cipher>,
    nonce: &Nonce,
    aad: &[u8],
    payload: &mut PrefixedPayload,
    prefix: usize,
) -> Result<(), Error> {
    let cipher = cipher.ok_or(Error::EncryptError)?;
    let plain = payload
        .as_mut()
        .get_mut(prefix..)
        .ok_or(Error::EncryptError)?;
    let tag = cipher
        .encrypt_in_place_detached(&nonce.0.into(), aad, plain)
        .map_err(|_| Error::EncryptError)?;
    payload.extend_from_slice(&tag);
    Ok(())
}

/// Opens `sealed`, a ciphertext and its tag, in place; gives the length of the plaintext.
pub(crate) fn open(
    cipher: Option<&impl Cipher>,
    nonce: &Nonce,
    aad: &[u8],
    sealed: &mut [u8],
) -> Result<usize, Error> {
    let cipher = cipher.ok_or(Error::DecryptError)?;
    let length = sealed.len().checked_sub(TAG).ok_or(Error::DecryptError)?;
    let (text, tag) = sealed
        .split_at_mut_checked(length)
        .ok_or(Error::DecryptError)?;
    let tag: [u8; TAG] = (&*tag).try_into().map_err(|_| Error::DecryptError)?;
    cipher
        .decrypt_in_place_detached(&nonce.0.into(), aad, text, &tag.into())
        .map_err(|_| Error::DecryptError)?;
    Ok(length)
}

/// TLS 1.3 with the AEAD `A`.
pub(crate) struct Tls13<A>(PhantomData<fn() -> A>);

impl<A> Tls13<A> {
    pub(crate) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<A: Cipher> Tls13AeadAlgorithm for Tls13<A> {
    fn encrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageEncrypter> {
        Box::new(Keyed::<A>::new(&key, iv))
    }

    fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
        Box::new(Keyed::<A>::new(&key, iv))
    }

    fn key_len(&self) -> usize {
        A::key_size()
    }

    fn extract_keys(
        &self,
        key: AeadKey,
        iv: Iv,
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        Ok(A::secrets(key, iv))
    }
}

struct Keyed<A> {
    /// None, and so nothing sealed or opened, if the key has a wrong length.
    cipher: Option<A>,
    iv: Iv,
}

impl<A: Cipher> Keyed<A> {
    fn new(key: &AeadKey, iv: Iv) -> Self {
        Self {
            cipher: A::new_from_slice(key.as_ref()).ok(),
            iv,
        }
    }
}

impl<A: Cipher> MessageEncrypter for Keyed<A> {
    fn encrypt(
        &mut self,
        msg: OutboundPlainMessage<'_>,
        seq: u64,
    ) -> Result<OutboundOpaqueMessage, Error> {
        let total = self.encrypted_payload_len(msg.payload.len());
        let mut payload = PrefixedPayload::with_capacity(total);
        payload.extend_from_chunks(&msg.payload);
        payload.extend_from_slice(&[msg.typ.into()]);
        seal(
            self.cipher.as_ref(),
            &Nonce::new(&self.iv, seq),
            &make_tls13_aad(total),
            &mut payload,
            0,
        )?;
        Ok(OutboundOpaqueMessage::new(
            ContentType::ApplicationData,
            ProtocolVersion::TLSv1_2,
            payload,
        ))
    }

    fn encrypted_payload_len(&self, payload_len: usize) -> usize {
        payload_len.saturating_add(1 + TAG)
    }
}

impl<A: Cipher> MessageDecrypter for Keyed<A> {
    fn decrypt<'a>(
        &mut self,
        mut msg: InboundOpaqueMessage<'a>,
        seq: u64,
    ) -> Result<InboundPlainMessage<'a>, Error> {
        // The type outside is not authenticated by itself, but fixed (RFC 8446 section 5.2).
        if msg.typ != ContentType::ApplicationData {
            return Err(Error::DecryptError);
        }
        let payload = &mut msg.payload;
        let aad = make_tls13_aad(payload.len());
        let length = open(
            self.cipher.as_ref(),
            &Nonce::new(&self.iv, seq),
            &aad,
            payload,
        )?;
        payload.truncate(length);
        msg.into_tls13_unpadded_message()
    }
}
