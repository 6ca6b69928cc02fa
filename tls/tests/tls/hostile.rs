//! A server that breaks the protocol in named ways: each is refused with its own words, and told.
//!
//! It is a server of rustls whose cipher is tampered with: what it seals passes through a function
//! first, and what it sends through another.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::LazyLock;

use rcgen::PKCS_ECDSA_P256_SHA256;
use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, MessageDecrypter, MessageEncrypter,
    OutboundChunks, OutboundOpaqueMessage, OutboundPlainMessage, Tls13AeadAlgorithm,
    UnsupportedOperationError,
};
use rustls::crypto::{CryptoProvider, ring};
use rustls::version::{TLS12, TLS13};
use rustls::{
    ConnectionTrafficSecrets, ContentType, Error as Tls, SupportedCipherSuite, Tls13CipherSuite,
};
use wskhttp_core::io::{Error, Kind, TransportExt};
use wskhttp_tls::MaybeTls;

use crate::handshake::echo;
use crate::support::certificates::Authority;
use crate::support::wire::{Echo, Peer, Wire};
use crate::support::{HOST, connect, connected, run, target, trusting, try_run};

/// What is sealed: its type and bytes, before and after.
type Seal = Box<dyn FnMut(u8, Vec<u8>) -> (u8, Vec<u8>)>;

thread_local! {
    static SEAL: RefCell<Option<Seal>> = const { RefCell::new(None) };
}

const HANDSHAKE: u8 = 22;

struct Tampered(&'static dyn Tls13AeadAlgorithm);

impl Tls13AeadAlgorithm for Tampered {
    fn encrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageEncrypter> {
        Box::new(TamperedEncrypter(self.0.encrypter(key, iv)))
    }

    fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
        Box::new(Opened(self.0.decrypter(key, iv)))
    }

    fn key_len(&self) -> usize {
        self.0.key_len()
    }

    fn extract_keys(
        &self,
        key: AeadKey,
        iv: Iv,
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        self.0.extract_keys(key, iv)
    }
}

struct TamperedEncrypter(Box<dyn MessageEncrypter>);

impl MessageEncrypter for TamperedEncrypter {
    fn encrypt(
        &mut self,
        msg: OutboundPlainMessage<'_>,
        seq: u64,
    ) -> Result<OutboundOpaqueMessage, Tls> {
        let bytes = msg.payload.to_vec();
        let (typ, bytes) = SEAL.with_borrow_mut(|seal| match seal {
            Some(seal) => seal(msg.typ.into(), bytes),
            None => (msg.typ.into(), bytes),
        });
        let msg = OutboundPlainMessage {
            typ: ContentType::from(typ),
            version: msg.version,
            payload: OutboundChunks::Single(&bytes),
        };
        self.0.encrypt(msg, seq)
    }

    fn encrypted_payload_len(&self, payload_len: usize) -> usize {
        self.0.encrypted_payload_len(payload_len)
    }
}

struct Opened(Box<dyn MessageDecrypter>);

impl MessageDecrypter for Opened {
    fn decrypt<'a>(
        &mut self,
        msg: InboundOpaqueMessage<'a>,
        seq: u64,
    ) -> Result<InboundPlainMessage<'a>, Tls> {
        self.0.decrypt(msg, seq)
    }
}

/// rustls's own provider, with one suite of TLS 1.3, tampered with.
fn provider() -> CryptoProvider {
    static SUITE: LazyLock<&'static Tls13CipherSuite> = LazyLock::new(|| {
        let suites = ring::default_provider().cipher_suites;
        let suite = suites.iter().find_map(SupportedCipherSuite::tls13);
        let suite = suite.expect("a suite of TLS 1.3");
        let aead_alg: &'static Tampered = Box::leak(Box::new(Tampered(suite.aead_alg)));
        Box::leak(Box::new(Tls13CipherSuite {
            common: rustls::crypto::CipherSuiteCommon {
                suite: suite.common.suite,
                hash_provider: suite.common.hash_provider,
                confidentiality_limit: u64::MAX,
            },
            hkdf_provider: suite.hkdf_provider,
            aead_alg,
            quic: None,
        }))
    });
    CryptoProvider {
        cipher_suites: vec![SupportedCipherSuite::Tls13(*SUITE)],
        ..ring::default_provider()
    }
}

