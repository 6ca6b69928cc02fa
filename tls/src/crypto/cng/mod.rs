//! The set `cng`: what a [`System`] has, behind the interfaces of rustls.
//!
//! rustls cannot be told that a hash fails. A failure of the system gives zeros then, and is noted:
//! whatever rustls made of them is thrown away by [`Platform::promise`](crate::Platform), through
//! which all its work goes. Sessions that are worked on at that moment on other processors end as well.

mod aead;
mod examine;
mod hash;
mod kx;
mod rust;
mod verify;

use alloc::vec::Vec;
use core::marker::PhantomData;
use core::sync::atomic::{AtomicI32, AtomicU32, Ordering::Relaxed};

use rustls::crypto::hash::{Hash, HashAlgorithm};
use rustls::crypto::hmac::Hmac;
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::{CipherSuite, NamedGroup, SupportedCipherSuite};
use wskhttp_core::crypto::{Failure, Primitive, System};
use wskhttp_core::io::{Error, Kind, Phase};

pub use self::examine::works;
use super::suites::{Primitives, Suites};
use super::{NoKeys, Set};
use crate::Platform;

/// The policy `auto`: what `S` has, and RustCrypto for the rest.
///
/// # Errors
/// None.
pub fn auto<S: System>(platform: &'static Platform) -> Result<Set, Error> {
    let rust = super::provider(platform);
    let suites = Suites::<Of<S>>::ALL.into_iter().zip(rust.cipher_suites);
    let groups = groups::<S>().into_iter().zip(rust.kx_groups);
    Ok(Set {
        provider: CryptoProvider {
            cipher_suites: suites
                .map(|(cng, rust)| if has_suite::<S>(cng) { cng } else { rust })
                .collect(),
            kx_groups: groups
                .map(|((need, cng), rust)| if S::has(need) { cng } else { rust })
                .collect(),
            signature_verification_algorithms: verify::Algorithms::<S, false>::AUTO,
            secure_random: rust.secure_random,
            key_provider: rust.key_provider,
        },
        on_request: super::on_request(platform),
        exclusive: false,
    })
}

/// The policy `fips`: what `S` has of the approved algorithms, and nothing else. ChaCha20-Poly1305,
/// X25519 and Ed25519 are not approved for TLS (SP 800-52 revision 2 section 3.3).
///
/// # Errors
/// Phase `Tls`: something is missing, and which.
pub fn fips<S: System>(platform: &'static Platform) -> Result<Set, Error> {
    for (primitive, cause) in NEEDED {
        if !S::has(primitive) {
            return Err(Error::new(Phase::Tls, Kind::TlsInternal, cause));
        }
    }
    let suites = Suites::<Of<S>>::ALL.into_iter();
    let groups: [(Primitive, &'static dyn SupportedKxGroup); 3] = groups::<S>();
    Ok(Set {
        provider: CryptoProvider {
            cipher_suites: suites.filter(|suite| !is_chacha(*suite)).collect(),
            kx_groups: groups
                .into_iter()
                .map(|(_, group)| group)
                .filter(|group| group.name() != NamedGroup::X25519)
                .collect::<Vec<_>>(),
            signature_verification_algorithms: verify::Algorithms::<S, true>::FIPS,
            secure_random: platform,
            key_provider: &NoKeys,
        },
        on_request: Vec::new(),
        exclusive: true,
    })
}

macro_rules! needed {
    ($($primitive:ident: $name:literal,)*) => {
        [$((
            Primitive::$primitive,
            concat!("the crypto policy is fips, and CNG has no ", $name),
        )),*]
    };
}

/// What `fips` cannot do without.
const NEEDED: [(Primitive, &str); 11] = needed! {
    Sha256: "SHA-256",
    Sha384: "SHA-384",
    Sha512: "SHA-512",
    HmacSha256: "HMAC-SHA-256",
    HmacSha384: "HMAC-SHA-384",
    AesGcm: "AES-GCM",
    EcdhP256: "ECDH on P-256",
    EcdhP384: "ECDH on P-384",
    EcdsaP256: "ECDSA on P-256",
    EcdsaP384: "ECDSA on P-384",
    Rsa: "RSA",
};

/// The primitives of `S`.
struct Of<S>(PhantomData<fn() -> S>);

impl<S: System> Primitives for Of<S> {
    const SHA256: &'static dyn Hash =
        &hash::HashOf::<S>::new(Primitive::Sha256, HashAlgorithm::SHA256, 32);
    const SHA384: &'static dyn Hash =
        &hash::HashOf::<S>::new(Primitive::Sha384, HashAlgorithm::SHA384, 48);
    const HMAC_SHA256: &'static dyn Hmac = &hash::HmacOf::<S>::new(Primitive::HmacSha256, 32);
    const HMAC_SHA384: &'static dyn Hmac = &hash::HmacOf::<S>::new(Primitive::HmacSha384, 48);
    type Aes128Gcm = aead::Aes128<S>;
    type Aes256Gcm = aead::Aes256<S>;
    type ChaCha20Poly1305 = aead::ChaCha20<S>;
}

/// The groups of `S` in the order of [`Platform::groups`], and what they need.
fn groups<S: System>() -> [(Primitive, &'static dyn SupportedKxGroup); 3] {
    [
        (Primitive::X25519, kx::Group::<S>::X25519),
        (Primitive::EcdhP256, kx::Group::<S>::P256),
        (Primitive::EcdhP384, kx::Group::<S>::P384),
    ]
}

fn has_suite<S: System>(suite: SupportedCipherSuite) -> bool {
    let (hash, mac) = match suite.suite() {
        CipherSuite::TLS13_AES_256_GCM_SHA384
        | CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
        | CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 => {
            (Primitive::Sha384, Primitive::HmacSha384)
        }
        _ => (Primitive::Sha256, Primitive::HmacSha256),
    };
    let aead = if is_chacha(suite) {
        Primitive::ChaCha20Poly1305
    } else {
        Primitive::AesGcm
    };
    [hash, mac, aead].into_iter().all(S::has)
}

fn is_chacha(suite: SupportedCipherSuite) -> bool {
    matches!(
        suite.suite(),
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256
            | CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
            | CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
    )
}

/// The result, a failure of the system's noted.
fn noted<T>(done: Result<T, Failure>) -> Option<T> {
    done.inspect_err(|failure| {
        if let Failure::System(status) = failure {
            STATUS.store(*status, Relaxed);
            doubt();
        }
    })
    .ok()
}

/// What is being made is to be thrown away.
pub(crate) fn doubt() {
    FAILURES.fetch_add(1, Relaxed);
}

/// How often something was in doubt.
pub(crate) fn failures() -> u32 {
    FAILURES.load(Relaxed)
}

/// The last failure of the system's.
pub(crate) fn failure() -> Error {
    Failure::System(STATUS.load(Relaxed)).error()
}

static FAILURES: AtomicU32 = AtomicU32::new(0);
static STATUS: AtomicI32 = AtomicI32::new(0);
