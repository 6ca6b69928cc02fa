//! AEADs.

use aes_gcm::aead::{AeadInPlace, KeyInit};
use aes_gcm::{Aes128Gcm, Aes256Gcm};
use chacha20poly1305::ChaCha20Poly1305;
use wdk_sys::{NTSTATUS, PUCHAR, PVOID, ULONG};
use wskhttp_core::nt::cng::sys::BCRYPT_AUTHENTICATED_CIPHER_MODE_INFO as Info;

use super::{
    AUTH_TAG_MISMATCH, BUFFER_TOO_SMALL, Done, INVALID_HANDLE, INVALID_PARAMETER, NOT_SUPPORTED,
    Object, algorithm, call, destroy, give, input, object, output,
};

pub(super) enum Aead {
    Aes128(Box<Aes128Gcm>),
    Aes256(Box<Aes256Gcm>),
    ChaCha(Box<ChaCha20Poly1305>),
}

impl Aead {
    fn seal(&self, nonce: &[u8; 12], aad: &[u8], text: &mut [u8]) -> Option<[u8; 16]> {
        let nonce = nonce.into();
        match self {
            Self::Aes128(key) => key.encrypt_in_place_detached(nonce, aad, text),
            Self::Aes256(key) => key.encrypt_in_place_detached(nonce, aad, text),
            Self::ChaCha(key) => key.encrypt_in_place_detached(nonce, aad, text),
        }
        .ok()
        .map(Into::into)
    }

    fn open(&self, nonce: &[u8; 12], aad: &[u8], text: &mut [u8], tag: &[u8; 16]) -> bool {
        let (nonce, tag) = (nonce.into(), tag.into());
        match self {
            Self::Aes128(key) => key.decrypt_in_place_detached(nonce, aad, text, tag),
            Self::Aes256(key) => key.decrypt_in_place_detached(nonce, aad, text, tag),
            Self::ChaCha(key) => key.decrypt_in_place_detached(nonce, aad, text, tag),
        }
        .is_ok()
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn BCryptGenerateSymmetricKey(
    provider: PVOID,
    handle: *mut PVOID,
    _: PUCHAR,
    _: ULONG,
    key: PUCHAR,
    key_len: ULONG,
    _: ULONG,
) -> NTSTATUS {
    call("BCryptGenerateSymmetricKey", || {
        // SAFETY: by the contract.
        let (algorithm, key) = unsafe { (algorithm(provider)?, input(key, key_len)) };
        if algorithm.property.is_none() {
            return Err(NOT_SUPPORTED);
        }
        let wrong = |_| INVALID_PARAMETER;
        let aead = match (algorithm.id.as_str(), key.len()) {
            ("AES", 16) => Aead::Aes128(Box::new(KeyInit::new_from_slice(key).map_err(wrong)?)),
            ("AES", 32) => Aead::Aes256(Box::new(KeyInit::new_from_slice(key).map_err(wrong)?)),
            ("CHACHA20_POLY1305", 32) => {
                Aead::ChaCha(Box::new(KeyInit::new_from_slice(key).map_err(wrong)?))
            }
            _ => return Err(INVALID_PARAMETER),
        };
        // SAFETY: by the contract.
        unsafe { give(handle, Object::Key(aead)) };
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn BCryptEncrypt(
    key: PVOID,
    from: PUCHAR,
    from_len: ULONG,
    info: PVOID,
    _: PUCHAR,
    _: ULONG,
    to: PUCHAR,
    to_len: ULONG,
    written: *mut ULONG,
    _: ULONG,
) -> NTSTATUS {
    call("BCryptEncrypt", || {
        // SAFETY: by the contract.
        unsafe { crypt(key, (from, from_len), info, (to, to_len), written, true) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn BCryptDecrypt(
    key: PVOID,
    from: PUCHAR,
    from_len: ULONG,
    info: PVOID,
    _: PUCHAR,
    _: ULONG,
    to: PUCHAR,
    to_len: ULONG,
    written: *mut ULONG,
    _: ULONG,
) -> NTSTATUS {
    call("BCryptDecrypt", || {
        // SAFETY: by the contract.
        unsafe { crypt(key, (from, from_len), info, (to, to_len), written, false) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn BCryptDestroyKey(key: PVOID) -> NTSTATUS {
    // SAFETY: by the contract.
    unsafe { destroy("BCryptDestroyKey", key, 0) }
}

/// # Safety
/// As the pages of BCryptEncrypt and BCryptDecrypt have it.
unsafe fn crypt(
    key: PVOID,
    from: (PUCHAR, ULONG),
    info: PVOID,
    to: (PUCHAR, ULONG),
    written: *mut ULONG,
    seal: bool,
) -> Done {
    // SAFETY: by the contract.
    let Object::Key(key) = (unsafe { object(key) }) else {
        return Err(INVALID_HANDLE);
    };
    // SAFETY: by the contract.
    let info = unsafe { &*info.cast::<Info>() };
    if info.cbSize as usize != size_of::<Info>()
        || info.dwInfoVersion != 1
        || info.cbTag != 16
        || info.dwFlags != 0
        || !info.pbMacContext.is_null()
    {
        return Err(INVALID_PARAMETER);
    }
    if to.1 < from.1 {
        return Err(BUFFER_TOO_SMALL);
    }
    // SAFETY: by the contract.
    let (nonce, aad) = unsafe {
        (
            input(info.pbNonce, info.cbNonce),
            input(info.pbAuthData, info.cbAuthData),
        )
    };
    let nonce: &[u8; 12] = nonce.try_into().map_err(|_| INVALID_PARAMETER)?;
    // SAFETY: by the contract; the two may be one.
    let mut text = unsafe { input(from.0, from.1) }.to_vec();
    // SAFETY: by the contract.
    let tag = unsafe { &mut *info.pbTag.cast::<[u8; 16]>() };
    if seal {
        *tag = key.seal(nonce, aad, &mut text).ok_or(INVALID_PARAMETER)?;
    } else if !key.open(nonce, aad, &mut text, tag) {
        return Err(AUTH_TAG_MISMATCH);
    }
    // SAFETY: by the contract.
    unsafe { output(to.0, from.1) }.copy_from_slice(&text);
    // SAFETY: by the contract.
    unsafe { written.write(from.1) };
    Ok(())
}
