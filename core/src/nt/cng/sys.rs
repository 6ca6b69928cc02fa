//! Bindings of `bcrypt.h`, as far as they are used: cng.sys exports these functions to drivers.
//! Hand-written: `wdk-sys` has none of them. Names are Microsoft's own; each function has the page
//! `bcrypt/nf-bcrypt-` and its name in small letters, each structure `bcrypt/ns-bcrypt-`.
//!
//! The package `wskhttp-cng` compares them with an independent source.

#![allow(
    non_camel_case_types,
    non_snake_case,
    clippy::upper_case_acronyms,
    missing_docs,
    reason = "the names are Microsoft's, and so are the pages"
)]

use wdk_sys::{NTSTATUS, PCWSTR, PUCHAR, PVOID, ULONG};

pub type BCRYPT_HANDLE = PVOID;
pub type BCRYPT_ALG_HANDLE = PVOID;
pub type BCRYPT_KEY_HANDLE = PVOID;
pub type BCRYPT_HASH_HANDLE = PVOID;
pub type BCRYPT_SECRET_HANDLE = PVOID;

pub const BCRYPT_ALG_HANDLE_HMAC_FLAG: ULONG = 0x8;
pub const BCRYPT_USE_SYSTEM_PREFERRED_RNG: ULONG = 0x2;
pub const BCRYPT_PAD_PKCS1: ULONG = 0x2;
pub const BCRYPT_PAD_PSS: ULONG = 0x8;
pub const BCRYPT_AUTHENTICATED_CIPHER_MODE_INFO_VERSION: ULONG = 1;

pub const BCRYPT_RSAPUBLIC_MAGIC: ULONG = 0x3141_5352;
pub const BCRYPT_ECDH_PUBLIC_P256_MAGIC: ULONG = 0x314B_4345;
pub const BCRYPT_ECDH_PUBLIC_P384_MAGIC: ULONG = 0x334B_4345;
pub const BCRYPT_ECDH_PUBLIC_GENERIC_MAGIC: ULONG = 0x504B_4345;
pub const BCRYPT_ECDSA_PUBLIC_P256_MAGIC: ULONG = 0x3153_4345;
pub const BCRYPT_ECDSA_PUBLIC_P384_MAGIC: ULONG = 0x3353_4345;

pub const BCRYPT_SHA256_ALGORITHM: &[u16] = &wide(*b"SHA256\0");
pub const BCRYPT_SHA384_ALGORITHM: &[u16] = &wide(*b"SHA384\0");
pub const BCRYPT_SHA512_ALGORITHM: &[u16] = &wide(*b"SHA512\0");
pub const BCRYPT_AES_ALGORITHM: &[u16] = &wide(*b"AES\0");
pub const BCRYPT_CHACHA20_POLY1305_ALGORITHM: &[u16] = &wide(*b"CHACHA20_POLY1305\0");
pub const BCRYPT_ECDH_P256_ALGORITHM: &[u16] = &wide(*b"ECDH_P256\0");
pub const BCRYPT_ECDH_P384_ALGORITHM: &[u16] = &wide(*b"ECDH_P384\0");
pub const BCRYPT_ECDH_ALGORITHM: &[u16] = &wide(*b"ECDH\0");
pub const BCRYPT_ECDSA_P256_ALGORITHM: &[u16] = &wide(*b"ECDSA_P256\0");
pub const BCRYPT_ECDSA_P384_ALGORITHM: &[u16] = &wide(*b"ECDSA_P384\0");
pub const BCRYPT_RSA_ALGORITHM: &[u16] = &wide(*b"RSA\0");

pub const BCRYPT_CHAINING_MODE: &[u16] = &wide(*b"ChainingMode\0");
pub const BCRYPT_CHAIN_MODE_GCM: &[u16] = &wide(*b"ChainingModeGCM\0");
pub const BCRYPT_CHAIN_MODE_NA: &[u16] = &wide(*b"ChainingModeN/A\0");
pub const BCRYPT_ECC_CURVE_NAME: &[u16] = &wide(*b"ECCCurveName\0");
pub const BCRYPT_ECC_CURVE_25519: &[u16] = &wide(*b"curve25519\0");
pub const BCRYPT_ECCPUBLIC_BLOB: &[u16] = &wide(*b"ECCPUBLICBLOB\0");
pub const BCRYPT_RSAPUBLIC_BLOB: &[u16] = &wide(*b"RSAPUBLICBLOB\0");
pub const BCRYPT_KDF_RAW_SECRET: &[u16] = &wide(*b"TRUNCATE\0");

