//! The kernel's own cryptography: CNG, which cng.sys exports to drivers as it does bcrypt.dll to
//! programs. IRQL of everything: PASSIVE_LEVEL, since the providers are opened without
//! BCRYPT_PROV_DISPATCH.
//!
//! Every supported Windows exports the functions that are imported here; which algorithms stand behind
//! them is another matter, found out at [`Cng::open`].

mod cipher;
mod digest;
mod key_pair;
mod public_key;
pub mod sys;

use core::ptr::null_mut;
use core::sync::atomic::{
    AtomicPtr,
    Ordering::{AcqRel, Acquire, Release},
};

use wdk_sys::{NT_SUCCESS, NTSTATUS};

pub use self::cipher::CngCipher;
pub use self::digest::CngDigest;
pub use self::key_pair::CngKeyPair;
use self::sys::*;
use super::irql::Passive;
use crate::crypto::{Failure, Primitive, RsaKey, RsaPadding, System};

/// CNG, while there is an [`OpenCng`]; before and after it has nothing.
#[derive(Debug)]
pub struct Cng;

/// The algorithm providers of CNG, open until this is dropped. There is one at a time; no digest, key or
/// key pair outlives it.
#[derive(Debug)]
#[must_use]
pub struct OpenCng(());

impl Cng {
    /// Opens what there is of CNG. A primitive that is there but not `good` counts as missing.
    pub fn open(_: Passive, good: impl Fn(Primitive) -> bool) -> OpenCng {
        let open = OpenCng(());
        for (place, primitive) in ALGORITHMS.iter().zip(Primitive::ALL) {
            let Ok(handle) = open_algorithm(primitive) else {
                continue;
            };
            place.store(handle, Release);
            if !good(primitive) {
                close(place);
            }
        }
        open
    }
}

impl OpenCng {
    /// The set of primitives that are missing, by [`Primitive::bit`].
    #[must_use]
    pub fn missing(&self) -> u32 {
        let missing = Primitive::ALL.iter().filter(|one| !Cng::has(**one));
        missing.fold(0, |set, one| set | one.bit())
    }
}

impl Drop for OpenCng {
    fn drop(&mut self) {
        ALGORITHMS.iter().for_each(close);
    }
}

impl System for Cng {
    type Digest = CngDigest;
    type Cipher = CngCipher;
    type KeyPair = CngKeyPair;

    fn has(primitive: Primitive) -> bool {
        algorithm(primitive).is_ok()
    }

    fn digest(primitive: Primitive, key: Option<&[u8]>) -> Result<CngDigest, Failure> {
        CngDigest::new(primitive, key.unwrap_or_default())
    }

    fn cipher(primitive: Primitive, key: &[u8]) -> Result<CngCipher, Failure> {
        CngCipher::new(primitive, key)
    }

    fn key_pair(primitive: Primitive) -> Result<CngKeyPair, Failure> {
        CngKeyPair::generate(primitive)
    }

    fn verify_ecdsa(
        primitive: Primitive,
        point: &[u8],
        digest: &[u8],
        signature: &[u8],
    ) -> Result<(), Failure> {
        public_key::verify_ecdsa(primitive, point, digest, signature)
    }

    fn verify_rsa(
        key: RsaKey<'_>,
        padding: RsaPadding,
        hash: Primitive,
        digest: &[u8],
        signature: &[u8],
    ) -> Result<(), Failure> {
        public_key::verify_rsa(key, padding, hash, digest, signature)
    }
}

/// The open provider of `primitive`.
fn algorithm(primitive: Primitive) -> Result<BCRYPT_ALG_HANDLE, Failure> {
    let place = ALGORITHMS.get(primitive as usize);
    match place.map(|place| place.load(Acquire)) {
        Some(handle) if !handle.is_null() => Ok(handle),
        _ => Err(Failure::System(STATUS_NOT_FOUND)),
    }
}

