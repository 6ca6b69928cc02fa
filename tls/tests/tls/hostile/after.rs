//! After the handshake.

use rcgen::PKCS_ECDSA_P256_SHA256;
use rustls::version::TLS13;
use rustls::{AlertDescription, Error as Tls};
use wskhttp_core::io::TransportExt;
use wskhttp_tls::MaybeTls;

use crate::handshake::echo;
use crate::support::certificates::Authority;
use crate::support::wire::{Echo, Wire};
use crate::support::{HOST, connected, run, try_run};

use super::{HANDSHAKE, MALFORMED, SEAL, TURN, joined, provider};

/// A connection to a server whose cipher can be tampered with from now on.
fn settled() -> MaybeTls<Wire<Echo>> {
    let authority = Authority::new(&PKCS_ECDSA_P256_SHA256);
    let leaf = authority.leaf(HOST, &PKCS_ECDSA_P256_SHA256);
    let server = leaf.server(provider(), &[&TLS13]);
    connected(Echo::new(server), &authority).0
}

/// Lets the server seal `bytes` as `typ`, `times` times.
fn say(connection: &mut MaybeTls<Wire<Echo>>, typ: u8, bytes: &[u8], times: usize) {
    let MaybeTls::Tls(tls) = connection else {
        panic!("no TLS")
    };
    let sealed = bytes.to_vec();
    SEAL.set(Some(Box::new(move |_, _| (typ, sealed.clone()))));
    tls.inner_mut().provoke(|peer, answer| {
        for _ in 0..times {
            peer.say(b"?", answer);
        }
    });
    SEAL.set(None);
}

/// The alert that the server got.
fn told(connection: &mut MaybeTls<Wire<Echo>>) -> Option<AlertDescription> {
    let MaybeTls::Tls(tls) = connection else {
        panic!("no TLS")
    };
    match tls.inner_mut().peer.error {
        Some(Tls::AlertReceived(alert)) => Some(alert),
        _ => None,
    }
}

/// A NewSessionTicket.
fn ticket() -> Vec<u8> {
    let mut ticket = vec![4, 0, 0, 21];
    ticket.extend([0, 0, 1, 0, 0, 0, 0, 0, 1, 7, 0, 8]);
    ticket.extend([1; 8]);
    ticket[3] = u8::try_from(ticket.len() - 4 + 2).expect("short");
    ticket.extend([0, 0]);
    ticket
}

/// Names, what is sealed as which type and how often, and how it is refused.
pub(super) fn ways() -> [(&'static str, u8, Vec<u8>, usize, &'static str); 14] {
    const DATA: u8 = 23;
    const ALERT: u8 = 21;
    [
        (
            "Finished again",
            HANDSHAKE,
            joined(&[(20, vec![0; 32])]),
            1,
            TURN,
        ),
        (
            "ServerHello again",
            HANDSHAKE,
            joined(&[(2, vec![3; 80])]),
            1,
            MALFORMED,
        ),
        ("HelloRequest", HANDSHAKE, joined(&[(0, vec![])]), 1, TURN),
        (
            "Certificate again",
            HANDSHAKE,
            joined(&[(11, vec![0; 4])]),
            1,
            TURN,
        ),
        (
            "a request for a certificate",
            HANDSHAKE,
            joined(&[(13, vec![0, 0, 8, 0, 13, 0, 4, 0, 2, 4, 3])]),
            1,
            TURN,
        ),
        (
            "an unknown message",
            HANDSHAKE,
            joined(&[(99, vec![0; 4])]),
            1,
            TURN,
        ),
        (
            "KeyUpdate of another kind",
            HANDSHAKE,
            vec![24, 0, 0, 1, 7],
            1,
            "the peer sent a malformed KeyUpdate",
        ),
        (
            "a message behind KeyUpdate",
            HANDSHAKE,
            [&[24, 0, 0, 1, 0], &ticket()[..]].concat(),
            1,
            "the peer changed its keys in the middle of a handshake message",
        ),
        (
            "a sealed ChangeCipherSpec",
            20,
            vec![1],
            1,
            "the peer sent a ChangeCipherSpec that was not its turn",
        ),
        (
            "empty data without end",
            DATA,
            vec![],
            100,
            "the peer sent too many empty TLS records",
        ),
        (
            "warnings without end",
            ALERT,
            vec![1, 90],
            100,
            "the peer sent too many warnings",
        ),
        (
            "a warning that TLS 1.3 does not have",
            ALERT,
            vec![1, 100],
            1,
            "the server ended TLS with a fatal alert",
        ),
        (
            "a fatal alert",
            ALERT,
            vec![2, 80],
            1,
            "the server failed (alert internal_error)",
        ),
        ("an alert of one byte", ALERT, vec![2], 1, MALFORMED),
    ]
}

/// Nothing is said to a fatal alert, and rustls says nothing where it has counted enough.
const SILENT: [&str; 3] = [
    "a fatal alert",
    "empty data without end",
    "warnings without end",
];

#[test]
fn after_the_handshake() {
    let mut wrong = Vec::new();
    for (name, typ, bytes, times, cause) in ways() {
        let mut connection = settled();
        say(&mut connection, typ, &bytes, times);
        match try_run(connection.fill()) {
            Some(Err(error)) if error.cause == cause => {}
            done => wrong.push(format!("{name}: {done:?}")),
        }
        if told(&mut connection).is_some() == SILENT.contains(&name) {
            wrong.push(format!("{name}: told {:?}", told(&mut connection)));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    // Tickets without end are no error, and only a few are kept.
    let mut connection = settled();
    say(&mut connection, HANDSHAKE, &ticket().repeat(50), 50);
    assert!(try_run(connection.fill()).is_none(), "no data, no end");
    assert_eq!(run(echo(&mut connection, b"hello")), b"hello");
}

#[test]
fn requests_for_new_keys_without_end() {
    let mut connection = settled();
    let MaybeTls::Tls(tls) = &mut connection else {
        panic!("no TLS")
    };
    tls.inner_mut().provoke(|peer, answer| {
        for _ in 0..1000 {
            peer.tls.refresh_traffic_keys().expect("new keys");
            peer.pump(answer);
        }
    });
    let error = try_run(connection.fill())
        .expect("ready")
        .expect_err("refused");
    assert_eq!(error.cause, "the peer sent too many requests for new keys");
    // Few of them are answered.
    let MaybeTls::Tls(tls) = &mut connection else {
        panic!("no TLS")
    };
    assert!(tls.session().outgoing().len() < 4096);
}
