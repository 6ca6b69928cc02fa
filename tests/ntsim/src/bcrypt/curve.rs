//! Curves: key pairs, agreement, ECDSA.

use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::elliptic_curve::ecdh::diffie_hellman;
use p256::elliptic_curve::sec1::ToEncodedPoint;
use wdk_sys::{NTSTATUS, PCWSTR, PUCHAR, PVOID, ULONG};
use x25519_dalek::{PublicKey, StaticSecret};

use super::{
    Algorithm, BUFFER_TOO_SMALL, Done, INVALID_HANDLE, INVALID_PARAMETER, INVALID_SIGNATURE,
    NOT_SUPPORTED, Object, PRIVATE, algorithm, call, destroy, give, input, object, output, random,
    rsa, text,
};

pub(super) enum Pair {
    /// Made, but not finished.
    Begun(Algorithm),
    P256(p256::SecretKey),
    P384(p384::SecretKey),
    X25519(StaticSecret),
}

pub(super) enum Point {
    P256(p256::PublicKey),
    P384(p384::PublicKey),
    X25519(PublicKey),
    EcdsaP256(p256::ecdsa::VerifyingKey),
    EcdsaP384(p384::ecdsa::VerifyingKey),
}

impl Pair {
    fn finish(algorithm: &Algorithm) -> Option<Self> {
        let bytes = |length: usize| match PRIVATE.take() {
            Some(key) => key,
            None => std::iter::repeat_with(random).take(length).collect(),
        };
        // A number that is no scalar is as rare as it is in CNG, which tries again.
        Some(match algorithm.id.as_str() {
            "ECDH_P256" => Self::P256(p256::SecretKey::from_slice(&bytes(32)).ok()?),
            "ECDH_P384" => Self::P384(p384::SecretKey::from_slice(&bytes(48)).ok()?),
            _ => Self::X25519(<[u8; 32]>::try_from(bytes(32)).ok()?.into()),
        })
    }

    /// The magic, and the coordinates.
    fn public(&self) -> Option<(ULONG, Vec<u8>)> {
        Some(match self {
            Self::Begun(_) => return None,
            Self::P256(key) => (
                0x314B_4345,
                key.public_key().to_encoded_point(false).as_bytes()[1..].to_vec(),
            ),
            Self::P384(key) => (
                0x334B_4345,
                key.public_key().to_encoded_point(false).as_bytes()[1..].to_vec(),
            ),
            Self::X25519(key) => {
                let mut point = PublicKey::from(key).as_bytes().to_vec();
                point.resize(64, 0);
                (0x504B_4345, point)
            }
        })
    }

    /// The secret, little-endian.
    fn agree(&self, peer: &Point) -> Option<Vec<u8>> {
        let mut secret = match (self, peer) {
            (Self::P256(own), Point::P256(peer)) => {
                diffie_hellman(own.to_nonzero_scalar(), peer.as_affine())
                    .raw_secret_bytes()
                    .to_vec()
            }
            (Self::P384(own), Point::P384(peer)) => {
                diffie_hellman(own.to_nonzero_scalar(), peer.as_affine())
                    .raw_secret_bytes()
                    .to_vec()
            }
            (Self::X25519(own), Point::X25519(peer)) => {
                let secret = own.diffie_hellman(peer);
                return secret
                    .was_contributory()
                    .then(|| secret.as_bytes().to_vec());
            }
            _ => return None,
        };
        secret.reverse();
        Some(secret)
    }
}

impl Point {
    fn import(id: &str, magic: ULONG, point: &[u8]) -> Option<Self> {
        let sec1: Vec<u8> = [&[4], point].concat();
        Some(match (id, magic, point.len()) {
            ("ECDH_P256", 0x314B_4345, 64) => {
                Self::P256(p256::PublicKey::from_sec1_bytes(&sec1).ok()?)
            }
            ("ECDH_P384", 0x334B_4345, 96) => {
                Self::P384(p384::PublicKey::from_sec1_bytes(&sec1).ok()?)
            }
            ("ECDH", 0x504B_4345, 64) => Self::X25519(point.first_chunk::<32>()?.to_owned().into()),
            ("ECDSA_P256", 0x3153_4345, 64) => {
                Self::EcdsaP256(p256::ecdsa::VerifyingKey::from_sec1_bytes(&sec1).ok()?)
            }
            ("ECDSA_P384", 0x3353_4345, 96) => {
                Self::EcdsaP384(p384::ecdsa::VerifyingKey::from_sec1_bytes(&sec1).ok()?)
            }
            _ => return None,
        })
    }

