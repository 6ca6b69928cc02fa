//! Record protection of TLS 1.3 (RFC 8446 section 5.2). Records are opened in place.

use alloc::boxed::Box;
use core::marker::PhantomData;

use aes_gcm::aead::{AeadInPlace, KeyInit};
use rustls::ConnectionTrafficSecrets;
use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, MessageDecrypter, MessageEncrypter,
    NONCE_LEN, Nonce, OutboundOpaqueMessage, OutboundPlainMessage, PrefixedPayload,
    Tls13AeadAlgorithm, UnsupportedOperationError, make_tls13_aad,
};
use rustls::{ContentType, Error, ProtocolVersion};

use super::cng::doubt;

pub(crate) const TAG: usize = 16;

/// A key of an AEAD with the nonce and the tag of TLS.
pub(crate) trait Cipher: Sized + Send + Sync + 'static {
    /// Bytes of the key.
    const KEY: usize;

    /// `None` if the key has another length, or there is no memory for it.
    fn new(key: &[u8]) -> Option<Self>;

    /// Encrypts `text` in place; gives the tag.
    fn seal(&mut self, nonce: &[u8; NONCE_LEN], aad: &[u8], text: &mut [u8]) -> Option<[u8; TAG]>;

    /// Decrypts `text` in place, if `tag` is right.
    fn open(
        &mut self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        text: &mut [u8],
        tag: &[u8; TAG],
    ) -> Option<()>;

    /// The keys in the form in which a record layer outside rustls takes them.
    fn secrets(key: AeadKey, iv: Iv) -> ConnectionTrafficSecrets;
}

macro_rules! ciphers {
    ($($cipher:ty, $key:literal, $secrets:ident;)*) => {$(
        impl Cipher for $cipher {
            const KEY: usize = $key;

            fn new(key: &[u8]) -> Option<Self> {
                Self::new_from_slice(key).ok()
            }

            fn seal(
                &mut self,
                nonce: &[u8; NONCE_LEN],
                aad: &[u8],
                text: &mut [u8],
            ) -> Option<[u8; TAG]> {
                let tag = self.encrypt_in_place_detached(nonce.into(), aad, text);
                tag.ok().map(Into::into)
            }

            fn open(
                &mut self,
                nonce: &[u8; NONCE_LEN],
                aad: &[u8],
                text: &mut [u8],
                tag: &[u8; TAG],
            ) -> Option<()> {
                self.decrypt_in_place_detached(nonce.into(), aad, text, tag.into())
                    .ok()
            }

            fn secrets(key: AeadKey, iv: Iv) -> ConnectionTrafficSecrets {
                ConnectionTrafficSecrets::$secrets { key, iv }
            }
        }
    )*};
}

ciphers! {
    aes_gcm::Aes128Gcm, 16, Aes128Gcm;
    aes_gcm::Aes256Gcm, 32, Aes256Gcm;
    chacha20poly1305::ChaCha20Poly1305, 32, Chacha20Poly1305;
}

/// Seals `payload[prefix..]` in place and appends the tag. rustls unwraps what an encrypter gives, so
/// there is no error: where there is no cipher, or it fails, the plaintext is overwritten with zeros, and
/// what was made is in doubt.
pub(crate) fn seal(
    cipher: Option<&mut impl Cipher>,
    nonce: &Nonce,
    aad: &[u8],
    payload: &mut PrefixedPayload,
    prefix: usize,
) {
    let plain = payload.as_mut().get_mut(prefix..).unwrap_or_default();
    let sealed = cipher.and_then(|cipher| cipher.seal(&nonce.0, aad, plain));
    let tag = sealed.unwrap_or_else(|| {
        plain.fill(0);
        doubt();
        [0; TAG]
    });
    payload.extend_from_slice(&tag);
}

/// Opens `sealed`, a ciphertext and its tag, in place; gives the length of the plaintext.
pub(crate) fn open(
    cipher: Option<&mut impl Cipher>,
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
        .open(&nonce.0, aad, text, &tag)
        .ok_or(Error::DecryptError)?;
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
        A::KEY
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
    /// None, and so nothing sealed or opened, if there was no making it of the key.
    cipher: Option<A>,
    iv: Iv,
}

impl<A: Cipher> Keyed<A> {
    fn new(key: &AeadKey, iv: Iv) -> Self {
        Self {
            cipher: A::new(key.as_ref()),
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
            self.cipher.as_mut(),
            &Nonce::new(&self.iv, seq),
            &make_tls13_aad(total),
            &mut payload,
            0,
        );
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
            self.cipher.as_mut(),
            &Nonce::new(&self.iv, seq),
            &aad,
            payload,
        )?;
        payload.truncate(length);
        msg.into_tls13_unpadded_message()
    }
}
