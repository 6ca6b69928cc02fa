//! Client certificates of every kind of key.

use std::sync::Arc;

use der::asn1::UintRef;
use der::{Decode, Encode};
use rcgen::PKCS_ECDSA_P256_SHA256;
use rsa::BigUint;
use rsa::pkcs1::{ALGORITHM_ID, RsaPrivateKey};
use rsa::pkcs8::PrivateKeyInfo;
use rustls::ServerConfig;
use rustls::version::{TLS12, TLS13};
use wskhttp_core::io::{Error, Kind, Phase};
use wskhttp_tls::{Identity, MaybeTls, Policy, Roots, TlsConfig};

use crate::handshake::echo;
use crate::support::certificates::{Authority, RSA};
use crate::support::platform::PLATFORM;
use crate::support::wire::{Echo, Wire};
use crate::support::{HOST, connect, run, target};

/// Shows `identity` to `server`; gives how many certificates it saw.
pub(crate) fn show(
    authority: &Authority,
    identity: Option<Identity<'_>>,
    server: Arc<ServerConfig>,
) -> Result<usize, Error> {
    show_for(authority, identity, None, server)
}

/// The same, if the identity is for one server.
fn show_for(
    authority: &Authority,
    identity: Option<Identity<'_>>,
    identity_for: Option<(&str, u16)>,
    server: Arc<ServerConfig>,
) -> Result<usize, Error> {
    let policy = Policy {
        identity,
        identity_for,
        ..Policy::new(Roots::Only(authority.der()))
    };
    let config = TlsConfig::with_policy(&PLATFORM, &policy)?;
    run(async {
        let wire = Wire::new(Echo::new(server));
        let MaybeTls::Tls(tls) = connect(wire, &config, target(HOST)).await.0? else {
            panic!("no TLS")
        };
        let mut tls = tls.into_inner();
        // TLS 1.3 tells a client that it is refused after the handshake.
        wskhttp_core::io::TransportExt::flush(&mut tls).await?;
        if tls.inner_mut().peer.error.is_some() {
            wskhttp_core::io::TransportExt::fill(&mut tls).await?;
        }
        assert_eq!(echo(&mut tls, b"hello").await, b"hello");
        let seen = tls.inner_mut().peer.tls.peer_certificates();
        Ok(seen.map_or(0, <[_]>::len))
    })
}

#[test]
fn every_kind_of_key() {
    let authority = Authority::new(&PKCS_ECDSA_P256_SHA256);
    for algorithm in [
        &rcgen::PKCS_RSA_SHA256,
        &rcgen::PKCS_ECDSA_P256_SHA256,
        &rcgen::PKCS_ECDSA_P384_SHA384,
        &rcgen::PKCS_ED25519,
    ] {
        let leaf = authority.client(algorithm);
        let identity = Identity {
            chain: &leaf.chain[0],
            key: leaf.key.secret_der(),
        };
        for version in [&TLS12, &TLS13] {
            let seen = show(
                &authority,
                Some(identity),
                authority.demanding(HOST, version),
            );
            assert_eq!(seen, Ok(1), "{algorithm:?}");
        }
    }
}

#[test]
fn a_server_that_demands_one_gets_none() {
    let authority = Authority::new(&PKCS_ECDSA_P256_SHA256);
    for version in [&TLS12, &TLS13] {
        let error =
            show(&authority, None, authority.demanding(HOST, version)).expect_err("refused");
        assert_eq!(error.kind, Kind::TlsAlert);
        assert_eq!(
            error.cause,
            "the server demands a client certificate (alert certificate_required)"
        );
    }
}

#[test]
fn keys_and_chains_that_are_none() {
    let authority = Authority::new(&PKCS_ECDSA_P256_SHA256);
    let (leaf, other) = (
        authority.client(&PKCS_ECDSA_P256_SHA256),
        authority.client(&PKCS_ECDSA_P256_SHA256),
    );
    let key = leaf.key.secret_der();
    let no_key = "the client's key is not PKCS#8 of RSA, ECDSA on P-256 or P-384, or Ed25519";
    let cases: [(&[u8], &[u8], &str); 6] = [
        (&[], key, "the client certificate is not in DER or PEM"),
        (
            b"-----BEGIN",
            key,
            "the client certificate is not in DER or PEM",
        ),
        (&[0x30, 0], key, "the client certificate is malformed"),
        (&leaf.chain[0], &key[..key.len() - 1], no_key),
        (&leaf.chain[0], b"-----BEGIN PRIVATE KEY-----\n", no_key),
        (
            &leaf.chain[0],
            other.key.secret_der(),
            "the client certificate is for another key than the one given",
        ),
    ];
    for (chain, key, cause) in cases {
        let policy = Policy {
            identity: Some(Identity { chain, key }),
            ..Policy::new(Roots::Only(authority.der()))
        };
        let error = TlsConfig::with_policy(&PLATFORM, &policy).expect_err(cause);
        assert_eq!(
            (error.phase, error.kind),
            (Phase::Request, Kind::InvalidRequest)
        );
        assert_eq!(error.cause, cause);
    }
    let text = format!("{:?}", Identity { chain: &[], key });
    assert_eq!(text, "Identity", "no key in it");
}

