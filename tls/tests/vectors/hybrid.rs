//! X25519MLKEM768 against what Go's crypto/mlkem and crypto/ecdh make of the same randomness.

use std::time::Duration;

use sha2::{Digest, Sha256};
use wskhttp_tls::Platform;
use wskhttp_tls::crypto::on_request;

/// The private key of X25519 is 1, 2, 3 and so on, the seed of ML-KEM 101, 102, 103.
static COUNTING: Platform = Platform::new(
    |buffer| {
        let first = if buffer.len() == 32 { 1_u8 } else { 101 };
        for (byte, value) in buffer.iter_mut().zip(first..) {
            *byte = value;
        }
        Ok(())
    },
    || Duration::ZERO,
);

/// SHA-256 of the client's share.
const OWN_SHARE: [u8; 32] = [
    0x51, 0xED, 0xF9, 0xEA, 0x2F, 0x2C, 0x53, 0x5A, 0xAA, 0x32, 0xA9, 0x41, 0x94, 0xCC, 0xB5, 0xC6,
    0x0A, 0x7E, 0x77, 0x8F, 0x03, 0x54, 0x8E, 0x8D, 0x89, 0x89, 0xF7, 0x02, 0x7B, 0xE0, 0x50, 0x66,
];

/// The server's share, and the secret of both.
const SERVER: &[u8; 1184] = include_bytes!("../data/x25519mlkem768.bin");

#[test]
fn x25519_mlkem768() {
    let (share, secret) = SERVER.split_at(1120);
    let [group] = on_request(&COUNTING).try_into().expect("one group");
    let start = || group.start().expect("started");
    let own = Sha256::digest(start().pub_key());
    assert_eq!(own[..], OWN_SHARE);
    let agreed = start().complete(share).expect("agreed");
    assert_eq!(agreed.secret_bytes(), secret);
    // A changed ciphertext agrees on a secret that nobody has.
    let mut changed = share.to_vec();
    changed[7] ^= 1;
    let other = start().complete(&changed).expect("agreed");
    assert_ne!(other.secret_bytes()[..32], secret[..32]);
    assert_eq!(other.secret_bytes()[32..], secret[32..]);
    for length in [0, 1, 32, 1088, 1119] {
        assert!(start().complete(&share[..length]).is_err(), "{length}");
    }
    let zeros = [&share[..1088], &[0; 32]].concat();
    assert!(start().complete(&zeros).is_err());
    assert!(start().complete(&[share, &[0]].concat()).is_err());
    // The part that servers without ML-KEM take.
    let (name, x25519) = start()
        .hybrid_component()
        .map(|(n, k)| (n, k.to_vec()))
        .expect("a part");
    assert_eq!(name, rustls::NamedGroup::X25519);
    assert_eq!(x25519, start().pub_key()[1184..]);
}