fn open_algorithm(primitive: Primitive) -> Result<BCRYPT_ALG_HANDLE, Failure> {
    use Primitive as P;
    let id = match primitive {
        P::EcdhP256 => BCRYPT_ECDH_P256_ALGORITHM,
        P::EcdhP384 => BCRYPT_ECDH_P384_ALGORITHM,
        P::X25519 => BCRYPT_ECDH_ALGORITHM,
        P::EcdsaP256 => BCRYPT_ECDSA_P256_ALGORITHM,
        P::EcdsaP384 => BCRYPT_ECDSA_P384_ALGORITHM,
        P::Rsa => BCRYPT_RSA_ALGORITHM,
        P::AesGcm => BCRYPT_AES_ALGORITHM,
        P::ChaCha20Poly1305 => BCRYPT_CHACHA20_POLY1305_ALGORITHM,
        P::Sha256 | P::HmacSha256 => BCRYPT_SHA256_ALGORITHM,
        P::Sha384 | P::HmacSha384 => BCRYPT_SHA384_ALGORITHM,
        P::Sha512 => BCRYPT_SHA512_ALGORITHM,
    };
    let flags = match primitive {
        P::HmacSha256 | P::HmacSha384 => BCRYPT_ALG_HANDLE_HMAC_FLAG,
        _ => 0,
    };
    let mut handle = null_mut();
    // SAFETY: a string that ends with zero; room for a handle; no special implementation.
    check(unsafe {
        BCryptOpenAlgorithmProvider(&raw mut handle, id.as_ptr(), core::ptr::null(), flags)
    })?;
    let property = match primitive {
        P::AesGcm => Some((BCRYPT_CHAINING_MODE, BCRYPT_CHAIN_MODE_GCM)),
        P::ChaCha20Poly1305 => Some((BCRYPT_CHAINING_MODE, BCRYPT_CHAIN_MODE_NA)),
        P::X25519 => Some((BCRYPT_ECC_CURVE_NAME, BCRYPT_ECC_CURVE_25519)),
        _ => None,
    };
    let Some((name, value)) = property else {
        return Ok(handle);
    };
    // SAFETY: an open handle; strings that end with zero; the length is that of the value.
    let done = check(unsafe {
        BCryptSetProperty(
            handle,
            name.as_ptr(),
            value.as_ptr().cast_mut().cast(),
            length(size_of_val(value))?,
            0,
        )
    });
    done.map(|()| handle).inspect_err(|_| {
        // SAFETY: opened above, and used nowhere else.
        let _closed = unsafe { BCryptCloseAlgorithmProvider(handle, 0) };
    })
}

fn close(place: &AtomicPtr<core::ffi::c_void>) {
    let handle = place.swap(null_mut(), AcqRel);
    if !handle.is_null() {
        // SAFETY: opened by `open_algorithm`, and nothing made with it is left: by the contract of
        // OpenCng.
        let _closed = unsafe { BCryptCloseAlgorithmProvider(handle, 0) };
    }
}

/// `NT_SUCCESS`, as a result; an input that is refused told from a system that fails.
fn check(status: NTSTATUS) -> Result<(), Failure> {
    match status {
        _ if NT_SUCCESS(status) => Ok(()),
        STATUS_AUTH_TAG_MISMATCH | STATUS_INVALID_SIGNATURE => Err(Failure::Refused),
        _ => Err(Failure::System(status)),
    }
}

/// The length of a buffer as the functions take it.
fn length(bytes: usize) -> Result<u32, Failure> {
    u32::try_from(bytes).map_err(|_| Failure::System(STATUS_INVALID_PARAMETER))
}

/// A buffer that a function only reads, as it is declared.
fn input(bytes: &[u8]) -> *mut u8 {
    if bytes.is_empty() {
        null_mut()
    } else {
        bytes.as_ptr().cast_mut()
    }
}

const STATUS_NOT_FOUND: NTSTATUS = 0xC000_0225_u32.cast_signed();
const STATUS_INVALID_PARAMETER: NTSTATUS = 0xC000_000D_u32.cast_signed();
const STATUS_INVALID_SIGNATURE: NTSTATUS = 0xC000_A000_u32.cast_signed();
const STATUS_AUTH_TAG_MISMATCH: NTSTATUS = 0xC000_A002_u32.cast_signed();

/// The providers, by [`Primitive`]; null for one that is missing.
static ALGORITHMS: [AtomicPtr<core::ffi::c_void>; Primitive::ALL.len()] =
    [const { AtomicPtr::new(null_mut()) }; Primitive::ALL.len()];
