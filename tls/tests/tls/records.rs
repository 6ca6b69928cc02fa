//! Records: split anywhere, several at once, empty, large; tickets, key updates, the end.

use std::io::Write;
use std::sync::Arc;
use std::task::{Context, Waker};

use rcgen::PKCS_ECDSA_P256_SHA256;
use rustls::crypto::ring;
use rustls::version::{TLS12, TLS13};
use wskhttp_core::io::{Kind, Phase, Transport, TransportExt};
use wskhttp_tls::MaybeTls;

use crate::handshake::{echo, pattern};
use crate::support::certificates::Authority;
use crate::support::wire::{Echo, Wire};
use crate::support::{HOST, connect, connected, run, target, trusting, try_run};

type Connection = MaybeTls<Wire<Echo>>;

fn wire(connection: &mut Connection) -> &mut Wire<Echo> {
    match connection {
        MaybeTls::Tls(tls) => tls.inner_mut(),
        MaybeTls::Plain(wire) => wire,
    }
}

fn pair(version: &'static rustls::SupportedProtocolVersion) -> Connection {
    let authority = Authority::new(&PKCS_ECDSA_P256_SHA256);
    let leaf = authority.leaf(HOST, &PKCS_ECDSA_P256_SHA256);
    let server = leaf.server(ring::default_provider(), &[version]);
    connected(Echo::new(server), &authority).0
}

/// Lets the server send `bytes`.
fn say(connection: &mut Connection, bytes: &[u8]) {
    wire(connection).provoke(|peer, answer| peer.say(bytes, answer));
}

fn cx() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

async fn receive(connection: &mut Connection, length: usize) -> Vec<u8> {
    let mut all = Vec::new();
    while all.len() < length {
        if connection.input().is_empty() {
            assert_ne!(connection.fill().await.expect("received"), 0, "ended");
        }
        all.extend_from_slice(connection.input());
        connection.consume(usize::MAX);
    }
    all
}

#[test]
fn any_split_and_any_room() {
    let authority = Authority::new(&PKCS_ECDSA_P256_SHA256);
    let config = trusting(&authority);
    let bytes = pattern(40_000);
    for version in [&TLS12, &TLS13] {
        for (per_fill, output) in [(1, 1 << 15), (2, 7), (3, 100), (1447, 600), (1 << 20, 1)] {
            let leaf = authority.leaf(HOST, &PKCS_ECDSA_P256_SHA256);
            let server = leaf.server(ring::default_provider(), &[version]);
            let wire = Wire::sized(Echo::new(server), per_fill, 1 << 15, output);
            let (done, _) = run(connect(wire, &config, target(HOST)));
            let mut connection = done.expect("a connection");
            assert_eq!(run(echo(&mut connection, &bytes)), bytes, "{per_fill}");
        }
    }
}

#[test]
fn the_first_fill_ends_anywhere() {
    let authority = Authority::new(&PKCS_ECDSA_P256_SHA256);
    let config = trusting(&authority);
    for version in [&TLS12, &TLS13] {
        let leaf = authority.leaf(HOST, &PKCS_ECDSA_P256_SHA256);
        let server = leaf.server(ring::default_provider(), &[version]);
        for first in 1.. {
            let mut wire = Wire::new(Echo::new(Arc::clone(&server)));
            wire.first_fill = first;
            let (done, _) = run(connect(wire, &config, target(HOST)));
            let mut connection = done.unwrap_or_else(|error| panic!("{first}: {error}"));
            assert_eq!(run(echo(&mut connection, b"hello")), b"hello");
            if self::wire(&mut connection).first_fill_had < first {
                assert!(first > 500, "the server's flight is {first} bytes");
                break;
            }
        }
    }
}

/// A certificate of some 40 KB.
fn thousand_names() -> rcgen::CertificateParams {
    let mut params = crate::support::certificates::params(HOST);
    for i in 0..1000 {
        let name = format!("host-number-{i}.example.test");
        let name = name.try_into().expect("a name");
        params.subject_alt_names.push(rcgen::SanType::DnsName(name));
    }
    params
}

/// Handshake messages in many records, many of them incomplete at a time.
#[test]
fn fragmented_handshake_messages() {
    let authority = Authority::new(&PKCS_ECDSA_P256_SHA256);
    let config = trusting(&authority);
    let names = thousand_names();
    for version in [&TLS12, &TLS13] {
        for (fragment, per_fill) in [(32, 1 << 20), (33, 7), (1000, 1 << 20), (1 << 14, 4096)] {
            let leaf = authority.issue(names.clone(), &PKCS_ECDSA_P256_SHA256);
            let server = leaf.server(ring::default_provider(), &[version]);
            let mut server = (*server).clone();
            server.max_fragment_size = Some(fragment);
            let wire = Wire::sized(Echo::new(server.into()), per_fill, 1 << 17, 1 << 15);
            let (done, _) = run(connect(wire, &config, target(HOST)));
            let mut connection = done.expect("a connection");
            let bytes = pattern(3000);
            assert_eq!(run(echo(&mut connection, &bytes)), bytes);
            assert!(connection.is_idle_and_open(&mut cx()));
        }
    }
}

