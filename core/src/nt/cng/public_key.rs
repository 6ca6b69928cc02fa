//! Public keys: peers' shares, and the verification of signatures.

use alloc::vec::Vec;
use core::ptr::null_mut;

use wdk_sys::{PVOID, ULONG};

use super::sys::*;
use super::{STATUS_INVALID_PARAMETER, algorithm, check, input, length};
use crate::crypto::{Failure, Primitive, RsaKey, RsaPadding};
use crate::nt::pool::try_extend;

/// A public key, in memory of CNG's.
pub(super) struct PublicKey(pub(super) BCRYPT_KEY_HANDLE);

impl PublicKey {
    /// The point `coordinates`, x and y, on the curve of `primitive`, or the u-coordinate of X25519.
    pub(super) fn of_curve(primitive: Primitive, coordinates: &[u8]) -> Result<Self, Failure> {
        let (magic, bytes) = curve(primitive)?;
        let expected = if primitive == Primitive::X25519 {
            bytes
        } else {
            2 * bytes
        };
        if coordinates.len() != expected {
            return Err(Failure::Refused);
        }
        let mut blob = [0; ECC_BLOB];
        let fields = [magic.to_le_bytes(), length(bytes)?.to_le_bytes()];
        let all = fields.as_flattened().iter().chain(coordinates);
        for (to, from) in blob.iter_mut().zip(all) {
            *to = *from;
        }
        let blob = blob.get(..ECC_HEADER + 2 * bytes).unwrap_or_default();
        Self::import(primitive, BCRYPT_ECCPUBLIC_BLOB, blob)
    }

    fn of_rsa(key: RsaKey<'_>) -> Result<Self, Failure> {
        let bits = key
            .modulus
            .len()
            .saturating_mul(8)
            .saturating_sub(key.modulus.first().map_or(0, |byte| byte.leading_zeros()) as usize);
        let header = BCRYPT_RSAKEY_BLOB {
            Magic: BCRYPT_RSAPUBLIC_MAGIC,
            BitLength: length(bits)?,
            cbPublicExp: length(key.exponent.len())?,
            cbModulus: length(key.modulus.len())?,
            cbPrime1: 0,
            cbPrime2: 0,
        };
        let fields = [
            header.Magic,
            header.BitLength,
            header.cbPublicExp,
            header.cbModulus,
            header.cbPrime1,
            header.cbPrime2,
        ]
        .map(ULONG::to_le_bytes);
        let mut blob = Vec::new();
        for part in [fields.as_flattened(), key.exponent, key.modulus] {
            try_extend(&mut blob, part).map_err(|error| Failure::System(error.raw_status))?;
        }
        Self::import(Primitive::Rsa, BCRYPT_RSAPUBLIC_BLOB, &blob)
    }

    /// What CNG does not take for a key is refused.
    fn import(primitive: Primitive, kind: &[u16], blob: &[u8]) -> Result<Self, Failure> {
        let mut handle = null_mut();
        // SAFETY: an open provider; a string that ends with zero; the blob is only read.
        let status = unsafe {
            BCryptImportKeyPair(
                algorithm(primitive)?,
                null_mut(),
                kind.as_ptr(),
                &raw mut handle,
                input(blob),
                length(blob.len())?,
                0,
            )
        };
        if status == STATUS_INVALID_PARAMETER {
            return Err(Failure::Refused);
        }
        check(status)?;
        Ok(Self(handle))
    }

    fn verify(
        &self,
        padding: PVOID,
        flags: ULONG,
        digest: &[u8],
        signature: &[u8],
    ) -> Result<(), Failure> {
        // SAFETY: a key of ours; `padding` is what `flags` says, by the callers; all is only read.
        let status = unsafe {
            BCryptVerifySignature(
                self.0,
                padding,
                input(digest),
                length(digest.len())?,
                input(signature),
                length(signature.len())?,
                flags,
            )
        };
        // A signature that has another length, or stands for no number of the key's.
        if status == STATUS_INVALID_PARAMETER {
            return Err(Failure::Refused);
        }
        check(status)
    }
}

impl Drop for PublicKey {
    fn drop(&mut self) {
        // SAFETY: ours, and used no more.
        let _destroyed = unsafe { BCryptDestroyKey(self.0) };
    }
}

pub(super) fn verify_ecdsa(
    primitive: Primitive,
    point: &[u8],
    digest: &[u8],
    signature: &[u8],
) -> Result<(), Failure> {
    PublicKey::of_curve(primitive, point)?.verify(null_mut(), 0, digest, signature)
}

pub(super) fn verify_rsa(
    key: RsaKey<'_>,
    padding: RsaPadding,
    hash: Primitive,
    digest: &[u8],
    signature: &[u8],
) -> Result<(), Failure> {
    // Not every implementation looks at the length.
    if signature.len() != key.modulus.len() {
        return Err(Failure::Refused);
    }
    let id = match hash {
        Primitive::Sha256 => BCRYPT_SHA256_ALGORITHM,
        Primitive::Sha384 => BCRYPT_SHA384_ALGORITHM,
        _ => BCRYPT_SHA512_ALGORITHM,
    };
    let public = PublicKey::of_rsa(key)?;
    match padding {
        RsaPadding::Pkcs1 => {
            let mut info = BCRYPT_PKCS1_PADDING_INFO {
                pszAlgId: id.as_ptr(),
            };
            let info = (&raw mut info).cast();
            public.verify(info, BCRYPT_PAD_PKCS1, digest, signature)
        }
        RsaPadding::Pss => {
            let mut info = BCRYPT_PSS_PADDING_INFO {
                pszAlgId: id.as_ptr(),
                cbSalt: length(digest.len())?,
            };
            let info = (&raw mut info).cast();
            public.verify(info, BCRYPT_PAD_PSS, digest, signature)
        }
    }
}

/// What marks a public key of a curve, and the bytes of a coordinate.
pub(super) fn curve(primitive: Primitive) -> Result<(ULONG, usize), Failure> {
    Ok(match primitive {
        Primitive::EcdhP256 => (BCRYPT_ECDH_PUBLIC_P256_MAGIC, 32),
        Primitive::EcdhP384 => (BCRYPT_ECDH_PUBLIC_P384_MAGIC, 48),
        Primitive::X25519 => (BCRYPT_ECDH_PUBLIC_GENERIC_MAGIC, 32),
        Primitive::EcdsaP256 => (BCRYPT_ECDSA_PUBLIC_P256_MAGIC, 32),
        Primitive::EcdsaP384 => (BCRYPT_ECDSA_PUBLIC_P384_MAGIC, 48),
        _ => return Err(Failure::System(STATUS_INVALID_PARAMETER)),
    })
}

/// Bytes of a BCRYPT_ECCKEY_BLOB; the coordinates follow it.
pub(super) const ECC_HEADER: usize = size_of::<BCRYPT_ECCKEY_BLOB>();
/// Most bytes of a curve's public key with it.
pub(super) const ECC_BLOB: usize = ECC_HEADER + 2 * 48;
