//! AEADs.

use core::ptr::null_mut;

use wdk_sys::{NTSTATUS, PUCHAR, PVOID, ULONG};

use super::sys::*;
use super::{STATUS_INVALID_PARAMETER, algorithm, check, input, length};
use crate::crypto::{Cipher, Failure, NONCE, Primitive, TAG};

/// A key of an AEAD, in memory of CNG's.
#[derive(Debug)]
pub struct CngCipher(BCRYPT_KEY_HANDLE);

// SAFETY: CNG's objects belong to no thread.
unsafe impl Send for CngCipher {}
// SAFETY: nothing can be done with a shared reference.
unsafe impl Sync for CngCipher {}

/// BCryptEncrypt and BCryptDecrypt.
type Crypt = unsafe extern "C" fn(
    BCRYPT_KEY_HANDLE,
    PUCHAR,
    ULONG,
    PVOID,
    PUCHAR,
    ULONG,
    PUCHAR,
    ULONG,
    *mut ULONG,
    ULONG,
) -> NTSTATUS;

impl CngCipher {
    pub(super) fn new(primitive: Primitive, key: &[u8]) -> Result<Self, Failure> {
        let mut handle = null_mut();
        // SAFETY: an open provider; CNG brings the memory for the key; the secret is only read.
        check(unsafe {
            BCryptGenerateSymmetricKey(
                algorithm(primitive)?,
                &raw mut handle,
                null_mut(),
                0,
                input(key),
                length(key.len())?,
                0,
            )
        })?;
        Ok(Self(handle))
    }

    fn crypt(
        &mut self,
        crypt: Crypt,
        nonce: &[u8; NONCE],
        aad: &[u8],
        text: &mut [u8],
        tag: *mut u8,
    ) -> Result<(), Failure> {
        let mut info = BCRYPT_AUTHENTICATED_CIPHER_MODE_INFO {
            cbSize: size_of::<BCRYPT_AUTHENTICATED_CIPHER_MODE_INFO>() as ULONG,
            dwInfoVersion: BCRYPT_AUTHENTICATED_CIPHER_MODE_INFO_VERSION,
            pbNonce: input(nonce),
            cbNonce: NONCE as ULONG,
            pbAuthData: input(aad),
            cbAuthData: length(aad.len())?,
            pbTag: tag,
            cbTag: TAG as ULONG,
            pbMacContext: null_mut(),
            cbMacContext: 0,
            cbAAD: 0,
            cbData: 0,
            dwFlags: 0,
        };
        let bytes = length(text.len())?;
        let place = text.as_mut_ptr();
        let mut done = 0;
        // SAFETY: a key of ours that nobody else uses; nonce and data are only read; the tag's memory
        // is `tag`'s by the callers; input and output are the same buffer, as the page allows.
        check(unsafe {
            crypt(
                self.0,
                place,
                bytes,
                (&raw mut info).cast(),
                null_mut(),
                0,
                place,
                bytes,
                &raw mut done,
                0,
            )
        })?;
        if done == bytes {
            Ok(())
        } else {
            Err(Failure::System(STATUS_INVALID_PARAMETER))
        }
    }
}

impl Cipher for CngCipher {
    fn seal(
        &mut self,
        nonce: &[u8; NONCE],
        aad: &[u8],
        text: &mut [u8],
    ) -> Result<[u8; TAG], Failure> {
        let mut tag = [0; TAG];
        self.crypt(BCryptEncrypt, nonce, aad, text, tag.as_mut_ptr())?;
        Ok(tag)
    }

    fn open(
        &mut self,
        nonce: &[u8; NONCE],
        aad: &[u8],
        text: &mut [u8],
        tag: &[u8; TAG],
    ) -> Result<(), Failure> {
        let mut tag = *tag;
        let opened = self.crypt(BCryptDecrypt, nonce, aad, text, tag.as_mut_ptr());
        if opened.is_err() {
            // What was not authenticated is nobody's to see.
            text.fill(0);
        }
        opened
    }
}

impl Drop for CngCipher {
    fn drop(&mut self) {
        // SAFETY: ours, and used no more.
        let _destroyed = unsafe { BCryptDestroyKey(self.0) };
    }
}