#[test]
fn a_handshake_message_that_does_not_fit() {
    let authority = Authority::new(&PKCS_ECDSA_P256_SHA256);
    let names = thousand_names();
    let leaf = authority.issue(names, &PKCS_ECDSA_P256_SHA256);
    let wire = Wire::sized(Echo::new(leaf.any_server()), 1 << 20, 1 << 14, 1 << 15);
    let (done, _) = run(connect(wire, &trusting(&authority), target(HOST)));
    let Err(error) = done else {
        panic!("connected")
    };
    assert_eq!(error.phase, Phase::Tls);
    assert_eq!(
        error.cause,
        "the server sent a handshake message that is too large"
    );
}

#[test]
fn filling_sends_the_last_flight() {
    let authority = Authority::new(&PKCS_ECDSA_P256_SHA256);
    let leaf = authority.leaf(HOST, &PKCS_ECDSA_P256_SHA256);
    let wire = Wire::new(Echo::new(leaf.any_server()));
    let (done, _) = run(connect(wire, &trusting(&authority), target(HOST)));
    let mut connection = done.expect("a connection");
    assert!(self::wire(&mut connection).peer.tls.is_handshaking());
    assert!(connection.is_idle_and_open(&mut cx()));
    assert!(!self::wire(&mut connection).peer.tls.is_handshaking());
}

#[test]
fn several_records_in_one_fill_come_one_by_one() {
    for version in [&TLS12, &TLS13] {
        let mut connection = pair(version);
        say(&mut connection, b"one");
        say(&mut connection, b"two");
        run(async {
            assert_eq!(connection.fill().await, Ok(3));
            assert_eq!(connection.input(), b"one");
            connection.consume(3);
            assert_eq!(connection.input(), b"");
            assert_eq!(connection.fill().await, Ok(3));
            assert_eq!(connection.input(), b"two");
        });
    }
}

#[test]
fn what_is_not_consumed_stays_in_front() {
    for version in [&TLS12, &TLS13] {
        let mut connection = pair(version);
        let bytes = pattern(30_000);
        for part in bytes.chunks(1000) {
            say(&mut connection, part);
        }
        run(async {
            connection.fill().await.expect("data");
            connection.consume(1);
            for round in 2..=30 {
                assert_eq!(connection.fill().await, Ok(1000));
                assert_eq!(connection.input(), &bytes[1..round * 1000]);
            }
            connection.consume(29_998);
            assert_eq!(connection.input(), &bytes[29_999..]);
            connection.consume(1);
        });
        assert_eq!(run(echo(&mut connection, b"still")), b"still");
    }
}

#[test]
fn sending_while_plaintext_and_half_a_record_wait() {
    for version in [&TLS12, &TLS13] {
        let mut connection = pair(version);
        wire(&mut connection).peer.echo = false;
        say(&mut connection, b"first");
        say(&mut connection, b"second");
        wire(&mut connection).per_fill = 40;
        run(async {
            assert_eq!(connection.fill().await, Ok(5));
            for round in 1..=5 {
                connection.output()[..4].copy_from_slice(b"ping");
                connection.stage(4);
                connection.flush().await.expect("sent");
                assert_eq!(wire(&mut connection).peer.received.len(), round * 4);
                assert_eq!(connection.input(), b"first");
            }
            assert_eq!(connection.fill().await, Ok(6));
            assert_eq!(connection.input(), b"firstsecond");
        });
    }
}

#[test]
fn the_largest_record_needs_16_645_bytes() {
    let authority = Authority::new(&PKCS_ECDSA_P256_SHA256);
    let leaf = authority.leaf(HOST, &PKCS_ECDSA_P256_SHA256);
    let wire = Wire::sized(Echo::new(leaf.any_server()), 4096, 16_645, 1 << 15);
    let (done, _) = run(connect(wire, &trusting(&authority), target(HOST)));
    let mut connection = done.expect("a connection");
    let bytes = pattern(1 << 16);
    assert_eq!(run(echo(&mut connection, &bytes)), bytes);
}

#[test]
fn a_full_buffer_is_no_end() {
    let authority = Authority::new(&PKCS_ECDSA_P256_SHA256);
    let leaf = authority.leaf(HOST, &PKCS_ECDSA_P256_SHA256);
    let wire = Wire::sized(Echo::new(leaf.any_server()), usize::MAX, 20_000, 1 << 15);
    let (done, _) = run(connect(wire, &trusting(&authority), target(HOST)));
    let mut connection = done.expect("a connection");
    run(connection.flush()).expect("sent");
    let bytes = pattern(3 << 14);
    say(&mut connection, &bytes);
    run(async {
        assert_eq!(connection.fill().await, Ok(1 << 14));
        let error = connection.fill().await.expect_err("no room");
        assert_eq!(error.kind, Kind::BufferFull);
    });
    assert_eq!(run(receive(&mut connection, bytes.len())), bytes);
}

