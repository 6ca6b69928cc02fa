//! The sealed flight of TLS 1.3.

use rustls::Error as Tls;
use rustls::version::TLS13;
use wskhttp_core::io::Error;

use super::{
    DAMAGED, ENDED, HANDSHAKE, MALFORMED, Message, SEAL, SIGNATURE, TURN, UNASKED, Way, attack,
    check, check_all, joined, messages,
};

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

pub(super) const WAYS: &[Way<Vec<Message>>] = &[
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

#[test]
fn flights_of_tls13() {
    check_all(
        WAYS.iter()
            .map(|(name, change, cause)| check(name, sealed_flight(change), cause)),
    );
}