/// A server whose answers are changed on their way.
struct Changed<F> {
    echo: Echo,
    change: F,
    /// Why the server gave up.
    told: Rc<RefCell<Option<rustls::Error>>>,
}

impl<F: FnMut(&mut Vec<u8>)> Peer for Changed<F> {
    fn receive(&mut self, bytes: &[u8], answer: &mut Vec<u8>) {
        self.echo.receive(bytes, answer);
        (self.change)(answer);
        *self.told.borrow_mut() = self.echo.error.clone();
    }
}

/// Connects to a server whose wire is changed; gives the error and what the server was told.
fn attack(
    version: &'static rustls::SupportedProtocolVersion,
    change: impl FnMut(&mut Vec<u8>),
) -> (Option<Error>, Option<rustls::Error>) {
    let authority = Authority::new(&PKCS_ECDSA_P256_SHA256);
    let provider = match version.version {
        rustls::ProtocolVersion::TLSv1_3 => provider(),
        _ => ring::default_provider(),
    };
    let server = authority
        .leaf(HOST, &PKCS_ECDSA_P256_SHA256)
        .server(provider, &[version]);
    let told = Rc::new(RefCell::new(None));
    let mut wire = Wire::new(Changed {
        echo: Echo::new(server),
        change,
        told: Rc::clone(&told),
    });
    wire.ends = true;
    let config = trusting(&authority);
    let error = run(async {
        match connect(wire, &config, target(HOST)).await.0 {
            Err(error) => Some(error),
            // An attack on what comes after the server's Finished shows in what is read first.
            Ok(mut connection) => match connection.flush().await {
                Ok(()) => connection.fill().await.err(),
                Err(error) => Some(error),
            },
        }
    });
    let told = told.borrow_mut().take();
    (error, told)
}

/// A message of the handshake.
type Message = (u8, Vec<u8>);

fn messages(mut bytes: &[u8]) -> Vec<Message> {
    let mut all = Vec::new();
    while let [typ, a, b, c, rest @ ..] = bytes {
        let length = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
        let (body, after) = rest.split_at(length);
        all.push((*typ, body.to_vec()));
        bytes = after;
    }
    all
}

fn joined(messages: &[Message]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (typ, body) in messages {
        let length = u32::try_from(body.len()).expect("short").to_be_bytes();
        bytes.push(*typ);
        bytes.extend(&length[1..]);
        bytes.extend(body);
    }
    bytes
}

/// Changes the sealed flight: EncryptedExtensions, Certificate, CertificateVerify, Finished.
fn sealed_flight(change: impl Fn(&mut Vec<Message>) + 'static) -> (Option<Error>, Option<Tls>) {
    let mut first = true;
    SEAL.set(Some(Box::new(move |typ, bytes| {
        if typ != HANDSHAKE || !std::mem::take(&mut first) {
            return (typ, bytes);
        }
        let mut flight = messages(&bytes);
        assert_eq!(
            flight.iter().map(|message| message.0).collect::<Vec<_>>(),
            [8, 11, 15, 20]
        );
        change(&mut flight);
        (typ, joined(&flight))
    })));
    let done = attack(&TLS13, |_| {});
    SEAL.set(None);
    done
}

/// Whether `done` is as it must be; else what it is.
fn check(name: &str, done: (Option<Error>, Option<Tls>), cause: &str) -> Result<(), String> {
    let error = done.0.ok_or(format!("{name}: not refused"))?;
    let kinds = [
        Kind::TlsMisbehaved,
        Kind::TlsIncompatible,
        Kind::TlsVersion,
        Kind::TlsTruncated,
        Kind::CertificateInvalid,
    ];
    if !kinds.contains(&error.kind) || error.cause != cause {
        return Err(format!("{name}: {error}"));
    }
    // rustls says nothing to these.
    let silent = error.kind == Kind::TlsTruncated
        || ["no certificates", "a message of 16 MiB"].contains(&name);
    match done.1 {
        // Under keys that the server does not expect yet, an alert is noise to it.
        Some(Tls::AlertReceived(_) | Tls::DecryptError) => Ok(()),
        None if silent => Ok(()),
        told => Err(format!("{name}: told {told:?}")),
    }
}

