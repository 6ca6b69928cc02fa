//! Every version, suite, group and kind of leaf.

use rcgen::SignatureAlgorithm;
use rustls::crypto::ring;
use rustls::version::{TLS12, TLS13};
use rustls::{CipherSuite, NamedGroup};
use wskhttp_core::io::{Transport, TransportExt};
use wskhttp_tls::{Policy, Roots, TlsConfig};

use crate::support::certificates::Authority;
use crate::support::hybrid::hybrid;
use crate::support::platform::PLATFORM;
use crate::support::wire::{Echo, Peer, Wire};
use crate::support::{HOST, connect, connected, run, target};

/// Sends `bytes` and receives as many.
pub(crate) async fn echo<T: Transport>(transport: &mut T, bytes: &[u8]) -> Vec<u8> {
    let mut sent = 0;
    let mut back = Vec::new();
    while back.len() < bytes.len() {
        if sent < bytes.len() {
            let room = transport.output();
            let n = room.len().min(bytes.len() - sent);
            room[..n].copy_from_slice(&bytes[sent..sent + n]);
            transport.stage(n);
            sent += n;
            transport.flush().await.expect("sent");
        }
        if transport.input().is_empty() {
            assert_ne!(transport.fill().await.expect("received"), 0, "ended");
        }
        let input = transport.input();
        back.extend_from_slice(input);
        let n = input.len();
        transport.consume(n);
    }
    back
}

pub(crate) fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i * 7 + i / 251) as u8).collect()
}

fn check(
    suite: CipherSuite,
    group: NamedGroup,
    leaf: &'static SignatureAlgorithm,
    version: &'static rustls::SupportedProtocolVersion,
) {
    let mut provider = ring::default_provider();
    provider.cipher_suites.retain(|s| s.suite() == suite);
    provider.kx_groups.retain(|g| g.name() == group);
    let authority = Authority::new(&rcgen::PKCS_ECDSA_P256_SHA256);
    let server = authority.leaf(HOST, leaf).server(provider, &[version]);
    let (mut transport, info) = connected(Echo::new(server), &authority);
    let tls = info.tls.expect("TLS");
    assert_eq!(tls.suite, u16::from(suite));
    assert_eq!(tls.group, u16::from(group));
    assert_eq!(tls.version, u16::from(version.version));
    let bytes = pattern(100_000);
    assert_eq!(run(echo(&mut transport, &bytes)), bytes);
    let wskhttp_tls::MaybeTls::Tls(_) = transport else {
        panic!("no TLS");
    };
}

const SUITES_13: [CipherSuite; 3] = [
    CipherSuite::TLS13_AES_128_GCM_SHA256,
    CipherSuite::TLS13_AES_256_GCM_SHA384,
    CipherSuite::TLS13_CHACHA20_POLY1305_SHA256,
];

const GROUPS: [NamedGroup; 3] = [
    NamedGroup::X25519,
    NamedGroup::secp256r1,
    NamedGroup::secp384r1,
];

#[test]
fn tls13_every_suite_and_group() {
    for suite in SUITES_13 {
        for group in GROUPS {
            check(suite, group, &rcgen::PKCS_ECDSA_P256_SHA256, &TLS13);
        }
    }
}

#[test]
fn tls12_every_suite_and_group() {
    for group in GROUPS {
        for suite in [
            CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
            CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        ] {
            check(suite, group, &rcgen::PKCS_ECDSA_P256_SHA256, &TLS12);
        }
        for suite in [
            CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
            CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
            CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        ] {
            check(suite, group, &rcgen::PKCS_RSA_SHA256, &TLS12);
        }
    }
}

#[test]
fn every_kind_of_leaf_and_authority() {
    for algorithm in [
        &rcgen::PKCS_ECDSA_P256_SHA256,
        &rcgen::PKCS_ECDSA_P384_SHA384,
        &rcgen::PKCS_RSA_SHA256,
        &rcgen::PKCS_ED25519,
    ] {
        for version in [&TLS12, &TLS13] {
            let authority = Authority::new(algorithm);
            let leaf = authority.leaf(HOST, algorithm);
            let server = leaf.server(ring::default_provider(), &[version]);
            let (mut transport, info) = connected(Echo::new(server), &authority);
            assert_eq!(info.tls.expect("TLS").version, u16::from(version.version));
            assert_eq!(run(echo(&mut transport, b"hello")), b"hello");
        }
    }
}

