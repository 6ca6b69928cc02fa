//! AEADs.

use rustls::ConnectionTrafficSecrets;
use rustls::crypto::cipher::{AeadKey, Iv, NONCE_LEN};
use wskhttp_core::crypto::{Cipher as _, Primitive, System};

use super::noted;
use crate::crypto::aead13::{Cipher, TAG};

macro_rules! ciphers {
    ($($(#[$doc:meta])* $name:ident, $primitive:ident, $key:literal, $secrets:ident;)*) => {$(
        $(#[$doc])*
        pub(super) struct $name<S: System>(S::Cipher);

        impl<S: System> Cipher for $name<S> {
            const KEY: usize = $key;

            fn new(key: &[u8]) -> Option<Self> {
                if key.len() != Self::KEY {
                    return None;
                }
                noted(S::cipher(Primitive::$primitive, key)).map(Self)
            }

            fn seal(
                &mut self,
                nonce: &[u8; NONCE_LEN],
                aad: &[u8],
                text: &mut [u8],
            ) -> Option<[u8; TAG]> {
                noted(self.0.seal(nonce, aad, text))
            }

            fn open(
                &mut self,
                nonce: &[u8; NONCE_LEN],
                aad: &[u8],
                text: &mut [u8],
                tag: &[u8; TAG],
            ) -> Option<()> {
                noted(self.0.open(nonce, aad, text, tag))
            }

            fn secrets(key: AeadKey, iv: Iv) -> ConnectionTrafficSecrets {
                ConnectionTrafficSecrets::$secrets { key, iv }
            }
        }
    )*};
}

ciphers! {
    /// AES-GCM with 128 bits.
    Aes128, AesGcm, 16, Aes128Gcm;
    /// AES-GCM with 256 bits.
    Aes256, AesGcm, 32, Aes256Gcm;
    /// ChaCha20-Poly1305.
    ChaCha20, ChaCha20Poly1305, 32, Chacha20Poly1305;
}
