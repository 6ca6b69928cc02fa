//! Servers that must be refused, each with its own words.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use rcgen::PKCS_ECDSA_P256_SHA256;
use rustls::crypto::ring;
use wskhttp_core::io::{Error, Fault, Kind, Phase, Scheme};
use wskhttp_tls::{MaybeTls, Roots, TlsConfig};

use crate::support::certificates::{Authority, params, self_signed};
use crate::support::platform::{NOW, PLATFORM, WALL};
use crate::support::wire::{Echo, Script, Wire};
use crate::support::{HOST, connect, refused, run, target, trusting};

pub(crate) fn authority() -> Authority {
    Authority::new(&PKCS_ECDSA_P256_SHA256)
}

pub(crate) fn echo(authority: &Authority, name: &str) -> Echo {
    Echo::new(authority.leaf(name, &PKCS_ECDSA_P256_SHA256).any_server())
}

#[track_caller]
pub(crate) fn expect(error: Error, kind: Kind, cause: &str) {
    assert_eq!(error.phase, Phase::Tls);
    assert_eq!(error.kind, kind, "{error}");
    assert_eq!(error.cause, cause);
    assert!(error.status() < 0);
}

/// The error, and the alert that the server got.
fn refused_with_alert(echo: Echo, authority: &Authority) -> (Error, Option<rustls::Error>) {
    let told = Rc::new(RefCell::new(None));
    struct Tell(Echo, Rc<RefCell<Option<rustls::Error>>>);
    impl crate::support::wire::Peer for Tell {
        fn receive(&mut self, bytes: &[u8], answer: &mut Vec<u8>) {
            self.0.receive(bytes, answer);
            *self.1.borrow_mut() = self.0.error.clone();
        }
    }
    let peer = Tell(echo, Rc::clone(&told));
    let error = refused(peer, &trusting(authority), HOST);
    let told = told.borrow_mut().take();
    (error, told)
}

#[test]
fn untrusted_authority() {
    let (ours, theirs) = (authority(), authority());
    let (error, told) = refused_with_alert(echo(&theirs, HOST), &ours);
    // Both authorities have the same name, so it is the signature that does not fit.
    assert_eq!(error.phase, Phase::Tls);
    assert!(matches!(
        error.kind,
        Kind::UnknownIssuer | Kind::CertificateInvalid
    ));
    assert!(
        matches!(told, Some(rustls::Error::AlertReceived(_))),
        "{told:?}"
    );
    let built_in = TlsConfig::new(&PLATFORM, Roots::BuiltIn).expect("a configuration");
    let error = refused(echo(&theirs, HOST), &built_in, HOST);
    expect(
        error,
        Kind::UnknownIssuer,
        "the certificate's issuer is not trusted, and the server sent nothing that leads to one that is",
    );
    assert_eq!(error.fault(), Fault::Peer);
}

#[test]
fn self_signed_leaf() {
    let leaf = self_signed(HOST).any_server();
    let error = refused(Echo::new(leaf), &trusting(&authority()), HOST);
    expect(
        error,
        Kind::UnknownIssuer,
        "the certificate is self-signed, and is not trusted itself",
    );
}

#[test]
fn another_name() {
    let authority = authority();
    for (name, host) in [
        ("other.test", HOST),
        ("*.test", "a.example.test"),
        ("127.0.0.1", "127.0.0.2"),
        ("127.0.0.1.test", "127.0.0.1"),
        (HOST, "127.0.0.1"),
    ] {
        let error = refused(echo(&authority, name), &trusting(&authority), host);
        expect(
            error,
            Kind::NameMismatch,
            "the certificate is for another host name",
        );
    }
}

#[test]
fn expired_and_not_yet_valid() {
    let authority = authority();
    let year = Duration::from_secs(365 * 24 * 3600);
    for (now, kind, cause) in [
        (
            NOW + 10 * year,
            Kind::CertificateExpired,
            "the certificate has expired",
        ),
        (
            NOW - 10 * year,
            Kind::CertificateNotYetValid,
            "the certificate is not valid yet",
        ),
        (
            Duration::ZERO,
            Kind::TlsInternal,
            "the wall clock is not set",
        ),
    ] {
        WALL.set(now);
        let error = refused(echo(&authority, HOST), &trusting(&authority), HOST);
        expect(error, kind, cause);
    }
}

