//! Pinned keys.

use sha1::Sha1;
use sha2::{Digest, Sha256};
use wskhttp_core::io::Kind;
use wskhttp_tls::{Policy, Roots};

use crate::support::HOST;
use crate::support::certificates::params;

use super::{ca, expect, handshake, leaf, node, root};

#[test]
fn pins() {
    let root = root();
    let between = node(ca("between"), Some(&root));
    let mut policy = Policy::new(Roots::Only(&root.der));
    let server = || leaf(params(HOST), &between, &[&between]);
    let spki = |der: &[u8]| {
        let (_, certificate) = x509_parser::parse_x509_certificate(der).expect("a certificate");
        <[u8; 32]>::from(Sha256::digest(certificate.public_key().raw))
    };
    let other = [7; 32];
    let others = [other];
    let own = server();
    let pins = [other, spki(&own.chain[0])];
    policy.pins = &pins;
    handshake(own, &policy).expect("the server's key, a backup first");
    for der in [&between.der, &root.der] {
        let pins = [spki(der), other];
        let policy = Policy {
            pins: &pins,
            ..Policy::new(Roots::Only(&root.der))
        };
        handshake(server(), &policy).expect("an authority's key");
    }
    policy.pins = &others;
    expect(
        handshake(server(), &policy),
        Kind::PinMismatch,
        "no key in the certificate chain is a pinned one",
    );
    policy.pins = &[];
    let disallowed = [<[u8; 32]>::from(Sha256::digest(&between.der))];
    policy.disallowed = &disallowed;
    expect(
        handshake(server(), &policy),
        Kind::CertificateInvalid,
        "the certificate or an authority of it is on the list of disallowed ones",
    );
    policy.disallowed = &[];
    let disallowed = [<[u8; 20]>::from(Sha1::digest(&between.der))];
    policy.disallowed_sha1 = &disallowed;
    expect(
        handshake(server(), &policy),
        Kind::CertificateInvalid,
        "the certificate or an authority of it is on the list of disallowed ones",
    );
    // The root itself.
    policy.disallowed_sha1 = &[];
    let disallowed = [<[u8; 32]>::from(Sha256::digest(&root.der))];
    policy.disallowed = &disallowed;
    expect(
        handshake(server(), &policy),
        Kind::CertificateInvalid,
        "the certificate or an authority of it is on the list of disallowed ones",
    );
}