#[test]
fn ip_address_as_host() {
    use crate::support::{connect, target, trusting};
    let authority = Authority::new(&rcgen::PKCS_ECDSA_P256_SHA256);
    for host in ["127.0.0.1", "::1"] {
        let leaf = authority.leaf(host, &rcgen::PKCS_ECDSA_P256_SHA256);
        let wire = Wire::new(Echo::new(leaf.any_server()));
        let (done, _) = run(connect(wire, &trusting(&authority), target(host)));
        let mut transport = done.expect("a connection");
        assert_eq!(run(echo(&mut transport, b"hello")), b"hello");
    }
}

/// Says all that it has to say in the first flight after the client's Finished.
struct Hasty(Echo);

impl Peer for Hasty {
    fn receive(&mut self, bytes: &[u8], answer: &mut Vec<u8>) {
        let shaking = self.0.tls.is_handshaking();
        self.0.receive(bytes, answer);
        if shaking && !self.0.tls.is_handshaking() {
            self.0.tls.send_close_notify();
            self.0.pump(answer);
        }
    }
}

#[test]
fn an_end_in_the_last_flight_of_the_handshake() {
    let authority = Authority::new(&rcgen::PKCS_ECDSA_P256_SHA256);
    for version in [&TLS12, &TLS13] {
        let server = authority.leaf(HOST, &rcgen::PKCS_ECDSA_P256_SHA256);
        let server = server.server(ring::default_provider(), &[version]);
        let (mut transport, _) = connected(Hasty(Echo::new(server)), &authority);
        assert_eq!(run(transport.fill()).expect("an end, unforged"), 0);
    }
}

/// A server that prefers `server`, and a client that offers `client`; the group that they take, or the
/// error, and whether the client was asked for another share.
fn negotiate(
    server: &[NamedGroup],
    client: &[u16],
    version: &'static rustls::SupportedProtocolVersion,
) -> Result<(u16, bool), &'static str> {
    let mut provider = ring::default_provider();
    let mut known = provider.kx_groups.clone();
    known.push(hybrid(ring::default_provider));
    let find = |name| known.iter().copied().find(|group| group.name() == name);
    provider.kx_groups = server
        .iter()
        .map(|name| find(*name).expect("known"))
        .collect();
    let authority = Authority::new(&rcgen::PKCS_ECDSA_P256_SHA256);
    let leaf = authority.leaf(HOST, &rcgen::PKCS_ECDSA_P256_SHA256);
    let mut policy = Policy::new(Roots::Only(authority.der()));
    policy.protocol.groups = client;
    let config = TlsConfig::with_policy(&PLATFORM, &policy).expect("a configuration");
    let wire = Wire::new(Echo::new(leaf.server(provider, &[version])));
    let (done, info) = run(connect(wire, &config, target(HOST)));
    let mut connection = done.map_err(|error| error.cause)?;
    assert_eq!(run(echo(&mut connection, b"hello")), b"hello");
    let kind = connection.session().and_then(wskhttp_tls::Session::kind);
    let retried = kind == Some(wskhttp_tls::Handshake::FullAfterRetry);
    Ok((info.tls.expect("TLS").group, retried))
}

#[test]
fn x25519_mlkem768_on_request() {
    use NamedGroup as G;
    const HYBRID: u16 = 4588;
    const X25519: u16 = 29;
    let no_group =
        Err("the server accepts none of the offered TLS parameters (alert handshake_failure)");
    let both = [G::X25519MLKEM768, G::X25519];
    let cases: [(&[G], &[u16], _, _); 8] = [
        (&both, &[HYBRID], &TLS13, Ok((HYBRID, false))),
        (&both, &[HYBRID, X25519], &TLS13, Ok((HYBRID, false))),
        // The share of X25519 goes along.
        (&[G::X25519], &[HYBRID, X25519], &TLS13, Ok((X25519, false))),
        (&[G::secp256r1], &[HYBRID, 23], &TLS13, Ok((23, true))),
        (&both, &[23, HYBRID], &TLS13, Ok((HYBRID, true))),
        // Not unless it is asked for, and not in TLS 1.2.
        (&both, &[], &TLS13, Ok((X25519, false))),
        (&[G::X25519MLKEM768], &[], &TLS13, no_group),
        (&both, &[HYBRID, X25519], &TLS12, Ok((X25519, false))),
    ];
    for (place, (server, client, version, expected)) in cases.into_iter().enumerate() {
        assert_eq!(negotiate(server, client, version), expected, "{place}");
    }
}
