//! Key exchange.

use core::ptr::null_mut;

use super::public_key::{ECC_BLOB, ECC_HEADER, PublicKey, curve};
use super::sys::*;
use super::{STATUS_INVALID_PARAMETER, algorithm, check, length};
use crate::crypto::{Failure, KeyPair, Primitive, SECRET};

/// A key pair of one exchange, in memory of CNG's.
#[derive(Debug)]
pub struct CngKeyPair {
    key: Key,
    primitive: Primitive,
    /// In the form of TLS.
    public: [u8; PUBLIC],
    bytes: usize,
}

/// A point on P-384, in front of it how it is encoded.
const PUBLIC: usize = 1 + 2 * 48;
/// The encoding of a point without compression (SEC 1 section 2.3.3).
const UNCOMPRESSED: u8 = 4;

#[derive(Debug)]
struct Key(BCRYPT_KEY_HANDLE);

// SAFETY: CNG's objects belong to no thread.
unsafe impl Send for Key {}
// SAFETY: nothing is done with a shared reference once the pair is made.
unsafe impl Sync for Key {}

impl CngKeyPair {
    pub(super) fn generate(primitive: Primitive) -> Result<Self, Failure> {
        let (_, coordinate) = curve(primitive)?;
        let bits = match primitive {
            Primitive::X25519 => 255,
            _ => length(8 * coordinate)?,
        };
        let mut handle = null_mut();
        // SAFETY: an open provider, and room for a handle.
        check(unsafe { BCryptGenerateKeyPair(algorithm(primitive)?, &raw mut handle, bits, 0) })?;
        let key = Key(handle);
        // SAFETY: a key pair of ours that is not finished.
        check(unsafe { BCryptFinalizeKeyPair(key.0, 0) })?;
        let mut pair = Self {
            key,
            primitive,
            public: [0; PUBLIC],
            bytes: 0,
        };
        pair.export(coordinate)?;
        Ok(pair)
    }

    fn export(&mut self, coordinate: usize) -> Result<(), Failure> {
        let mut blob = [0; ECC_BLOB];
        let mut written = 0;
        // SAFETY: a finished key pair of ours; a string that ends with zero; writable memory of that
        // length.
        check(unsafe {
            BCryptExportKey(
                self.key.0,
                null_mut(),
                BCRYPT_ECCPUBLIC_BLOB.as_ptr(),
                blob.as_mut_ptr(),
                length(blob.len())?,
                &raw mut written,
                0,
            )
        })?;
        let (prefix, wanted): (&[u8], _) = match self.primitive {
            Primitive::X25519 => (&[], coordinate),
            _ => (&[UNCOMPRESSED], 2 * coordinate),
        };
        let point = (written as usize)
            .checked_sub(ECC_HEADER)
            .filter(|bytes| *bytes >= wanted)
            .and_then(|_| blob.get(ECC_HEADER..ECC_HEADER + wanted))
            .ok_or(Failure::System(STATUS_INVALID_PARAMETER))?;
        for (to, from) in self.public.iter_mut().zip(prefix.iter().chain(point)) {
            *to = *from;
        }
        self.bytes = prefix.len() + wanted;
        Ok(())
    }
}

impl KeyPair for CngKeyPair {
    fn public(&self) -> &[u8] {
        self.public.get(..self.bytes).unwrap_or_default()
    }

    fn agree(self, peer: &[u8], secret: &mut [u8; SECRET]) -> Result<usize, Failure> {
        let coordinates = match (self.primitive, peer) {
            (Primitive::X25519, peer) => peer,
            (_, [UNCOMPRESSED, coordinates @ ..]) => coordinates,
            _ => return Err(Failure::Refused),
        };
        let peer = PublicKey::of_curve(self.primitive, coordinates)?;
        let mut handle = null_mut();
        // SAFETY: a private and a public key of ours, and room for a handle.
        let status = unsafe { BCryptSecretAgreement(self.key.0, peer.0, &raw mut handle, 0) };
        // A share of a small order.
        if status == STATUS_INVALID_PARAMETER {
            return Err(Failure::Refused);
        }
        check(status)?;
        let shared = Shared(handle);
        let mut written = 0;
        // SAFETY: a secret of ours; a string that ends with zero; writable memory of that length.
        check(unsafe {
            BCryptDeriveKey(
                shared.0,
                BCRYPT_KDF_RAW_SECRET.as_ptr(),
                null_mut(),
                secret.as_mut_ptr(),
                length(secret.len())?,
                &raw mut written,
                0,
            )
        })?;
        let (_, coordinate) = curve(self.primitive)?;
        let bytes = written as usize;
        let raw = secret
            .get_mut(..bytes)
            .filter(|_| bytes == coordinate)
            .ok_or(Failure::System(STATUS_INVALID_PARAMETER))?;
        // CNG gives numbers little-endian, as X25519 wants it; of a point TLS takes x big-endian.
        if self.primitive != Primitive::X25519 {
            raw.reverse();
        }
        Ok(bytes)
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        // SAFETY: ours, and used no more.
        let _destroyed = unsafe { BCryptDestroyKey(self.0) };
    }
}

/// A secret that both sides have.
struct Shared(BCRYPT_SECRET_HANDLE);

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: ours, and used no more.
        let _destroyed = unsafe { BCryptDestroySecret(self.0) };
    }
}
