//! Hashes and MACs.

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256, Sha384, Sha512};
use wdk_sys::{NTSTATUS, PUCHAR, PVOID, ULONG};

use super::{
    INVALID_HANDLE, INVALID_PARAMETER, Object, algorithm, call, destroy, give, input, object,
    output,
};

#[derive(Clone)]
pub(super) enum Running {
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512(Sha512),
    HmacSha256(Hmac<Sha256>),
    HmacSha384(Hmac<Sha384>),
    Finished,
}

impl Running {
    fn new(id: &str, hmac: bool, key: &[u8]) -> Option<Self> {
        Some(match (id, hmac) {
            ("SHA256", false) => Self::Sha256(Sha256::new()),
            ("SHA384", false) => Self::Sha384(Sha384::new()),
            ("SHA512", false) => Self::Sha512(Sha512::new()),
            ("SHA256", true) => Self::HmacSha256(Mac::new_from_slice(key).ok()?),
            ("SHA384", true) => Self::HmacSha384(Mac::new_from_slice(key).ok()?),
            _ => return None,
        })
    }

    fn update(&mut self, data: &[u8]) -> bool {
        match self {
            Self::Sha256(one) => Digest::update(one, data),
            Self::Sha384(one) => Digest::update(one, data),
            Self::Sha512(one) => Digest::update(one, data),
            Self::HmacSha256(one) => one.update(data),
            Self::HmacSha384(one) => one.update(data),
            Self::Finished => return false,
        }
        true
    }

    fn finish(&mut self) -> Vec<u8> {
        match std::mem::replace(self, Self::Finished) {
            Self::Sha256(one) => one.finalize().to_vec(),
            Self::Sha384(one) => one.finalize().to_vec(),
            Self::Sha512(one) => one.finalize().to_vec(),
            Self::HmacSha256(one) => one.finalize().into_bytes().to_vec(),
            Self::HmacSha384(one) => one.finalize().into_bytes().to_vec(),
            Self::Finished => Vec::new(),
        }
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn BCryptCreateHash(
    provider: PVOID,
    handle: *mut PVOID,
    _: PUCHAR,
    _: ULONG,
    key: PUCHAR,
    key_len: ULONG,
    _: ULONG,
) -> NTSTATUS {
    call("BCryptCreateHash", || {
        // SAFETY: by the contract.
        let (algorithm, key) = unsafe { (algorithm(provider)?, input(key, key_len)) };
        let running = Running::new(&algorithm.id, algorithm.hmac, key).ok_or(INVALID_HANDLE)?;
        // SAFETY: by the contract.
        unsafe { give(handle, Object::Hash(running)) };
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn BCryptDuplicateHash(
    hash: PVOID,
    handle: *mut PVOID,
    _: PUCHAR,
    _: ULONG,
    _: ULONG,
) -> NTSTATUS {
    call("BCryptDuplicateHash", || {
        // SAFETY: by the contract.
        let copy = unsafe { running(hash) }?.clone();
        // SAFETY: by the contract.
        unsafe { give(handle, Object::Hash(copy)) };
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn BCryptHashData(hash: PVOID, data: PUCHAR, len: ULONG, _: ULONG) -> NTSTATUS {
    call("BCryptHashData", || {
        // SAFETY: by the contract.
        let (running, data) = unsafe { (running(hash)?, input(data, len)) };
        running.update(data).then_some(()).ok_or(INVALID_PARAMETER)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn BCryptFinishHash(hash: PVOID, to: PUCHAR, len: ULONG, _: ULONG) -> NTSTATUS {
    call("BCryptFinishHash", || {
        // SAFETY: by the contract.
        let (running, to) = unsafe { (running(hash)?, output(to, len)) };
        let digest = running.finish();
        if digest.is_empty() || digest.len() != to.len() {
            return Err(INVALID_PARAMETER);
        }
        to.copy_from_slice(&digest);
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn BCryptDestroyHash(hash: PVOID) -> NTSTATUS {
    // SAFETY: by the contract.
    unsafe { destroy("BCryptDestroyHash", hash, 0) }
}

/// # Safety
/// As [`object`].
unsafe fn running<'a>(hash: PVOID) -> Result<&'a mut Running, NTSTATUS> {
    // SAFETY: by the contract.
    match unsafe { object(hash) } {
        Object::Hash(running) => Ok(running),
        _ => Err(INVALID_HANDLE),
    }
}