#[track_caller]
fn check_all(done: impl Iterator<Item = Result<(), String>>) {
    let wrong: Vec<String> = done.filter_map(Result::err).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

const TURN: &str = "the peer sent a TLS message that was not its turn";
const MALFORMED: &str = "the peer sent a malformed TLS message";
const UNASKED: &str = "the server sent an extension that was not asked for";
const SIGNATURE: &str = "the server's signature of the handshake is wrong";
const DAMAGED: &str = "a TLS record was damaged or forged on its way";
const ENDED: &str = "the server closed the connection during the TLS handshake";

fn cut(flight: &mut [Message], place: usize) {
    let message = &mut flight[place].1;
    message.truncate(message.len() - 1);
}

/// Adds an extension to the list that ends EncryptedExtensions, which is nothing else.
fn extend(message: &mut Message, extension: &[u8]) {
    message.1.extend(extension);
    let length = u16::try_from(message.1.len() - 2).expect("short");
    message.1[..2].copy_from_slice(&length.to_be_bytes());
}

#[test]
fn flights_of_tls13() {
    type Change = fn(&mut Vec<Message>);
    let ways: &[(&str, Change, &str)] = &[
        ("no EncryptedExtensions", |f| drop(f.remove(0)), TURN),
        ("no Certificate", |f| drop(f.remove(1)), TURN),
        ("no CertificateVerify", |f| drop(f.remove(2)), TURN),
        ("no Finished", |f| drop(f.remove(3)), ENDED),
        ("Finished alone", |f| drop(f.drain(..3)), TURN),
        ("Certificate first", |f| f.swap(0, 1), TURN),
        (
            "CertificateVerify before Certificate",
            |f| f.swap(1, 2),
            TURN,
        ),
        ("Finished before CertificateVerify", |f| f.swap(2, 3), TURN),
        (
            "two EncryptedExtensions",
            |f| f.insert(0, f[0].clone()),
            TURN,
        ),
        ("two Certificates", |f| f.insert(1, f[1].clone()), TURN),
        (
            "two CertificateVerifys",
            |f| f.insert(2, f[2].clone()),
            TURN,
        ),
        ("wrong Finished", |f| f[3].1[0] ^= 1, DAMAGED),
        ("short Finished", |f| f[3].1.truncate(31), DAMAGED),
        ("long Finished", |f| f[3].1.push(0), DAMAGED),
        ("empty Finished", |f| f[3].1.clear(), DAMAGED),
        (
            "wrong signature",
            |f| *f[2].1.last_mut().expect("bytes") ^= 1,
            SIGNATURE,
        ),
        (
            "empty signature",
            |f| drop(f[2].1.splice(2.., [0, 0])),
            SIGNATURE,
        ),
        (
            "signature with SHA-1",
            |f| f[2].1[..2].copy_from_slice(&[2, 3]),
            "the server signed with a scheme that was not offered",
        ),
        (
            "signature of another kind of key",
            |f| f[2].1[..2].copy_from_slice(&[8, 4]),
            "the server signed the handshake with an algorithm that does not fit its key",
        ),
        (
            "cut CertificateVerify",
            |f| drop(f[2].1.drain(..3)),
            MALFORMED,
        ),
        (
            "no certificates",
            |f| f[1].1 = vec![0, 0, 0, 0],
            "the server presented no certificate",
        ),
        (
            "a context of certificates",
            |f| drop(f[1].1.splice(..1, [1, 7])),
            MALFORMED,
        ),
        ("cut Certificate", |f| cut(f, 1), MALFORMED),
        ("more after Certificate", |f| f[1].1.push(0), MALFORMED),
        (
            "a compressed certificate",
            |f| {
                let body = [0, 1, 0xFF, 0xFF, 0xFF, 0, 0, 2, 0x78, 0x9C];
                f[1] = (25, body.to_vec());
            },
            TURN,
        ),
        (
            "key_share among sealed extensions",
            |f| extend(&mut f[0], &[0, 51, 0, 0]),
            MALFORMED,
        ),
        (
            "an unknown extension",
            |f| extend(&mut f[0], &[0x12, 0x34, 0, 0]),
            UNASKED,
        ),
        (
            "early_data unasked",
            |f| extend(&mut f[0], &[0, 42, 0, 0]),
            UNASKED,
        ),
        (
            "ALPN twice",
            |f| extend(&mut f[0], b"\0\x10\0\x0b\0\x09\x08http/1.1"),
            "the server sent an extension twice",
        ),
        (
            "ALPN not offered",
            |f| f[0].1 = b"\0\x09\0\x10\0\x05\0\x03\x02h2".to_vec(),
            "the server chose an application protocol that was not offered",
        ),
        (
            "two ALPN names",
            |f| f[0].1 = b"\0\x15\0\x10\0\x11\0\x0f\x08http/1.1\x05other".to_vec(),
            MALFORMED,
        ),
        ("cut EncryptedExtensions", |f| cut(f, 0), MALFORMED),
        (
            "HelloRequest in between",
            |f| f.insert(1, (0, vec![])),
            TURN,
        ),
        (
            "ServerHelloDone in between",
            |f| f.insert(1, (14, vec![])),
            TURN,
        ),
        (
            "EndOfEarlyData in between",
            |f| f.insert(1, (5, vec![])),
            TURN,
        ),
        ("KeyUpdate in between", |f| f.insert(1, (24, vec![0])), TURN),
        (
            "NewSessionTicket in between",
            |f| f.insert(1, (4, vec![0; 13])),
            MALFORMED,
        ),
        (
            "an unknown message",
            |f| f.insert(1, (99, vec![1, 2, 3])),
            TURN,
        ),
        (
            "a message after Finished under the old keys",
            |f| f.push((24, vec![0])),
            "the peer changed its keys in the middle of a handshake message",
        ),
    ];
    check_all(
        ways.iter()
            .map(|(name, change, cause)| check(name, sealed_flight(change), cause)),
    );
}

/// Changes the body of the ServerHello, which is the first record of the first flight.
fn hello(
    version: &'static rustls::SupportedProtocolVersion,
    change: impl Fn(&mut Vec<u8>),
) -> (Option<Error>, Option<Tls>) {
    let mut first = true;
    attack(version, move |answer| {
        if answer.is_empty() || !std::mem::take(&mut first) {
            return;
        }
        let end = 5 + usize::from(u16::from_be_bytes([answer[3], answer[4]]));
        let mut flight = messages(&answer[5..end]);
        assert_eq!(flight[0].0, 2);
        change(&mut flight[0].1);
        let bytes = joined(&flight);
        let length = u16::try_from(bytes.len()).expect("short").to_be_bytes();
        let record = [&[22, 3, 3][..], &length, &bytes].concat();
        answer.splice(..end, record);
    })
}

/// Where the fields of a ServerHello with a session identifier of 32 bytes are.
const RANDOM: usize = 2;
const SESSION: usize = 34;
const SUITE: usize = 67;
const COMPRESSION: usize = 69;
const EXTENSIONS: usize = 70;

/// Adds an extension to a ServerHello.
fn extend_hello(body: &mut Vec<u8>, extension: &[u8]) {
    body.extend(extension);
    let length = u16::try_from(body.len() - EXTENSIONS - 2).expect("short");
    body[EXTENSIONS..EXTENSIONS + 2].copy_from_slice(&length.to_be_bytes());
}

/// Where in a ServerHello the content of `extension` is.
fn find(body: &[u8], extension: u16) -> usize {
    let mut at = EXTENSIONS + 2;
    loop {
        let word = |at: usize| u16::from_be_bytes([body[at], body[at + 1]]);
        if word(at) == extension {
            return at + 4;
        }
        at += 4 + usize::from(word(at + 2));
    }
}

/// Makes a HelloRetryRequest of a ServerHello.
fn retry(body: &mut Vec<u8>, extensions: &[u8]) {
    let random: [u8; 32] = [
        0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8,
        0x91, 0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8,
        0x33, 0x9C,
    ];
    body[RANDOM..RANDOM + 32].copy_from_slice(&random);
    body.truncate(EXTENSIONS + 2);
    extend_hello(body, &[&[0, 43, 0, 2, 3, 4], extensions].concat());
}

#[test]
fn server_hellos() {
    type Change = fn(&mut Vec<u8>);
    let share = "the server's key share is not acceptable";
    let suite = "the server chose a cipher suite or version that was not offered";
    let again = "the server sent a HelloRetryRequest that asks for nothing acceptable";
    let tls13: &[(&str, Change, &str)] = &[
        ("a suite that was not offered", |b| b[SUITE + 1] = 5, suite),
        (
            "a suite of TLS 1.2",
            |b| b[SUITE..SUITE + 2].copy_from_slice(&[0xC0, 0x2B]),
            suite,
        ),
        (
            "another session identifier",
            |b| b[SESSION + 1] ^= 1,
            // The transcript tells, not the field.
            DAMAGED,
        ),
        (
            "compression",
            |b| b[COMPRESSION] = 1,
            "the server chose a compression that was not offered",
        ),
        (
            "a share of zeros",
            |b| {
                let at = find(b, 51);
                b[at + 4..at + 36].fill(0);
            },
            share,
        ),
        (
            "a share of another group",
            |b| {
                let at = find(b, 51);
                b[at + 1] = 24;
            },
            share,
        ),
        (
            "a short share",
            |b| {
                let at = find(b, 51);
                b[at + 3] = 31;
                b[at - 1] -= 1;
                b.remove(at + 4);
                let n = b.len() - EXTENSIONS - 2;
                b[EXTENSIONS + 1] = u8::try_from(n).expect("short");
            },
            share,
        ),
        (
            "an extension twice",
            |b| extend_hello(b, &[0, 43, 0, 2, 3, 4]),
            "the server sent an extension twice",
        ),
        (
            "an extension unasked",
            |b| extend_hello(b, &[0x12, 0x34, 0, 0]),
            UNASKED,
        ),
        (
            "a session that was not offered",
            |b| extend_hello(b, &[0, 41, 0, 2, 0, 0]),
            UNASKED,
        ),
        ("more after the extensions", |b| b.push(0), MALFORMED),
        ("a cut hello", |b| b.truncate(50), MALFORMED),
        (
            "TLS 1.4",
            |b| {
                let at = find(b, 43);
                b[at + 1] = 5;
            },
            "the server does not speak TLS 1.2 or 1.3",
        ),
        ("a retry without a wish", |b| retry(b, &[]), again),
        (
            "a retry with the group it has",
            |b| retry(b, &[0, 51, 0, 2, 0, 29]),
            again,
        ),
        (
            "a retry with an unknown group",
            |b| retry(b, &[0, 51, 0, 2, 0x12, 0x34]),
            again,
        ),
        (
            "a retry with an empty cookie",
            |b| retry(b, &[0, 44, 0, 2, 0, 0]),
            MALFORMED,
        ),
        (
            "a retry with an unknown extension",
            |b| retry(b, &[0x12, 0x34, 0, 0, 0, 51, 0, 2, 0, 24]),
            UNASKED,
        ),
    ];
    let tls12: &[(&str, Change, &str)] = &[
        (
            "the sentinel of a downgrade",
            |b| b[RANDOM + 24..RANDOM + 32].copy_from_slice(b"DOWNGRD\x01"),
            "the TLS version was tampered with: the server speaks TLS 1.3 and chose 1.2",
        ),
        (
            "RSA key exchange",
            |b| b[SUITE..SUITE + 2].copy_from_slice(&[0, 0x9C]),
            suite,
        ),
        (
            "RC4",
            |b| b[SUITE..SUITE + 2].copy_from_slice(&[0, 5]),
            suite,
        ),
        (
            "the null cipher",
            |b| b[SUITE..SUITE + 2].copy_from_slice(&[0, 2]),
            suite,
        ),
    ];
    check_all(
        tls13
            .iter()
            .map(|(name, change, cause)| check(name, hello(&TLS13, change), cause))
            .chain(
                tls12
                    .iter()
                    .map(|(name, change, cause)| check(name, hello(&TLS12, change), cause)),
            ),
    );
}

#[test]
fn records_of_a_handshake() {
    type Change = fn(&mut Vec<u8>);
    // What stands in front of the sealed flight of TLS 1.3, or in its place.
    let ways: &[(&str, Change, &str)] = &[
        (
            "a record type that is none",
            |a| drop(a.splice(..0, [24, 3, 3, 0, 1, 0])),
            "the peer does not speak TLS",
        ),
        (
            "a record of TLS 0",
            |a| drop(a.splice(..0, [22, 0, 0, 0, 1, 0])),
            "the peer does not speak TLS",
        ),
        (
            "a record too large",
            |a| drop(a.splice(..0, [22, 3, 3, 0x48, 1])),
            "the peer does not speak TLS",
        ),
        (
            "an empty record of a handshake",
            |a| drop(a.splice(..0, [22, 3, 3, 0, 0])),
            "the peer sent an empty TLS record where none may be",
        ),
        (
            "data before the handshake",
            |a| drop(a.splice(..0, [23, 3, 3, 0, 1, 0])),
            TURN,
        ),
        (
            "a malformed ChangeCipherSpec",
            |a| drop(a.splice(..0, [20, 3, 3, 0, 1, 2])),
            "the peer sent a malformed ChangeCipherSpec",
        ),
        (
            "a malformed alert",
            |a| drop(a.splice(..0, [21, 3, 3, 0, 1, 2])),
            MALFORMED,
        ),
        (
            "a message of 16 MiB",
            |a| drop(a.splice(..0, [22, 3, 3, 0, 4, 2, 0xFF, 0xFF, 0xFF])),
            "the server sent a handshake message that is too large",
        ),
        (
            "a ServerHello twice",
            |a| {
                let end = 5 + usize::from(a[4]);
                let hello = a[..end].to_vec();
                a.splice(..0, hello);
            },
            DAMAGED,
        ),
        (
            "a changed sealed byte",
            |a| {
                let last = a.len() - 1;
                a[last] ^= 1;
            },
            DAMAGED,
        ),
        ("a cut flight", |a| a.truncate(300), ENDED),
    ];
    check_all(ways.iter().map(|(name, change, cause)| {
        let mut first = true;
        let done = attack(&TLS13, |answer| {
            if !answer.is_empty() && std::mem::take(&mut first) {
                change(answer);
            }
        });
        check(name, done, cause)
    }));
}

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

#[test]
fn after_the_handshake() {
    const DATA: u8 = 23;
    const ALERT: u8 = 21;
    let mut ticket = vec![4, 0, 0, 21];
    ticket.extend([0, 0, 1, 0, 0, 0, 0, 0, 1, 7, 0, 8]);
    ticket.extend([1; 8]);
    ticket[3] = u8::try_from(ticket.len() - 4 + 2).expect("short");
    ticket.extend([0, 0]);
    let ways: [(&str, u8, Vec<u8>, usize, &str); 12] = [
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
            [&[24, 0, 0, 1, 0], &ticket[..]].concat(),
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
            "a fatal alert",
            ALERT,
            vec![2, 80],
            1,
            "the server failed (alert internal_error)",
        ),
        ("an alert of one byte", ALERT, vec![2], 1, MALFORMED),
    ];
    let mut wrong = Vec::new();
    for (name, typ, bytes, times, cause) in ways {
        let mut connection = settled();
        say(&mut connection, typ, &bytes, times);
        match try_run(connection.fill()) {
            Some(Err(error)) if error.cause == cause => {}
            done => wrong.push(format!("{name}: {done:?}")),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    // Tickets without end are no error, and only a few are kept.
    let mut connection = settled();
    say(&mut connection, HANDSHAKE, &ticket.repeat(50), 50);
    assert!(try_run(connection.fill()).is_none(), "no data, no end");
    assert_eq!(run(echo(&mut connection, b"hello")), b"hello");
}
