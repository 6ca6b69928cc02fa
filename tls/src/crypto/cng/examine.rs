//! Whether a primitive of the system does what RustCrypto's does. It finds what a system only claims to
//! have, or has in another form than the documentation says.

use rustls::crypto::hash::Hash;
use wskhttp_core::crypto::{
    Cipher as _, Digest, Failure, KeyPair, Primitive, RsaKey, RsaPadding, SECRET, System, TAG,
};

use super::rust::{self, Bytes, SCALAR, TEXT};
use crate::crypto::hash::{SHA256, SHA384, SHA512};

/// Whether `primitive` of `S` works. Uses about 10 KiB of stack, and no memory but that of `S`. IRQL:
/// PASSIVE_LEVEL.
#[must_use]
pub fn works<S: System>(primitive: Primitive) -> bool {
    use Primitive as P;
    match primitive {
        P::Sha256 => hashes::<S>(primitive, SHA256.hash(TEXT).as_ref()),
        P::Sha384 => hashes::<S>(primitive, SHA384.hash(TEXT).as_ref()),
        P::Sha512 => hashes::<S>(primitive, SHA512.hash(TEXT).as_ref()),
        P::HmacSha256 | P::HmacSha384 => {
            let expected = rust::mac(primitive);
            let own = digest::<S>(primitive, Some(TEXT));
            expected.is_some_and(|expected| is(own, &expected))
        }
        P::AesGcm => seals::<S>(primitive, 16) && seals::<S>(primitive, 32),
        P::ChaCha20Poly1305 => seals::<S>(primitive, 32),
        P::EcdhP256 | P::EcdhP384 | P::X25519 => agrees::<S>(primitive).is_some(),
        P::EcdsaP256 | P::EcdsaP384 => rust::signed(primitive).is_some_and(|(point, signature)| {
            let point = point.get(1..).unwrap_or_default();
            S::verify_ecdsa(primitive, point, &rust::DIGEST, &signature) == Ok(())
                && S::verify_ecdsa(primitive, point, &[2; 32], &signature) == Err(Failure::Refused)
        }),
        // There is no key to sign with.
        P::Rsa => [RsaPadding::Pkcs1, RsaPadding::Pss]
            .into_iter()
            .all(|padding| {
                let key = RsaKey {
                    modulus: &[0xC5; 256],
                    exponent: &[1, 0, 1],
                };
                let done = S::verify_rsa(key, padding, P::Sha256, &rust::DIGEST, &[2; 256]);
                done == Err(Failure::Refused)
            }),
    }
}

fn hashes<S: System>(primitive: Primitive, expected: &[u8]) -> bool {
    is(digest::<S>(primitive, None), expected)
}

fn is(own: Result<[u8; 64], Failure>, expected: &[u8]) -> bool {
    own.is_ok_and(|own| own.get(..expected.len()) == Some(expected))
}

fn digest<S: System>(primitive: Primitive, key: Option<&[u8]>) -> Result<[u8; 64], Failure> {
    let bytes = match primitive {
        Primitive::Sha256 | Primitive::HmacSha256 => 32,
        Primitive::Sha384 | Primitive::HmacSha384 => 48,
        _ => 64,
    };
    let mut running = S::digest(primitive, key)?;
    let (front, back) = TEXT.split_at_checked(5).unwrap_or_default();
    running.update(front)?;
    let mut fork = running.fork()?;
    fork.update(back)?;
    let mut output = [0; 64];
    fork.finish(output.get_mut(..bytes).unwrap_or_default())?;
    Ok(output)
}

fn seals<S: System>(primitive: Primitive, key: usize) -> bool {
    let key = [SCALAR; 32].get(..key).map(Bytes::of).unwrap_or_default();
    let Ok(mut own) = S::cipher(primitive, &key) else {
        return false;
    };
    let (nonce, plain) = ([3; 12], [7; 40]);
    let (mut text, mut expected) = (plain, plain);
    let tag: Option<[u8; TAG]> = rust::seal(primitive, &key, &nonce, &mut expected);
    let Ok(own_tag) = own.seal(&nonce, TEXT, &mut text) else {
        return false;
    };
    Some(own_tag) == tag
        && text == expected
        && own.open(&nonce, TEXT, &mut text, &own_tag) == Ok(())
        && text == plain
        && own.open(&nonce, &[], &mut text, &own_tag) == Err(Failure::Refused)
}

fn agrees<S: System>(primitive: Primitive) -> Option<()> {
    let own = S::key_pair(primitive).ok()?;
    let (public, expected) = rust::agreed(primitive, own.public())?;
    let mut secret = [0; SECRET];
    let bytes = own.agree(&public, &mut secret).ok()?;
    (secret.get(..bytes)? == &*expected).then_some(())
}
