//! Pinned keys, and certificates that are disallowed.

use der::asn1::{AnyRef, BitStringRef};
use der::{Decode, Encode, Reader, SliceReader, Tag};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use wskhttp_core::io::Kind;
use wskhttp_tls::{Policy, Roots, StoredCertificate};

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

/// The certificate `der` with -s for s in its ECDSA signature, which is as good.
fn signed_otherwise(der: &[u8]) -> Vec<u8> {
    let whole = AnyRef::from_der(der).expect("a certificate");
    let mut reader = SliceReader::new(whole.value()).expect("its fields");
    let mut content = reader.tlv_bytes().expect("what is signed").to_vec();
    content.extend(reader.tlv_bytes().expect("an algorithm"));
    let signature = BitStringRef::decode(&mut reader).expect("a signature");
    let signature = p256::ecdsa::Signature::from_der(signature.raw_bytes()).expect("of ECDSA");
    let (r, s) = signature.split_scalars();
    let signature = p256::ecdsa::Signature::from_scalars(r, -s).expect("the other one");
    let signature = signature.to_der();
    let bits = BitStringRef::from_bytes(signature.as_bytes()).expect("bits");
    content.extend(bits.to_der().expect("DER"));
    let whole = AnyRef::new(Tag::Sequence, &content).expect("a SEQUENCE");
    whole.to_der().expect("DER")
}

#[test]
fn what_is_disallowed_however_it_is_signed() {
    let root = root();
    let policy = Policy::new(Roots::Only(&root.der));
    let own = leaf(params(HOST), &root, &[]);
    let mut other = leaf(params(HOST), &root, &[]);
    other.chain = vec![signed_otherwise(&own.chain[0]).into()];
    other.key = own.key.clone_key();
    assert_ne!(own.chain, other.chain);
    let again = || crate::support::certificates::Leaf {
        chain: other.chain.clone(),
        key: other.key.clone_key(),
    };
    handshake(again(), &policy).expect("nothing is disallowed");
    let mut blob = [32_u32, 1].map(u32::to_le_bytes).concat();
    let length = u32::try_from(own.chain[0].len()).expect("short");
    blob.extend(length.to_le_bytes());
    blob.extend(&*own.chain[0]);
    let disallowed = [StoredCertificate::parse(&blob).expect("a blob").sha256()];
    let policy = Policy {
        disallowed: &disallowed,
        ..policy
    };
    for leaf in [own, again()] {
        expect(
            handshake(leaf, &policy),
            Kind::CertificateInvalid,
            "the certificate or an authority of it is on the list of disallowed ones",
        );
    }
}

/// As a root is disallowed that another one has signed too.
#[test]
fn keys_that_are_disallowed_between_server_and_root() {
    let root = root();
    let between = node(ca("between"), Some(&root));
    let (_, parsed) = x509_parser::parse_x509_certificate(&between.der).expect("a certificate");
    let keys = [<[u8; 32]>::from(Sha256::digest(parsed.public_key().raw))];
    let policy = Policy {
        disallowed_keys: &keys,
        ..Policy::new(Roots::Only(&root.der))
    };
    expect(
        handshake(leaf(params(HOST), &between, &[&between]), &policy),
        Kind::CertificateInvalid,
        "the certificate or an authority of it is on the list of disallowed ones",
    );
}
