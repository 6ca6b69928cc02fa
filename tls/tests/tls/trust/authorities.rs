//! Those between the server and a root, and roots.

use der::asn1::AnyRef;
use der::{Decode, Encode, Reader, SliceReader, Tag};
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    KeyUsagePurpose, NameConstraints, date_time_ymd,
};
use wskhttp_core::io::Kind;
use wskhttp_tls::{Policy, Roots};

use crate::support::HOST;
use crate::support::certificates::params;

use super::{Change, ca, expect, handshake, leaf, node, root};

#[test]
fn rules_for_authorities() {
    let root = root();
    let policy = Policy::new(Roots::Only(&root.der));
    let subtree = |name: &str| GeneralSubtree::DnsName(name.into());
    type Case = (Box<dyn Fn(&mut CertificateParams)>, Kind, &'static str);
    let cases: Vec<Case> = vec![
        (
            Box::new(|p| p.is_ca = IsCa::ExplicitNoCa),
            Kind::CertificateInvalid,
            "an issuing certificate is not that of an authority (CA:FALSE)",
        ),
        (
            Box::new(|p| p.is_ca = IsCa::NoCa),
            Kind::CertificateInvalid,
            "an issuing certificate is not that of an authority (CA:FALSE)",
        ),
        (
            Box::new(|p| p.key_usages = vec![KeyUsagePurpose::CrlSign]),
            Kind::CertificateInvalid,
            "an issuing certificate's keyUsage does not allow it to sign certificates",
        ),
        (
            Box::new(|p| p.not_after = date_time_ymd(2025, 1, 1)),
            Kind::CertificateExpired,
            "the certificate has expired",
        ),
        (
            Box::new(move |p| {
                p.name_constraints = Some(NameConstraints {
                    permitted_subtrees: vec![subtree("other.test")],
                    excluded_subtrees: vec![],
                });
            }),
            Kind::CertificateInvalid,
            "the certificate's names are outside of its authority's nameConstraints",
        ),
        (
            Box::new(move |p| {
                p.name_constraints = Some(NameConstraints {
                    permitted_subtrees: vec![],
                    excluded_subtrees: vec![subtree("example.test")],
                });
            }),
            Kind::CertificateInvalid,
            "the certificate's names are outside of its authority's nameConstraints",
        ),
    ];
    for (change, kind, cause) in cases {
        let mut params = ca("between");
        change(&mut params);
        // A CA:FALSE issuer signs as well as any.
        let between = node(params, Some(&root));
        let done = handshake(leaf(self::params(HOST), &between, &[&between]), &policy);
        expect(done, kind, cause);
    }
}

#[test]
fn roots_that_may_not_be_one() {
    let cases: &[(Change, Kind, &str)] = &[
        (
            |p| p.not_after = date_time_ymd(2025, 1, 1),
            Kind::CertificateExpired,
            "the trusted root of the certificate has expired",
        ),
        (
            |p| p.not_before = date_time_ymd(2027, 1, 1),
            Kind::CertificateNotYetValid,
            "the trusted root of the certificate is not valid yet",
        ),
        (
            |p| p.is_ca = IsCa::ExplicitNoCa,
            Kind::CertificateInvalid,
            "the trusted root of the certificate is not that of an authority",
        ),
        (
            |p| p.key_usages = vec![KeyUsagePurpose::DigitalSignature],
            Kind::CertificateInvalid,
            "the trusted root of the certificate is not that of an authority",
        ),
        (
            |p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth],
            Kind::CertificateInvalid,
            "the certificate is not for a TLS server",
        ),
    ];
    for (change, kind, cause) in cases {
        let mut params = ca("root");
        change(&mut params);
        let root = node(params, None);
        let policy = Policy::new(Roots::Only(&root.der));
        expect(
            handshake(leaf(self::params(HOST), &root, &[]), &policy),
            *kind,
            cause,
        );
    }
}

#[test]
fn purposes_of_roots() {
    for purpose in [
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::Any,
    ] {
        let mut params = ca("root");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth, purpose];
        let root = node(params, None);
        let policy = Policy::new(Roots::Only(&root.der));
        handshake(leaf(self::params(HOST), &root, &[]), &policy).expect("for servers too");
    }
}

#[test]
fn how_many_may_be_below_a_root() {
    let mut params = ca("root");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let root = node(params, None);
    let policy = Policy::new(Roots::Only(&root.der));
    handshake(leaf(self::params(HOST), &root, &[]), &policy).expect("none between");
    let between = node(ca("between"), Some(&root));
    expect(
        handshake(leaf(self::params(HOST), &between, &[&between]), &policy),
        Kind::CertificateInvalid,
        "the chain is longer than an authority's pathLenConstraint allows",
    );
}

/// The fields of the TBSCertificate in `der` that `keep` wants, as a certificate again.
fn only(der: &[u8], keep: impl Fn(Tag) -> bool) -> Vec<u8> {
    let whole = AnyRef::from_der(der).expect("a certificate");
    let mut reader = SliceReader::new(whole.value()).expect("its fields");
    let fields = AnyRef::decode(&mut reader).expect("what is signed").value();
    let rest = &whole.value()[usize::try_from(reader.position()).expect("short")..];
    let mut reader = SliceReader::new(fields).expect("the fields of that");
    let mut kept = Vec::new();
    while !reader.is_finished() {
        let tag = reader.peek_tag().expect("a tag");
        let field = reader.tlv_bytes().expect("a field");
        if keep(tag) {
            kept.extend(field);
        }
    }
    let sequence = |content: &[u8]| {
        let sequence = AnyRef::new(Tag::Sequence, content).expect("a SEQUENCE");
        sequence.to_der().expect("DER")
    };
    sequence(&[&sequence(&kept), rest].concat())
}

/// Certificates of version 1 have a validity as others do, and nothing else to say.
#[test]
fn roots_of_version_1() {
    for (until, good) in [(2030, true), (2025, false)] {
        let mut params = ca("root");
        params.not_after = date_time_ymd(until, 1, 1);
        let root = node(params, None);
        let old = only(&root.der, |tag| !tag.is_context_specific());
        let policy = Policy::new(Roots::Only(&old));
        let done = handshake(leaf(self::params(HOST), &root, &[]), &policy);
        if good {
            done.expect("a root");
        } else {
            let cause = "the trusted root of the certificate has expired";
            expect(done, Kind::CertificateExpired, cause);
        }
    }
}

#[test]
fn roots_with_a_validity_that_is_none() {
    let mut params = ca("root");
    params.is_ca = IsCa::ExplicitNoCa;
    let root = node(params, None);
    let mut odd = root.der.to_vec();
    let time = odd
        .windows(4)
        .position(|bytes| bytes == b"\x17\x0d30")
        .expect("notAfter");
    odd[time] = 0x1F;
    let policy = Policy::new(Roots::Only(&odd));
    expect(
        handshake(leaf(self::params(HOST), &root, &[]), &policy),
        Kind::CertificateInvalid,
        "the certificate is malformed",
    );
}
