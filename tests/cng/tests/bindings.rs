//! The bindings of `bcrypt.h` against the `windows-sys` crate, which is made from Microsoft's metadata.

use std::mem::{align_of, offset_of, size_of};

use windows_sys::Win32::Security::Cryptography as theirs;
// Has the functions, which are not called.
use wskhttp_cng as _;
use wskhttp_core::nt::cng::sys as ours;

macro_rules! constants {
    ($($name:ident)*) => {
        [$((stringify!($name), ours::$name, theirs::$name)),*]
    };
}

#[test]
fn numbers() {
    // The metadata splits the flags by what they are for.
    let flags = [
        (
            ours::BCRYPT_ALG_HANDLE_HMAC_FLAG,
            theirs::BCRYPT_ALG_HANDLE_HMAC_FLAG,
        ),
        (
            ours::BCRYPT_USE_SYSTEM_PREFERRED_RNG,
            theirs::BCRYPT_USE_SYSTEM_PREFERRED_RNG,
        ),
        (ours::BCRYPT_PAD_PKCS1, theirs::BCRYPT_PAD_PKCS1),
        (ours::BCRYPT_PAD_PSS, theirs::BCRYPT_PAD_PSS),
        (ours::BCRYPT_RSAPUBLIC_MAGIC, theirs::BCRYPT_RSAPUBLIC_MAGIC),
    ];
    for (ours, theirs) in flags {
        assert_eq!(ours, theirs);
    }
    for (name, ours, theirs) in constants! {
        BCRYPT_AUTHENTICATED_CIPHER_MODE_INFO_VERSION
        BCRYPT_ECDH_PUBLIC_P256_MAGIC
        BCRYPT_ECDH_PUBLIC_P384_MAGIC
        BCRYPT_ECDH_PUBLIC_GENERIC_MAGIC
        BCRYPT_ECDSA_PUBLIC_P256_MAGIC
        BCRYPT_ECDSA_PUBLIC_P384_MAGIC
    } {
        assert_eq!(ours, theirs, "{name}");
    }
}

#[test]
fn strings() {
    for (name, ours, theirs) in constants! {
        BCRYPT_SHA256_ALGORITHM
        BCRYPT_SHA384_ALGORITHM
        BCRYPT_SHA512_ALGORITHM
        BCRYPT_AES_ALGORITHM
        BCRYPT_CHACHA20_POLY1305_ALGORITHM
        BCRYPT_ECDH_P256_ALGORITHM
        BCRYPT_ECDH_P384_ALGORITHM
        BCRYPT_ECDH_ALGORITHM
        BCRYPT_ECDSA_P256_ALGORITHM
        BCRYPT_ECDSA_P384_ALGORITHM
        BCRYPT_RSA_ALGORITHM
        BCRYPT_CHAINING_MODE
        BCRYPT_CHAIN_MODE_GCM
        BCRYPT_CHAIN_MODE_NA
        BCRYPT_ECC_CURVE_NAME
        BCRYPT_ECC_CURVE_25519
        BCRYPT_ECCPUBLIC_BLOB
        BCRYPT_RSAPUBLIC_BLOB
        BCRYPT_KDF_RAW_SECRET
    } {
        let unit = |at: usize| {
            let unit = theirs.wrapping_add(at);
            // SAFETY: of a string that ends with zero, and no unit is read behind that.
            unsafe { *unit }
        };
        let length = (0..).find(|at| unit(*at) == 0).expect("an end");
        let theirs: Vec<u16> = (0..=length).map(unit).collect();
        assert_eq!(ours, theirs, "{name}");
    }
}

macro_rules! layouts {
    ($($name:ident { $($field:ident)* })*) => {$(
        assert_eq!(size_of::<ours::$name>(), size_of::<theirs::$name>());
        assert_eq!(align_of::<ours::$name>(), align_of::<theirs::$name>());
        $(assert_eq!(
            offset_of!(ours::$name, $field),
            offset_of!(theirs::$name, $field),
            stringify!($name.$field),
        );)*
    )*};
}

#[test]
fn structures() {
    layouts! {
        BCRYPT_AUTHENTICATED_CIPHER_MODE_INFO {
            cbSize dwInfoVersion pbNonce cbNonce pbAuthData cbAuthData pbTag cbTag pbMacContext
            cbMacContext cbAAD cbData dwFlags
        }
        BCRYPT_ECCKEY_BLOB { dwMagic cbKey }
        BCRYPT_RSAKEY_BLOB { BitLength cbPublicExp cbModulus cbPrime1 cbPrime2 }
        BCRYPT_PKCS1_PADDING_INFO { pszAlgId }
        BCRYPT_PSS_PADDING_INFO { pszAlgId cbSalt }
    }
}

/// The sizes of what a function takes and gives.
trait Shape {
    fn shape() -> Vec<usize>;
}

macro_rules! shapes {
    ($(($($parameter:ident)*))*) => {$(
        impl<R, $($parameter),*> Shape for unsafe extern "C" fn($($parameter),*) -> R {
            fn shape() -> Vec<usize> {
                vec![size_of::<R>(), $(size_of::<$parameter>()),*]
            }
        }
        impl<R, $($parameter),*> Shape for unsafe extern "system" fn($($parameter),*) -> R {
            fn shape() -> Vec<usize> {
                vec![size_of::<R>(), $(size_of::<$parameter>()),*]
            }
        }
    )*};
}

shapes! {
    (A) (A B) (A B C D) (A B C D E) (A B C D E F G) (A B C D E F G H I J)
}

/// Of what `function` would give, which is not called.
fn shape<F: Shape>(_function: fn() -> F) -> Vec<usize> {
    F::shape()
}

macro_rules! functions {
    ($($name:ident($($hole:tt)*))*) => {$(
        let ours_is = shape(|| ours::$name as unsafe extern "C" fn($($hole),*) -> _);
        let theirs_is = shape(|| theirs::$name as unsafe extern "system" fn($($hole),*) -> _);
        assert_eq!(ours_is, theirs_is, stringify!($name));
    )*};
}

#[test]
fn prototypes() {
    functions! {
        BCryptOpenAlgorithmProvider(_ _ _ _)
        BCryptCloseAlgorithmProvider(_ _)
        BCryptSetProperty(_ _ _ _ _)
        BCryptGenRandom(_ _ _ _)
        BCryptCreateHash(_ _ _ _ _ _ _)
        BCryptDuplicateHash(_ _ _ _ _)
        BCryptHashData(_ _ _ _)
        BCryptFinishHash(_ _ _ _)
        BCryptDestroyHash(_)
        BCryptGenerateSymmetricKey(_ _ _ _ _ _ _)
        BCryptEncrypt(_ _ _ _ _ _ _ _ _ _)
        BCryptDecrypt(_ _ _ _ _ _ _ _ _ _)
        BCryptGenerateKeyPair(_ _ _ _)
        BCryptFinalizeKeyPair(_ _)
        BCryptExportKey(_ _ _ _ _ _ _)
        BCryptImportKeyPair(_ _ _ _ _ _ _)
        BCryptSecretAgreement(_ _ _ _)
        BCryptDeriveKey(_ _ _ _ _ _ _)
        BCryptVerifySignature(_ _ _ _ _ _ _)
        BCryptDestroyKey(_)
        BCryptDestroySecret(_)
    }
}
