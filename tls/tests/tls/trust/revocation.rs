//! Revocation lists.

use rcgen::{
    CertificateRevocationListParams, KeyIdMethod, KeyUsagePurpose, RevokedCertParams, SerialNumber,
    date_time_ymd,
};
use wskhttp_core::io::Kind;
use wskhttp_tls::{Policy, Revocation, Roots, TlsConfig};

use crate::support::HOST;
use crate::support::certificates::params;
use crate::support::platform::PLATFORM;

use super::{Node, ca, expect, handshake, leaf, node};

#[test]
fn revocation_lists() {
    let mut params_of_root = ca("root");
    params_of_root.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let root = node(params_of_root, None);
    let list_by = |serials: &[u64], until: i32, by: &Node| {
        CertificateRevocationListParams {
            this_update: date_time_ymd(2024, 6, 1),
            next_update: date_time_ymd(until, 6, 1),
            crl_number: SerialNumber::from(1_u64),
            issuing_distribution_point: None,
            revoked_certs: serials
                .iter()
                .map(|serial| RevokedCertParams {
                    serial_number: SerialNumber::from(*serial),
                    revocation_time: date_time_ymd(2024, 6, 1),
                    reason_code: None,
                    invalidity_date: None,
                })
                .collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        }
        .signed_by(&by.issuer)
        .expect("a list")
    };
    let list = |serials: &[u64], until: i32| list_by(serials, until, &root);
    let server = || {
        let mut params = params(HOST);
        params.serial_number = Some(SerialNumber::from(4711_u64));
        leaf(params, &root, &[])
    };
    let mut policy = Policy::new(Roots::Only(&root.der));
    let mut judge = |revocation| {
        policy.revocation = revocation;
        handshake(server(), &policy)
    };
    let (clean, bad) = (list(&[1, 2], 2027), list(&[1, 4711], 2027));
    let (old, old_bad) = (list(&[], 2025), list(&[4711], 2025));
    judge(Revocation::Off).expect("not asked");
    judge(Revocation::Soft(clean.der())).expect("not listed");
    judge(Revocation::Hard(clean.der())).expect("not listed");
    judge(Revocation::Soft(old.der())).expect("not on the old list");
    judge(Revocation::Soft(b"")).expect("no list");
    let pem = bad.pem().expect("PEM");
    for lists in [&bad.der()[..], &old_bad.der()[..], pem.as_bytes()] {
        expect(
            judge(Revocation::Soft(lists)),
            Kind::CertificateRevoked,
            "the certificate was revoked",
        );
    }
    expect(
        judge(Revocation::Hard(bad.der())),
        Kind::CertificateRevoked,
        "the certificate was revoked",
    );
    expect(
        judge(Revocation::Hard(old.der())),
        Kind::RevocationUnknown,
        "the revocation list for the certificate has expired",
    );
    expect(
        judge(Revocation::Hard(b"")),
        Kind::RevocationUnknown,
        "no revocation list tells of the certificate, and the policy wants one",
    );
    // A list of an authority that has the root's name, but not its key.
    let forger = node(ca("root"), None);
    let forged = list_by(&[], 2027, &forger);
    expect(
        judge(Revocation::Soft(forged.der())),
        Kind::RevocationUnknown,
        "the revocation list for the certificate is not signed by its issuer",
    );
    // No list at all, and one with an empty BIT STRING for a signature.
    let mut cut = clean.der().to_vec();
    cut.truncate(40);
    for lists in [
        &cut[..],
        b"\x30\x03\x02\x01\x01",
        b"-----BEGIN X509 CRL-----\n",
    ] {
        let policy = Policy {
            revocation: Revocation::Soft(lists),
            ..Policy::new(Roots::Only(&root.der))
        };
        let error = TlsConfig::with_policy(&PLATFORM, &policy).expect_err("no list");
        assert_eq!(error.kind, Kind::InvalidRequest);
    }
}