#[test]
fn an_identity_for_one_server() {
    let authority = Authority::new(&PKCS_ECDSA_P256_SHA256);
    let leaf = authority.client(&PKCS_ECDSA_P256_SHA256);
    let identity = Identity {
        chain: &leaf.chain[0],
        key: leaf.key.secret_der(),
    };
    let port = target(HOST).port;
    let shown = |host, port| {
        show_for(
            &authority,
            Some(identity),
            Some((host, port)),
            authority.demanding(HOST, &TLS13),
        )
    };
    assert_eq!(shown(HOST, port), Ok(1));
    assert_eq!(shown("EXAMPLE.test.", port), Ok(1));
    for (host, port) in [("other.test", port), (HOST, port + 1), ("127.0.0.1", port)] {
        let error = shown(host, port).expect_err("another server");
        assert_eq!(
            error.kind,
            wskhttp_core::io::Kind::TlsAlert,
            "{host} {port}"
        );
    }
}

/// PKCS#8 of the RSA key with these numbers; the exponents of the Chinese remainder are not read.
fn pkcs8(p: &BigUint, q: &BigUint, d: &BigUint) -> Vec<u8> {
    let bytes = [&(p * q), &BigUint::from(E), d, p, q].map(BigUint::to_bytes_be);
    let [modulus, public_exponent, private_exponent, prime1, prime2] = bytes
        .each_ref()
        .map(|bytes| UintRef::new(bytes).expect("a number"));
    let key = RsaPrivateKey {
        modulus,
        public_exponent,
        private_exponent,
        prime1,
        prime2,
        exponent1: prime1,
        exponent2: prime2,
        coefficient: prime1,
        other_prime_infos: None,
    };
    let key = key.to_der().expect("DER");
    PrivateKeyInfo::new(ALGORITHM_ID, &key)
        .to_der()
        .expect("DER")
}

const E: u32 = 65537;

/// That e is the inverse of d for each factor is all that the rsa crate asks of them: signatures with
/// these never end, take long, or are wrong.
#[test]
fn keys_of_rsa_with_other_factors() {
    let one = BigUint::from(1_u32);
    let good = PrivateKeyInfo::from_der(RSA).expect("PKCS#8");
    let good = RsaPrivateKey::from_der(good.private_key).expect("PKCS#1");
    let [d, p, q] = [good.private_exponent, good.prime1, good.prime2]
        .map(|number| BigUint::from_bytes_be(number.as_bytes()));
    // q = ed makes d the inverse of e for q.
    let short = (&one << 2030_usize) + &one;
    let half = (&one << 1007_usize) + (&one << 1006_usize) + &one;
    let square = &half * E;
    // 12 m + 1 = ed, p = 6 m + 1, q = 4 m + 1: d is the inverse of e for both, which are no primes.
    let mut m = ((&one << 1021_usize) * 13_u32) / 10_u32;
    while (&m * 12_u32 + &one) % E != BigUint::from(0_u32) {
        m += &one;
    }
    let (six, four) = (&m * 6_u32 + &one, &m * 4_u32 + &one);
    let product = (&m * 12_u32 + &one) / E;
    let long = &d + (((&p - &one) * (&q - &one)) << 16_000_usize);
    let authority = Authority::new(&PKCS_ECDSA_P256_SHA256);
    let leaf = authority.client(&rcgen::PKCS_RSA_SHA256);
    let load = |key: &[u8]| {
        let chain = &leaf.chain[0];
        let policy = Policy {
            identity: Some(Identity { chain, key }),
            ..Policy::new(Roots::Only(authority.der()))
        };
        TlsConfig::with_policy(&PLATFORM, &policy).map(drop)
    };
    load(&pkcs8(&p, &q, &d)).expect("a key");
    load(&pkcs8(&q, &p, &d)).expect("its factors in the other order");
    for (what, key) in [
        ("3", pkcs8(&BigUint::from(3_u32), &(&short * E), &short)),
        ("a square", pkcs8(&square, &square, &half)),
        ("no primes", pkcs8(&six, &four, &product)),
        ("a long exponent", pkcs8(&p, &q, &long)),
    ] {
        let error = load(&key).expect_err(what);
        assert_eq!(
            error.cause,
            "the client's key is not PKCS#8 of RSA, ECDSA on P-256 or P-384, or Ed25519",
            "{what}"
        );
    }
}
