//! A server that breaks the protocol in named ways: each is refused with its own words, and told.
//!
//! It is a server of rustls whose cipher is tampered with: what it seals passes through a function
//! first, and what it sends through another.

mod after;
mod flight;
mod hello;
mod records;
mod signature;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::LazyLock;

use rcgen::PKCS_ECDSA_P256_SHA256;
use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, MessageDecrypter, MessageEncrypter,
    OutboundChunks, OutboundOpaqueMessage, OutboundPlainMessage, Tls13AeadAlgorithm,
    UnsupportedOperationError,
};
use rustls::crypto::{CryptoProvider, ring};
use rustls::{
    ConnectionTrafficSecrets, ContentType, Error as Tls, SupportedCipherSuite, Tls13CipherSuite,
};
use wskhttp_core::io::{Error, Kind, TransportExt};

use crate::support::certificates::Authority;
use crate::support::wire::{Echo, Peer, Wire};
use crate::support::{HOST, connect, run, target, trusting};

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

/// A name, what is done, and the words with which it is refused.
type Way<T> = (&'static str, fn(&mut T), &'static str);

#[test]
fn fifty_ways() {
    fn names<T>(ways: &[Way<T>]) -> impl Iterator<Item = &'static str> {
        ways.iter().map(|way| way.0)
    }
    let groups: [Vec<&str>; 5] = [
        names(records::WAYS).collect(),
        names(hello::TLS13_WAYS).collect(),
        names(hello::TLS12_WAYS).collect(),
        names(flight::WAYS).collect(),
        after::ways().iter().map(|way| way.0).collect(),
    ];
    for group in &groups {
        let different: BTreeSet<&&str> = group.iter().collect();
        assert_eq!(different.len(), group.len(), "a name twice: {group:?}");
    }
    let all = groups.concat().len();
    println!("{all} ways");
    assert!(all >= 50, "{all}");
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