#[test]
fn a_leaf_for_clients_only() {
    let authority = authority();
    let mut params = params(HOST);
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    let leaf = authority.issue(params, &PKCS_ECDSA_P256_SHA256);
    let error = refused(Echo::new(leaf.any_server()), &trusting(&authority), HOST);
    expect(
        error,
        Kind::CertificateInvalid,
        "the certificate is not for a TLS server",
    );
}

#[test]
fn old_versions_only() {
    let config = trusting(&authority());
    // alert protocol_version
    let alert = [0x15, 3, 1, 0, 2, 2, 70];
    // a ServerHello of TLS 1.1
    let mut hello = vec![0x16, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2];
    hello.extend([7; 32]);
    hello.extend([0, 0xC0, 0x2B, 0]);
    for reply in [&alert[..], &hello] {
        let error = refused(Script::new(reply), &config, HOST);
        expect(
            error,
            Kind::TlsVersion,
            "the server does not speak TLS 1.2 or 1.3",
        );
    }
}

#[test]
fn not_tls() {
    let config = trusting(&authority());
    for reply in [
        &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
        b"SSH-2.0-OpenSSH_9\r\n",
        b"220 mail ESMTP\r\n",
        &[0; 64],
        &[0xFF; 64],
        &[0x16, 3, 3, 0xFF, 0xFF],
    ] {
        let error = refused(Script::new(reply), &config, HOST);
        expect(error, Kind::TlsMisbehaved, "the peer does not speak TLS");
    }
}

#[test]
fn fatal_alerts() {
    let config = trusting(&authority());
    for (alert, cause) in [
        (
            40,
            "the server accepts none of the offered TLS parameters (alert handshake_failure)",
        ),
        (
            112,
            "the server does not know this host name (alert unrecognized_name)",
        ),
        (80, "the server failed (alert internal_error)"),
        (
            22,
            "the server found a record too large (alert record_overflow)",
        ),
        (200, "the server ended TLS with a fatal alert"),
    ] {
        let error = refused(Script::new(&[0x15, 3, 3, 0, 2, 2, alert]), &config, HOST);
        expect(error, Kind::TlsAlert, cause);
    }
}

#[test]
fn an_end_in_the_handshake() {
    let authority = authority();
    let mut flight = Wire::new(echo(&authority, HOST));
    flight.ends = true;
    for length in [0, 1, 5, 100, 500] {
        let mut wire = Wire::new(Cut(echo(&authority, HOST), length));
        wire.ends = true;
        let (done, info) = run(connect(wire, &trusting(&authority), target(HOST)));
        let Err(error) = done else {
            panic!("connected")
        };
        expect(
            error,
            Kind::TlsTruncated,
            "the server closed the connection during the TLS handshake",
        );
        assert_eq!(info.tls, None);
    }
}

struct Cut(Echo, usize);

impl crate::support::wire::Peer for Cut {
    fn receive(&mut self, bytes: &[u8], answer: &mut Vec<u8>) {
        self.0.receive(bytes, answer);
        answer.truncate(self.1);
    }
}

#[test]
fn nothing_in_common() {
    let authority = authority();
    let mut provider = ring::default_provider();
    provider
        .kx_groups
        .retain(|group| group.name() == rustls::NamedGroup::secp384r1);
    provider
        .cipher_suites
        .retain(|suite| suite.suite() == rustls::CipherSuite::TLS13_AES_256_GCM_SHA384);
    let leaf = authority.leaf(HOST, &PKCS_ECDSA_P256_SHA256);
    let mut config = (*leaf.server(provider, &[&rustls::version::TLS13])).clone();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let error = refused(Echo::new(config.into()), &trusting(&authority), HOST);
    expect(
        error,
        Kind::TlsAlert,
        "the server does not offer HTTP/1.1 (alert no_application_protocol)",
    );
}

/// Changes one byte of the first flight.
struct Flip {
    echo: Echo,
    place: usize,
    flight: Rc<RefCell<Vec<u8>>>,
}

impl crate::support::wire::Peer for Flip {
    fn receive(&mut self, bytes: &[u8], answer: &mut Vec<u8>) {
        self.echo.receive(bytes, answer);
        if self.flight.borrow().is_empty() {
            self.flight.borrow_mut().clone_from(answer);
            if let Some(byte) = answer.get_mut(self.place) {
                *byte ^= 0x20;
            }
        }
    }
}

