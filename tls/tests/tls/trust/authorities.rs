//! Those between the server and a root, and roots.

use rcgen::{
    CertificateParams, GeneralSubtree, IsCa, KeyUsagePurpose, NameConstraints, date_time_ymd,
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