#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct BCRYPT_AUTHENTICATED_CIPHER_MODE_INFO {
    pub cbSize: ULONG,
    pub dwInfoVersion: ULONG,
    pub pbNonce: PUCHAR,
    pub cbNonce: ULONG,
    pub pbAuthData: PUCHAR,
    pub cbAuthData: ULONG,
    pub pbTag: PUCHAR,
    pub cbTag: ULONG,
    pub pbMacContext: PUCHAR,
    pub cbMacContext: ULONG,
    pub cbAAD: ULONG,
    pub cbData: u64,
    pub dwFlags: ULONG,
}

#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct BCRYPT_ECCKEY_BLOB {
    pub dwMagic: ULONG,
    pub cbKey: ULONG,
}

#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct BCRYPT_RSAKEY_BLOB {
    pub Magic: ULONG,
    pub BitLength: ULONG,
    pub cbPublicExp: ULONG,
    pub cbModulus: ULONG,
    pub cbPrime1: ULONG,
    pub cbPrime2: ULONG,
}

#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct BCRYPT_PKCS1_PADDING_INFO {
    pub pszAlgId: PCWSTR,
}

#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct BCRYPT_PSS_PADDING_INFO {
    pub pszAlgId: PCWSTR,
    pub cbSalt: ULONG,
}