#[test]
fn a_changed_first_flight_never_connects() {
    let authority = authority();
    let config = trusting(&authority);
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let leaf = authority.leaf(HOST, &PKCS_ECDSA_P256_SHA256);
        let server = leaf.server(ring::default_provider(), &[version]);
        let mut connected = Vec::new();
        for place in 0.. {
            let flight = Rc::new(RefCell::new(Vec::new()));
            let mut wire = Wire::new(Flip {
                echo: Echo::new(Arc::clone(&server)),
                place,
                flight: Rc::clone(&flight),
            });
            wire.ends = true;
            if run(connect(wire, &config, target(HOST))).0.is_ok() {
                connected.push(place);
            }
            let flight = flight.borrow();
            if place >= flight.len() {
                // The low byte of the version in a record's header is the only one that nothing
                // protects: RFC 8446 section 5.1 says to ignore it.
                let mut harmless = vec![place];
                let mut record = 0;
                while record < flight.len() {
                    harmless.push(record + 2);
                    let length = [flight[record + 3], flight[record + 4]];
                    record += 5 + usize::from(u16::from_be_bytes(length));
                }
                assert!(connected.contains(&place), "an unchanged flight connects");
                assert!(
                    connected.iter().all(|place| harmless.contains(place)),
                    "{connected:?}, {harmless:?}"
                );
                break;
            }
        }
    }
}

#[test]
fn roots_that_are_none() {
    let authority = authority();
    let mut two = authority.der().to_vec();
    two.extend(authority.der());
    assert!(TlsConfig::new(&PLATFORM, Roots::Only(&two)).is_ok());
    assert!(TlsConfig::new(&PLATFORM, Roots::BuiltInAnd(&two)).is_ok());
    for bad in [&two[..two.len() - 1], &[0x30, 0x03, 2, 1, 1], b"-----BEGIN"] {
        for roots in [Roots::Only(bad), Roots::BuiltInAnd(bad)] {
            let error = TlsConfig::new(&PLATFORM, roots).expect_err("no certificate");
            assert_eq!(error.kind, Kind::InvalidRequest);
            assert_eq!(
                error.cause,
                "a trusted root is not a certificate in DER or PEM"
            );
        }
    }
    let error = TlsConfig::new(&PLATFORM, Roots::Only(&[])).expect_err("nothing");
    assert_eq!(error.cause, "there is no trusted root");
}

#[test]
fn configurations_are_equal_by_what_they_trust() {
    let (one, two) = (authority(), authority());
    let config = |roots| TlsConfig::new(&PLATFORM, roots).expect("a configuration");
    assert_eq!(config(Roots::BuiltIn), config(Roots::BuiltIn));
    assert_eq!(
        config(Roots::Only(one.der())),
        config(Roots::Only(one.der()))
    );
    assert_ne!(
        config(Roots::Only(one.der())),
        config(Roots::Only(two.der()))
    );
    assert_ne!(
        config(Roots::Only(one.der())),
        config(Roots::BuiltInAnd(one.der()))
    );
    assert_ne!(config(Roots::BuiltIn), config(Roots::BuiltInAnd(one.der())));
}

#[test]
fn hosts_that_are_none() {
    let config = trusting(&authority());
    for host in ["", "a b", "[::1]", "a/b", "-", "ex\0ample.test", "a..b"] {
        let error = refused(Script::new(b""), &config, host);
        assert_eq!(error.kind, Kind::InvalidUrl, "{host}");
    }
}

#[test]
fn http_passes_through() {
    let mut target = target(HOST);
    target.scheme = Scheme::Http;
    let wire = Wire::new(Script::new(b""));
    let (done, info) = run(connect(wire, &trusting(&authority()), target));
    assert!(matches!(done, Ok(MaybeTls::Plain(_))));
    assert_eq!(info.tls, None);
}

#[test]
fn a_server_that_never_answers() {
    let mut target = target(HOST);
    target.deadline = Some(Duration::ZERO);
    let wire = Wire::new(Script::new(b""));
    let (done, _) = run(connect(wire, &trusting(&authority()), target));
    let Err(error) = done else {
        panic!("connected")
    };
    expect(error, Kind::TimedOut, "the TLS handshake took too long");
}
