//! Sessions that are resumed, and those that must not be.

use std::sync::Arc;
use std::time::Duration;

use rcgen::PKCS_ECDSA_P256_SHA256;
use rustls::crypto::ring;
use rustls::server::ServerSessionMemoryCache;
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, SupportedProtocolVersion};
use wskhttp_core::io::{Target, TransportExt};
use wskhttp_tls::{Handshake, Identity, MaybeTls, Policy, Roots, TlsConfig};

use crate::handshake::echo;
use crate::support::certificates::Authority;
use crate::support::platform::{NOW, PLATFORM, WALL};
use crate::support::wire::{Echo, Wire};
use crate::support::{HOST, connect, run, target};

type Lock = spin::Mutex<()>;

fn server(
    authority: &Authority,
    name: &str,
    version: &'static SupportedProtocolVersion,
) -> Arc<ServerConfig> {
    let leaf = authority.leaf(name, &PKCS_ECDSA_P256_SHA256);
    let mut config = (*leaf.server(ring::default_provider(), &[version])).clone();
    config.ticketer = ring::Ticketer::new().expect("a ticketer");
    config.session_storage = ServerSessionMemoryCache::new(1024);
    config.into()
}

/// Shakes hands and exchanges bytes, so that tickets arrive; gives how the session came about.
fn visit(config: &Arc<TlsConfig>, server: &Arc<ServerConfig>, target: Target<'_>) -> Handshake {
    let wire = Wire::new(Echo::new(Arc::clone(server)));
    let (done, _) = run(connect(wire, config, target));
    let MaybeTls::Tls(tls) = done.expect("a connection") else {
        panic!("no TLS")
    };
    let mut tls = tls.into_inner();
    run(echo(&mut tls, b"hello"));
    let kind = tls.session().kind().expect("a handshake");
    assert_eq!(tls.session().peer_certificates().count(), 1);
    run(tls.close()).expect("closed");
    kind
}

fn resuming(policy: &Policy<'_>, servers: usize) -> Arc<TlsConfig> {
    TlsConfig::resuming::<Lock>(&PLATFORM, policy, servers).expect("a configuration")
}

#[test]
fn both_versions_resume() {
    let authority = Authority::new(&PKCS_ECDSA_P256_SHA256);
    let policy = Policy::new(Roots::Only(authority.der()));
    for version in [&TLS12, &TLS13] {
        let server = server(&authority, HOST, version);
        let config = resuming(&policy, 4);
        assert_eq!(visit(&config, &server, target(HOST)), Handshake::Full);
        for _ in 0..5 {
            assert_eq!(visit(&config, &server, target(HOST)), Handshake::Resumed);
        }
        assert!(config.sessions_received() >= 6 || version.version == TLS12.version);
        let plain = TlsConfig::with_policy(&PLATFORM, &policy).expect("a configuration");
        for _ in 0..2 {
            assert_eq!(visit(&plain, &server, target(HOST)), Handshake::Full);
        }
        assert_eq!(plain.sessions_received(), 0);
    }
}

/// However often it is renewed: what is resumed is not judged.
#[test]
fn a_session_lasts_a_day() {
    const HOUR: Duration = Duration::from_secs(3600);
    let authority = Authority::new(&PKCS_ECDSA_P256_SHA256);
    let policy = Policy::new(Roots::Only(authority.der()));
    for version in [&TLS12, &TLS13] {
        let server = server(&authority, HOST, version);
        let config = resuming(&policy, 4);
        WALL.set(NOW);
        for (hour, kind) in [
            (0, Handshake::Full),
            (10, Handshake::Resumed),
            (20, Handshake::Resumed),
            (25, Handshake::Full),
            (35, Handshake::Resumed),
            (24, Handshake::Full),
        ] {
            WALL.set(NOW + hour * HOUR);
            let found = visit(&config, &server, target(HOST));
            assert_eq!(found, kind, "{:?} hour {hour}", version.version);
        }
    }
}

#[test]
fn nothing_is_resumed_elsewhere() {
    let authority = Authority::new(&PKCS_ECDSA_P256_SHA256);
    let policy = Policy::new(Roots::Only(authority.der()));
    let other = authority.leaf("client", &PKCS_ECDSA_P256_SHA256);
    let changed = [
        Policy {
            max_intermediates: 1,
            ..policy
        },
        Policy {
            identity: Some(Identity {
                chain: &other.chain[0],
                key: other.key.secret_der(),
            }),
            ..policy
        },
    ];
    for version in [&TLS12, &TLS13] {
        let server = server(&authority, HOST, version);
        let config = resuming(&policy, 4);
        assert_eq!(visit(&config, &server, target(HOST)), Handshake::Full);
        let another_port = Target {
            port: 8443,
            ..target(HOST)
        };
        assert_eq!(visit(&config, &server, another_port), Handshake::Full);
        for policy in &changed {
            let config = resuming(policy, 4);
            assert_eq!(visit(&config, &server, target(HOST)), Handshake::Full);
        }
        // An equal configuration of its own has nothing of the first.
        let twin = resuming(&policy, 4);
        assert_eq!(twin, config);
        assert_eq!(visit(&twin, &server, target(HOST)), Handshake::Full);
        assert_eq!(visit(&config, &server, target(HOST)), Handshake::Resumed);
    }
}

#[test]
fn the_server_not_used_for_longest_makes_room() {
    let authority = Authority::new(&PKCS_ECDSA_P256_SHA256);
    let policy = Policy::new(Roots::Only(authority.der()));
    let config = resuming(&policy, 2);
    let hosts = ["a.test", "b.test", "c.test"];
    let servers = hosts.map(|host| server(&authority, host, &TLS13));
    let go = |n: usize| visit(&config, &servers[n], target(hosts[n]));
    assert_eq!(go(0), Handshake::Full);
    assert_eq!(go(1), Handshake::Full);
    assert_eq!(go(0), Handshake::Resumed);
    assert_eq!(go(2), Handshake::Full);
    assert_eq!(go(0), Handshake::Resumed);
    assert_eq!(go(1), Handshake::Full);
    let none = resuming(&policy, 0);
    for _ in 0..2 {
        assert_eq!(visit(&none, &servers[0], target(hosts[0])), Handshake::Full);
    }
}

#[test]
fn a_flood_of_tickets_leaves_two() {
    const FLOOD: usize = 200;
    let authority = Authority::new(&PKCS_ECDSA_P256_SHA256);
    let config = resuming(&Policy::new(Roots::Only(authority.der())), 4);
    let mut flooding = (*server(&authority, HOST, &TLS13)).clone();
    flooding.send_tls13_tickets = FLOOD;
    // Takes the same tickets, and gives none.
    let mut silent = flooding.clone();
    silent.send_tls13_tickets = 0;
    let (flooding, silent) = (Arc::new(flooding), Arc::new(silent));
    assert_eq!(visit(&config, &flooding, target(HOST)), Handshake::Full);
    assert_eq!(config.sessions_received(), FLOOD as u64);
    let resumed = (0..5)
        .map(|_| visit(&config, &silent, target(HOST)))
        .take_while(|kind| *kind == Handshake::Resumed);
    assert_eq!(resumed.count(), 2);
}
