//! RSA signatures.

use ::rsa::{BigUint, Pkcs1v15Sign, Pss, RsaPublicKey};
use sha2::{Sha256, Sha384, Sha512};
use wdk_sys::{PVOID, ULONG};
use wskhttp_core::nt::cng::sys::{
    BCRYPT_PAD_PKCS1, BCRYPT_PAD_PSS, BCRYPT_PKCS1_PADDING_INFO, BCRYPT_PSS_PADDING_INFO,
    BCRYPT_RSAPUBLIC_MAGIC,
};

use super::{Done, INVALID_PARAMETER, INVALID_SIGNATURE, text};

/// The key in a BCRYPT_RSAPUBLIC_BLOB.
pub(super) fn import(blob: &[u8]) -> Option<RsaPublicKey> {
    let word = |at: usize| Some(ULONG::from_le_bytes(*blob.get(4 * at..)?.first_chunk()?));
    let (bits, exponent, modulus) = (word(1)?, word(2)? as usize, word(3)? as usize);
    let numbers = blob.get(24..)?;
    if word(0)? != BCRYPT_RSAPUBLIC_MAGIC || numbers.len() != exponent + modulus {
        return None;
    }
    let (e, n) = numbers.split_at(exponent);
    let (n, e) = (BigUint::from_bytes_be(n), BigUint::from_bytes_be(e));
    (n.bits() == bits as usize).then_some(())?;
    RsaPublicKey::new_with_max_size(n, e, 16384).ok()
}

/// # Safety
/// `padding` is what `flags` says.
pub(super) unsafe fn verify(
    key: &RsaPublicKey,
    padding: PVOID,
    flags: ULONG,
    digest: &[u8],
    signature: &[u8],
) -> Done {
    let good = match flags {
        BCRYPT_PAD_PKCS1 => {
            // SAFETY: by the contract.
            let info = unsafe { &*padding.cast::<BCRYPT_PKCS1_PADDING_INFO>() };
            // SAFETY: by the contract.
            let scheme = match unsafe { text(info.pszAlgId) }.as_str() {
                "SHA256" => Pkcs1v15Sign::new::<Sha256>(),
                "SHA384" => Pkcs1v15Sign::new::<Sha384>(),
                "SHA512" => Pkcs1v15Sign::new::<Sha512>(),
                _ => return Err(INVALID_PARAMETER),
            };
            key.verify(scheme, digest, signature)
        }
        BCRYPT_PAD_PSS => {
            // SAFETY: by the contract.
            let info = unsafe { &*padding.cast::<BCRYPT_PSS_PADDING_INFO>() };
            let salt = info.cbSalt as usize;
            // SAFETY: by the contract.
            let scheme = match unsafe { text(info.pszAlgId) }.as_str() {
                "SHA256" => Pss::new_with_salt::<Sha256>(salt),
                "SHA384" => Pss::new_with_salt::<Sha384>(salt),
                "SHA512" => Pss::new_with_salt::<Sha512>(salt),
                _ => return Err(INVALID_PARAMETER),
            };
            key.verify(scheme, digest, signature)
        }
        _ => return Err(INVALID_PARAMETER),
    };
    good.map_err(|_| INVALID_SIGNATURE)
}