#[test]
fn tickets_and_key_updates_are_not_data() {
    let mut connection = pair(&TLS13);
    assert!(!wire(&mut connection).arriving.is_empty(), "tickets");
    assert!(connection.is_idle_and_open(&mut cx()));
    assert!(wire(&mut connection).arriving.is_empty());
    for round in 0..20 {
        wire(&mut connection).provoke(|peer, answer| {
            peer.tls.refresh_traffic_keys().expect("a key update");
            peer.pump(answer);
        });
        assert!(connection.is_idle_and_open(&mut cx()), "{round}");
        assert_eq!(run(echo(&mut connection, b"hello")), b"hello");
    }
}

#[test]
fn data_on_an_idle_connection_makes_it_unusable() {
    let mut connection = pair(&TLS13);
    say(&mut connection, b"408");
    assert!(!connection.is_idle_and_open(&mut cx()));
}

#[test]
fn close_notify_is_the_end() {
    for version in [&TLS12, &TLS13] {
        let mut connection = pair(version);
        wire(&mut connection).provoke(|peer, answer| {
            peer.tls.writer().write_all(b"bye").expect("room");
            peer.tls.send_close_notify();
            peer.pump(answer);
        });
        wire(&mut connection).ends = true;
        run(async {
            assert_eq!(connection.fill().await, Ok(3));
            for _ in 0..3 {
                assert_eq!(connection.fill().await, Ok(0));
                assert_eq!(connection.input(), b"bye");
            }
        });
        assert!(!connection.is_idle_and_open(&mut cx()));
        // Our side is open still.
        run(async {
            connection.output()[..4].copy_from_slice(b"ping");
            connection.stage(4);
            connection.flush().await.expect("sent");
        });
        assert_eq!(wire(&mut connection).peer.received, b"ping");
    }
}

#[test]
fn an_end_without_close_notify_is_truncation() {
    for version in [&TLS12, &TLS13] {
        let mut connection = pair(version);
        say(&mut connection, b"half");
        wire(&mut connection).ends = true;
        run(async {
            assert_eq!(connection.fill().await, Ok(4));
            connection.consume(4);
            for _ in 0..2 {
                let error = connection.fill().await.expect_err("truncated");
                assert_eq!(
                    (error.kind, error.phase),
                    (Kind::TlsTruncated, Phase::Receive)
                );
            }
            // Nothing that comes after an end is believed.
            say(&mut connection, b"other half");
            connection.fill().await.expect_err("truncated for good");
            assert_eq!(connection.input(), b"");
        });
    }
}

#[test]
fn a_changed_record_is_refused_and_the_peer_told() {
    for version in [&TLS12, &TLS13] {
        for place in [0, 1, 3, 5, 20, 30] {
            let mut connection = pair(version);
            assert!(connection.is_idle_and_open(&mut cx()));
            say(&mut connection, b"attack at dawn");
            wire(&mut connection).arriving[place] ^= 1;
            wire(&mut connection).ends = true;
            let done = run(connection.fill());
            let error = done.expect_err(&format!("byte {place} of {:?}", version.version));
            assert_eq!(error.phase, Phase::Receive, "{place}");
            match place {
                // The legacy version is not authenticated in TLS 1.3 and a length may run off.
                3 => assert_eq!(error.kind, Kind::TlsTruncated),
                0 => assert_eq!(error.kind, Kind::TlsMisbehaved),
                _ => {
                    assert_eq!(error.kind, Kind::TlsMisbehaved, "{place}");
                    let told = &wire(&mut connection).peer.error;
                    assert!(
                        matches!(told, Some(rustls::Error::AlertReceived(_))),
                        "{place}: {told:?}"
                    );
                }
            }
            assert_eq!(connection.input(), b"");
        }
    }
}

#[test]
fn closing_says_close_notify_after_what_is_staged() {
    for version in [&TLS12, &TLS13] {
        let mut connection = pair(version);
        connection.output()[..4].copy_from_slice(b"last");
        connection.stage(4);
        run(connection.close()).expect("closed");
        let wire = wire(&mut connection);
        assert_eq!(wire.peer.received, b"last");
        assert!(wire.peer.saw_close);
        assert!(wire.closed);
    }
}

#[test]
fn waiting_for_data_can_be_given_up() {
    let mut connection = pair(&TLS13);
    assert_eq!(try_run(connection.fill()), None);
    say(&mut connection, b"hello");
    wire(&mut connection).per_fill = 10;
    assert_eq!(run(receive(&mut connection, 5)), b"hello");
}

#[test]
fn a_flood_of_empty_records_is_refused() {
    let mut connection = pair(&TLS12);
    // Plain empty records are as good as sealed ones: the limit or the tag stops them.
    let flood: Vec<u8> = [0x17, 3, 3, 0, 0].repeat(100);
    wire(&mut connection).arriving.extend(flood);
    let error = run(connection.fill()).expect_err("a flood");
    assert_eq!(error.kind, Kind::TlsMisbehaved);
}
