//! A platform without randomness. The set `cng` has randomness of its own.

use rcgen::PKCS_ECDSA_P256_SHA256;
use rustls::version::TLS13;
use wskhttp_core::io::Kind;
use wskhttp_tls::Identity;

use crate::identity::show;
use crate::refuse::{authority, echo, expect};
use crate::support::certificates::Authority;
use crate::support::platform::{RANDOM_LEFT, RANDOM_ZERO};
use crate::support::wire::Wire;
use crate::support::{HOST, connect, refused, run, target, trusting};

#[test]
fn no_randomness() {
    let authority = authority();
    let config = trusting(&authority);
    let mut calls = 0;
    for left in 0.. {
        RANDOM_LEFT.set(Some(left));
        let wire = Wire::new(echo(&authority, HOST));
        let (done, _) = run(connect(wire, &config, target(HOST)));
        match done {
            Ok(_) => break,
            Err(error) => expect(error, Kind::TlsInternal, "there is no randomness"),
        }
        calls += 1;
    }
    RANDOM_LEFT.set(None);
    assert!(calls >= 2, "random, session id and key share");
    RANDOM_ZERO.set(true);
    let error = refused(echo(&authority, HOST), &config, HOST);
    RANDOM_ZERO.set(false);
    expect(error, Kind::TlsInternal, "there is no randomness");
}

#[test]
fn rsa_without_randomness_signs_nothing() {
    let authority = Authority::new(&PKCS_ECDSA_P256_SHA256);
    let leaf = authority.client(&rcgen::PKCS_RSA_SHA256);
    let identity = Identity {
        chain: &leaf.chain[0],
        key: leaf.key.secret_der(),
    };
    let mut failures = 0;
    for left in 0.. {
        RANDOM_LEFT.set(Some(left));
        let shown = show(
            &authority,
            Some(identity),
            authority.demanding(HOST, &TLS13),
        );
        RANDOM_LEFT.set(None);
        match shown {
            Ok(seen) => {
                assert_eq!(seen, 1);
                break;
            }
            Err(error) => assert_eq!(error.cause, "there is no randomness"),
        }
        failures += 1;
    }
    // Hello and share need some, blinding and salt too.
    assert!(failures >= 4, "{failures}");
}