#[cfg_attr(windows, link(name = "cng"))]
unsafe extern "C" {
    pub fn BCryptOpenAlgorithmProvider(
        phAlgorithm: *mut BCRYPT_ALG_HANDLE,
        pszAlgId: PCWSTR,
        pszImplementation: PCWSTR,
        dwFlags: ULONG,
    ) -> NTSTATUS;
    pub fn BCryptCloseAlgorithmProvider(hAlgorithm: BCRYPT_ALG_HANDLE, dwFlags: ULONG) -> NTSTATUS;
    pub fn BCryptSetProperty(
        hObject: BCRYPT_HANDLE,
        pszProperty: PCWSTR,
        pbInput: PUCHAR,
        cbInput: ULONG,
        dwFlags: ULONG,
    ) -> NTSTATUS;
    pub fn BCryptGenRandom(
        hAlgorithm: BCRYPT_ALG_HANDLE,
        pbBuffer: PUCHAR,
        cbBuffer: ULONG,
        dwFlags: ULONG,
    ) -> NTSTATUS;
    pub fn BCryptCreateHash(
        hAlgorithm: BCRYPT_ALG_HANDLE,
        phHash: *mut BCRYPT_HASH_HANDLE,
        pbHashObject: PUCHAR,
        cbHashObject: ULONG,
        pbSecret: PUCHAR,
        cbSecret: ULONG,
        dwFlags: ULONG,
    ) -> NTSTATUS;
    pub fn BCryptDuplicateHash(
        hHash: BCRYPT_HASH_HANDLE,
        phNewHash: *mut BCRYPT_HASH_HANDLE,
        pbHashObject: PUCHAR,
        cbHashObject: ULONG,
        dwFlags: ULONG,
    ) -> NTSTATUS;
    pub fn BCryptHashData(
        hHash: BCRYPT_HASH_HANDLE,
        pbInput: PUCHAR,
        cbInput: ULONG,
        dwFlags: ULONG,
    ) -> NTSTATUS;
    pub fn BCryptFinishHash(
        hHash: BCRYPT_HASH_HANDLE,
        pbOutput: PUCHAR,
        cbOutput: ULONG,
        dwFlags: ULONG,
    ) -> NTSTATUS;
    pub fn BCryptDestroyHash(hHash: BCRYPT_HASH_HANDLE) -> NTSTATUS;
    pub fn BCryptGenerateSymmetricKey(
        hAlgorithm: BCRYPT_ALG_HANDLE,
        phKey: *mut BCRYPT_KEY_HANDLE,
        pbKeyObject: PUCHAR,
        cbKeyObject: ULONG,
        pbSecret: PUCHAR,
        cbSecret: ULONG,
        dwFlags: ULONG,
    ) -> NTSTATUS;
    pub fn BCryptEncrypt(
        hKey: BCRYPT_KEY_HANDLE,
        pbInput: PUCHAR,
        cbInput: ULONG,
        pPaddingInfo: PVOID,
        pbIV: PUCHAR,
        cbIV: ULONG,
        pbOutput: PUCHAR,
        cbOutput: ULONG,
        pcbResult: *mut ULONG,
        dwFlags: ULONG,
    ) -> NTSTATUS;
    pub fn BCryptDecrypt(
        hKey: BCRYPT_KEY_HANDLE,
        pbInput: PUCHAR,
        cbInput: ULONG,
        pPaddingInfo: PVOID,
        pbIV: PUCHAR,
        cbIV: ULONG,
        pbOutput: PUCHAR,
        cbOutput: ULONG,
        pcbResult: *mut ULONG,
        dwFlags: ULONG,
    ) -> NTSTATUS;
    pub fn BCryptGenerateKeyPair(
        hAlgorithm: BCRYPT_ALG_HANDLE,
        phKey: *mut BCRYPT_KEY_HANDLE,
        dwLength: ULONG,
        dwFlags: ULONG,
    ) -> NTSTATUS;
    pub fn BCryptFinalizeKeyPair(hKey: BCRYPT_KEY_HANDLE, dwFlags: ULONG) -> NTSTATUS;
    pub fn BCryptExportKey(
        hKey: BCRYPT_KEY_HANDLE,
        hExportKey: BCRYPT_KEY_HANDLE,
        pszBlobType: PCWSTR,
        pbOutput: PUCHAR,
        cbOutput: ULONG,
        pcbResult: *mut ULONG,
        dwFlags: ULONG,
    ) -> NTSTATUS;
    pub fn BCryptImportKeyPair(
        hAlgorithm: BCRYPT_ALG_HANDLE,
        hImportKey: BCRYPT_KEY_HANDLE,
        pszBlobType: PCWSTR,
        phKey: *mut BCRYPT_KEY_HANDLE,
        pbInput: PUCHAR,
        cbInput: ULONG,
        dwFlags: ULONG,
    ) -> NTSTATUS;
    pub fn BCryptSecretAgreement(
        hPrivKey: BCRYPT_KEY_HANDLE,
        hPubKey: BCRYPT_KEY_HANDLE,
        phAgreedSecret: *mut BCRYPT_SECRET_HANDLE,
        dwFlags: ULONG,
    ) -> NTSTATUS;
    pub fn BCryptDeriveKey(
        hSharedSecret: BCRYPT_SECRET_HANDLE,
        pwszKDF: PCWSTR,
        pParameterList: PVOID,
        pbDerivedKey: PUCHAR,
        cbDerivedKey: ULONG,
        pcbResult: *mut ULONG,
        dwFlags: ULONG,
    ) -> NTSTATUS;
    pub fn BCryptVerifySignature(
        hKey: BCRYPT_KEY_HANDLE,
        pPaddingInfo: PVOID,
        pbHash: PUCHAR,
        cbHash: ULONG,
        pbSignature: PUCHAR,
        cbSignature: ULONG,
        dwFlags: ULONG,
    ) -> NTSTATUS;
    pub fn BCryptDestroyKey(hKey: BCRYPT_KEY_HANDLE) -> NTSTATUS;
    pub fn BCryptDestroySecret(hSecret: BCRYPT_SECRET_HANDLE) -> NTSTATUS;
}

/// ASCII in UTF-16.
const fn wide<const N: usize>(text: [u8; N]) -> [u16; N] {
    let mut units = [0; N];
    let mut at = 0;
    while at < N {
        #[expect(clippy::indexing_slicing, reason = "evaluated at compile time")]
        {
            units[at] = text[at] as u16;
        }
        at += 1;
    }
    units
}
