//! The server's own certificate.

use rcgen::{
    BasicConstraints, CustomExtension, DistinguishedName, ExtendedKeyUsagePurpose, IsCa,
    KeyUsagePurpose, SanType,
};
use wskhttp_core::io::Kind;
use wskhttp_tls::{Policy, Roots, TlsConfig};

use crate::support::HOST;
use crate::support::certificates::params;
use crate::support::platform::{NOW, PLATFORM};
use crate::support::rsa::RsaKey;

use super::{Change, expect, handshake, leaf, root};

#[test]
fn rules_for_servers() {
    let root = root();
    let policy = Policy::new(Roots::Only(&root.der));
    let config = TlsConfig::with_policy(&PLATFORM, &policy).expect("a configuration");
    handshake(leaf(params(HOST), &root, &[]), &policy).expect("a good chain");
    let cases: &[(Change, &str)] = &[
        (
            |p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning],
            "the certificate is not for a TLS server",
        ),
        (
            |p| p.key_usages = vec![KeyUsagePurpose::KeyEncipherment],
            "the certificate's keyUsage does not allow it to sign a handshake",
        ),
        (
            |p| {
                p.key_usages = vec![
                    KeyUsagePurpose::DigitalSignature,
                    KeyUsagePurpose::KeyCertSign,
                ]
            },
            "the certificate's keyUsage does not allow it to sign a handshake",
        ),
        (
            |p| p.is_ca = IsCa::Ca(BasicConstraints::Unconstrained),
            "the server's certificate is that of an authority (CA:TRUE)",
        ),
        (
            |p| p.subject_alt_names.clear(),
            "the certificate has no subjectAltName",
        ),
        (
            |p| {
                let mut unknown = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
                unknown.set_criticality(true);
                p.custom_extensions.push(unknown);
            },
            "the certificate has a critical extension that is not known",
        ),
        (
            |p| {
                for _ in 0..2 {
                    p.custom_extensions
                        .push(CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]));
                }
            },
            "a certificate has the same extension twice",
        ),
        (
            |p| {
                for arc in 0..65 {
                    p.custom_extensions.push(CustomExtension::from_oid_content(
                        &[1, 2, 3, arc],
                        vec![5, 0],
                    ));
                }
            },
            "a certificate has too many extensions",
        ),
        (
            |p| {
                for number in 0..1025 {
                    let name = format!("n{number}.test").try_into().expect("ASCII");
                    p.subject_alt_names.push(SanType::DnsName(name));
                }
            },
            "a certificate has too many names",
        ),
    ];
    for (change, cause) in cases {
        let mut params = params(HOST);
        change(&mut params);
        // A server of rustls would not serve some of these.
        let leaf = leaf(params, &root, &[]);
        let done = config.verify_chain(&leaf.chain[0], &[], Some(HOST), NOW);
        expect(done, Kind::CertificateInvalid, cause);
    }
    for (bits, good) in [(1024, false), (2047, false), (2048, true), (2049, false)] {
        let weak = params(HOST).signed_by(&RsaKey::new(bits), &root.issuer);
        let weak = weak.expect("a leaf");
        let done = config.verify_chain(weak.der(), &[], Some(HOST), NOW);
        if good {
            done.expect("enough bits");
        } else {
            expect(
                done,
                Kind::CertificateInvalid,
                "the certificate's key is too weak or of an unknown kind",
            );
        }
    }
}

#[test]
fn a_purpose_that_is_not_stated() {
    let root = root();
    let mut policy = Policy::new(Roots::Only(&root.der));
    let mut params = params(HOST);
    params.extended_key_usages.clear();
    handshake(leaf(params.clone(), &root, &[]), &policy).expect("any purpose");
    policy.web_profile = true;
    expect(
        handshake(leaf(params, &root, &[]), &policy),
        Kind::CertificateInvalid,
        "the certificate does not say that it is for a TLS server (no extKeyUsage)",
    );
}

#[test]
fn names_that_stand_in_for_a_subject() {
    let root = root();
    let mut policy = Policy::new(Roots::Only(&root.der));
    let leaf = |critical| {
        let mut params = params(HOST);
        params.distinguished_name = DistinguishedName::new();
        params.subject_alt_names.clear();
        let length = u8::try_from(HOST.len()).expect("short");
        let names = [&[0x30, length + 2, 0x82, length], HOST.as_bytes()].concat();
        let mut names = CustomExtension::from_oid_content(&[2, 5, 29, 17], names);
        names.set_criticality(critical);
        params.custom_extensions.push(names);
        leaf(params, &root, &[])
    };
    handshake(leaf(false), &policy).expect("private authorities do so");
    policy.web_profile = true;
    handshake(leaf(true), &policy).expect("as it should be");
    expect(
        handshake(leaf(false), &policy),
        Kind::CertificateInvalid,
        "an extension of a certificate is critical, or is not, against RFC 5280",
    );
}