    fn verify(&self, digest: &[u8], signature: &[u8]) -> Done {
        let good = match self {
            Self::EcdsaP256(key) if signature.len() == 64 => {
                p256::ecdsa::Signature::from_slice(signature)
                    .and_then(|signature| key.verify_prehash(digest, &signature))
            }
            Self::EcdsaP384(key) if signature.len() == 96 => {
                p384::ecdsa::Signature::from_slice(signature)
                    .and_then(|signature| key.verify_prehash(digest, &signature))
            }
            _ => return Err(INVALID_PARAMETER),
        };
        good.map_err(|_| INVALID_SIGNATURE)
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn BCryptGenerateKeyPair(
    provider: PVOID,
    handle: *mut PVOID,
    bits: ULONG,
    _: ULONG,
) -> NTSTATUS {
    call("BCryptGenerateKeyPair", || {
        // SAFETY: by the contract.
        let algorithm = unsafe { algorithm(provider) }?.clone();
        match (algorithm.id.as_str(), &algorithm.property, bits) {
            ("ECDH_P256", _, 256) | ("ECDH_P384", _, 384) | ("ECDH", Some(_), 255) => {}
            _ => return Err(NOT_SUPPORTED),
        }
        // SAFETY: by the contract.
        unsafe { give(handle, Object::Pair(Pair::Begun(algorithm))) };
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn BCryptFinalizeKeyPair(key: PVOID, _: ULONG) -> NTSTATUS {
    call("BCryptFinalizeKeyPair", || {
        // SAFETY: by the contract.
        let Object::Pair(pair) = (unsafe { object(key) }) else {
            return Err(INVALID_HANDLE);
        };
        let Pair::Begun(algorithm) = pair else {
            return Err(INVALID_HANDLE);
        };
        *pair = Pair::finish(algorithm).ok_or(INVALID_PARAMETER)?;
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn BCryptExportKey(
    key: PVOID,
    _: PVOID,
    kind: PCWSTR,
    to: PUCHAR,
    len: ULONG,
    written: *mut ULONG,
    _: ULONG,
) -> NTSTATUS {
    call("BCryptExportKey", || {
        // SAFETY: by the contract.
        let (key, kind) = unsafe { (object(key), text(kind)) };
        let (Object::Pair(pair), "ECCPUBLICBLOB") = (key, kind.as_str()) else {
            return Err(NOT_SUPPORTED);
        };
        let (magic, point) = pair.public().ok_or(INVALID_HANDLE)?;
        let mut blob = magic.to_le_bytes().to_vec();
        blob.extend((point.len() as u32 / 2).to_le_bytes());
        blob.extend(point);
        // SAFETY: by the contract.
        unsafe { write(&blob, to, len, written) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn BCryptImportKeyPair(
    provider: PVOID,
    _: PVOID,
    kind: PCWSTR,
    handle: *mut PVOID,
    blob: PUCHAR,
    len: ULONG,
    _: ULONG,
) -> NTSTATUS {
    call("BCryptImportKeyPair", || {
        // SAFETY: by the contract.
        let (algorithm, kind, blob) =
            unsafe { (algorithm(provider)?, text(kind), input(blob, len)) };
        let word = |at: usize| Some(ULONG::from_le_bytes(*blob.get(at..)?.first_chunk()?));
        let object = match kind.as_str() {
            "ECCPUBLICBLOB" => word(0)
                .zip(blob.get(8..))
                .filter(|(_, point)| word(4) == Some(point.len() as u32 / 2))
                .and_then(|(magic, point)| Point::import(&algorithm.id, magic, point))
                .map(Object::Point),
            "RSAPUBLICBLOB" if algorithm.id == "RSA" => rsa::import(blob).map(Object::Rsa),
            _ => return Err(NOT_SUPPORTED),
        };
        // SAFETY: by the contract.
        unsafe { give(handle, object.ok_or(INVALID_PARAMETER)?) };
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn BCryptSecretAgreement(
    own: PVOID,
    peer: PVOID,
    handle: *mut PVOID,
    _: ULONG,
) -> NTSTATUS {
    call("BCryptSecretAgreement", || {
        // SAFETY: by the contract.
        let (Object::Pair(own), Object::Point(peer)) = (unsafe { (object(own), object(peer)) })
        else {
            return Err(INVALID_HANDLE);
        };
        let secret = own.agree(peer).ok_or(INVALID_PARAMETER)?;
        // SAFETY: by the contract.
        unsafe { give(handle, Object::Secret(secret)) };
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn BCryptDeriveKey(
    secret: PVOID,
    kind: PCWSTR,
    _: PVOID,
    to: PUCHAR,
    len: ULONG,
    written: *mut ULONG,
    _: ULONG,
) -> NTSTATUS {
    call("BCryptDeriveKey", || {
        // SAFETY: by the contract.
        let (secret, kind) = unsafe { (object(secret), text(kind)) };
        let (Object::Secret(secret), "TRUNCATE") = (secret, kind.as_str()) else {
            return Err(NOT_SUPPORTED);
        };
        // SAFETY: by the contract.
        unsafe { write(secret, to, len, written) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn BCryptDestroySecret(secret: PVOID) -> NTSTATUS {
    // SAFETY: by the contract.
    unsafe { destroy("BCryptDestroySecret", secret, 0) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn BCryptVerifySignature(
    key: PVOID,
    padding: PVOID,
    digest: PUCHAR,
    digest_len: ULONG,
    signature: PUCHAR,
    signature_len: ULONG,
    flags: ULONG,
) -> NTSTATUS {
    call("BCryptVerifySignature", || {
        // SAFETY: by the contract.
        let (digest, signature) =
            unsafe { (input(digest, digest_len), input(signature, signature_len)) };
        // SAFETY: by the contract.
        match unsafe { object(key) } {
            Object::Point(point) if flags == 0 && padding.is_null() => {
                point.verify(digest, signature)
            }
            // SAFETY: by the contract.
            Object::Rsa(key) => unsafe { rsa::verify(key, padding, flags, digest, signature) },
            _ => Err(INVALID_PARAMETER),
        }
    })
}

/// # Safety
/// `to` is writable for `len` bytes, `written` too.
unsafe fn write(bytes: &[u8], to: PUCHAR, len: ULONG, written: *mut ULONG) -> Done {
    if bytes.len() > len as usize {
        return Err(BUFFER_TOO_SMALL);
    }
    // SAFETY: by the contract.
    unsafe { output(to, bytes.len() as ULONG) }.copy_from_slice(bytes);
    // SAFETY: by the contract.
    unsafe { written.write(bytes.len() as ULONG) };
    Ok(())
}
