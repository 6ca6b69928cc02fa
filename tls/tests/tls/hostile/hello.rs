//! ServerHello and HelloRetryRequest.

use std::cell::RefCell;
use std::rc::Rc;

use rcgen::PKCS_ECDSA_P256_SHA256;
use rustls::Error as Tls;
use rustls::version::{TLS12, TLS13};
use wskhttp_core::io::{Error, Kind};

use super::{DAMAGED, MALFORMED, TURN, UNASKED, Way, attack, check, check_all, joined, messages};
use crate::support::certificates::Authority;
use crate::support::wire::Peer;
use crate::support::{HOST, refused, trusting};

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

const NO_SHARE: &str = "the server's key share is not acceptable";
const NO_SUITE: &str = "the server chose a cipher suite or version that was not offered";
const AGAIN: &str = "the server sent a HelloRetryRequest that asks for nothing acceptable";

pub(super) const TLS13_WAYS: &[Way<Vec<u8>>] = &[
    (
        "a suite that was not offered",
        |b| b[SUITE + 1] = 5,
        NO_SUITE,
    ),
    (
        "a suite of TLS 1.2",
        |b| b[SUITE..SUITE + 2].copy_from_slice(&[0xC0, 0x2B]),
        NO_SUITE,
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
        NO_SHARE,
    ),
    (
        "a share of another group",
        |b| {
            let at = find(b, 51);
            b[at + 1] = 24;
        },
        NO_SHARE,
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
        NO_SHARE,
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
    ("a retry without a wish", |b| retry(b, &[]), AGAIN),
    (
        "a retry with the group it has",
        |b| retry(b, &[0, 51, 0, 2, 0, 29]),
        AGAIN,
    ),
    (
        "a retry with an unknown group",
        |b| retry(b, &[0, 51, 0, 2, 0x12, 0x34]),
        AGAIN,
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

pub(super) const TLS12_WAYS: &[Way<Vec<u8>>] = &[
    (
        "the sentinel of a downgrade",
        |b| b[RANDOM + 24..RANDOM + 32].copy_from_slice(b"DOWNGRD\x01"),
        "the TLS version was tampered with: the server speaks TLS 1.3 and chose 1.2",
    ),
    (
        "RSA key exchange",
        |b| b[SUITE..SUITE + 2].copy_from_slice(&[0, 0x9C]),
        NO_SUITE,
    ),
    (
        "Diffie-Hellman over integers",
        |b| b[SUITE..SUITE + 2].copy_from_slice(&[0, 0x9E]),
        NO_SUITE,
    ),
    (
        "RC4",
        |b| b[SUITE..SUITE + 2].copy_from_slice(&[0, 5]),
        NO_SUITE,
    ),
    (
        "the null cipher",
        |b| b[SUITE..SUITE + 2].copy_from_slice(&[0, 2]),
        NO_SUITE,
    ),
];

#[test]
fn server_hellos() {
    check_all(
        TLS13_WAYS
            .iter()
            .map(|(name, change, cause)| check(name, hello(&TLS13, change), cause))
            .chain(
                TLS12_WAYS
                    .iter()
                    .map(|(name, change, cause)| check(name, hello(&TLS12, change), cause)),
            ),
    );
}

/// Answers each ClientHello with a HelloRetryRequest for another group.
struct Retries(Rc<RefCell<Vec<u8>>>);

impl Peer for Retries {
    fn receive(&mut self, bytes: &[u8], answer: &mut Vec<u8>) {
        const CHANGE: &[u8] = &[20, 3, 3, 0, 1, 1];
        self.0.borrow_mut().extend(bytes);
        let (group, hello) = match bytes.strip_prefix(CHANGE) {
            Some(hello) => (23, hello),
            None => (24, bytes),
        };
        if hello[0] != 22 {
            return;
        }
        let session = &hello[43..76];
        let mut body = [&[3, 3][..], &[0; 32], session, &[0x13, 1, 0, 0, 0]].concat();
        retry(&mut body, &[0, 51, 0, 2, 0, group]);
        let bytes = joined(&[(2, body)]);
        let length = u16::try_from(bytes.len()).expect("short").to_be_bytes();
        answer.extend([&[22, 3, 3][..], &length, &bytes].concat());
    }
}

#[test]
fn a_second_retry() {
    let heard = Rc::new(RefCell::new(Vec::new()));
    let config = trusting(&Authority::new(&PKCS_ECDSA_P256_SHA256));
    let error = refused(Retries(Rc::clone(&heard)), &config, HOST);
    assert_eq!((error.kind, error.cause), (Kind::TlsMisbehaved, TURN));
    // Two hellos, and the alert unexpected_message.
    let mut heard = &heard.borrow()[..];
    let mut types = Vec::new();
    while let [typ, _, _, high, low, rest @ ..] = heard {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        types.push((*typ, rest[..length].to_vec()));
        heard = &rest[length..];
    }
    assert_eq!(types.iter().filter(|(typ, _)| *typ == 22).count(), 2);
    assert_eq!(types.last(), Some(&(21, vec![2, 10])));
}
