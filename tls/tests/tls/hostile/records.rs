//! Records of a handshake.

use rustls::version::TLS13;

use super::{DAMAGED, ENDED, MALFORMED, TURN, Way, attack, check, check_all};

/// What stands in front of the sealed flight of TLS 1.3, or in its place.
pub(super) const WAYS: &[Way<Vec<u8>>] = &[
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

#[test]
fn records_of_a_handshake() {
    check_all(WAYS.iter().map(|(name, change, cause)| {
        let mut first = true;
        let done = attack(&TLS13, |answer| {
            if !answer.is_empty() && std::mem::take(&mut first) {
                change(answer);
            }
        });
        check(name, done, cause)
    }));
}
