//! Revocation lists.

use rcgen::{
    CertificateRevocationList, CertificateRevocationListParams, Issuer, KeyIdMethod, KeyPair,
    KeyUsagePurpose, RevokedCertParams, SerialNumber, date_time_ymd,
};
use wskhttp_core::io::{Error, Kind};
use wskhttp_tls::{Policy, Revocation, Roots, TlsConfig};

use crate::support::HOST;
use crate::support::certificates::{Leaf, params};
use crate::support::platform::PLATFORM;

use super::{Node, ca, expect, handshake, leaf, node};

/// A list by the authority `by` until June of the year `until`.
fn list_by(serials: &[u64], until: i32, by: &Node) -> CertificateRevocationList {
    CertificateRevocationListParams {
        this_update: date_time_ymd(until - 1, 6, 1),
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
}

/// A root that may sign lists.
fn lister() -> Node {
    let mut params = ca("root");
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    node(params, None)
}

/// A server's certificate number 4711.
fn numbered(above: &Node, others: &[&Node]) -> Leaf {
    let mut params = params(HOST);
    params.serial_number = Some(SerialNumber::from(4711_u64));
    leaf(params, above, others)
}

/// What `lists`, one after the other, come to in soft mode and in hard mode.
fn judge(
    root: &[u8],
    server: impl Fn() -> Leaf,
    lists: &[&CertificateRevocationList],
) -> [Result<(), Error>; 2] {
    let lists: Vec<u8> = lists.iter().flat_map(|list| list.der().to_vec()).collect();
    [Revocation::Soft(&lists), Revocation::Hard(&lists)].map(|revocation| {
        let policy = Policy {
            revocation,
            ..Policy::new(Roots::Only(root))
        };
        handshake(server(), &policy)
    })
}

const REVOKED: &str = "the certificate was revoked";

#[test]
fn all_lists_of_an_authority_count() {
    let root = lister();
    let (clean, bad) = (list_by(&[1], 2026, &root), list_by(&[4711], 2026, &root));
    let (old, old_bad) = (list_by(&[1], 2025, &root), list_by(&[4711], 2025, &root));
    for lists in [
        [&clean, &bad],
        [&bad, &clean],
        [&old, &bad],
        [&clean, &old_bad],
    ] {
        for done in judge(&root.der, || numbered(&root, &[]), &lists) {
            expect(done, Kind::CertificateRevoked, REVOKED);
        }
    }
    for lists in [[&old, &clean], [&clean, &old]] {
        let done = judge(&root.der, || numbered(&root, &[]), &lists);
        assert_eq!(done, [Ok(()), Ok(())], "one of them is current");
    }
    let [soft, hard] = judge(&root.der, || numbered(&root, &[]), &[&old]);
    soft.expect("an old list");
    expect(
        hard,
        Kind::RevocationUnknown,
        "the revocation list for the certificate has expired",
    );
    // A list that is not in force yet revokes what it has, and vouches for nothing.
    let next = list_by(&[1], 2028, &root);
    let [soft, hard] = judge(&root.der, || numbered(&root, &[]), &[&next]);
    soft.expect("a list of next year");
    expect(
        hard,
        Kind::RevocationUnknown,
        "no revocation list tells of the certificate, and the policy wants one",
    );
}

/// As an authority with a new key has the name that it had with the old one.
#[test]
fn authorities_of_one_name() {
    let (root, other) = (lister(), lister());
    let roots = [&*root.der, &*other.der].concat();
    let lists = [list_by(&[1], 2026, &root), list_by(&[4711], 2026, &other)];
    for lists in [[&lists[0], &lists[1]], [&lists[1], &lists[0]]] {
        let done = judge(&roots, || numbered(&root, &[]), &lists);
        assert_eq!(done, [Ok(()), Ok(())], "its own list does not have it");
        for done in judge(&roots, || numbered(&other, &[]), &lists) {
            expect(done, Kind::CertificateRevoked, REVOKED);
        }
    }
}

/// An authority between is looked up too, and its own lists only count if it may sign them.
#[test]
fn authorities_are_looked_up() {
    let root = lister();
    let mut params = ca("between");
    params.serial_number = Some(SerialNumber::from(12_u64));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let between = node(params.clone(), Some(&root));
    let server = || numbered(&between, &[&between]);
    let (above, below) = (list_by(&[1], 2026, &root), list_by(&[1], 2026, &between));
    let done = judge(&root.der, server, &[&above, &below]);
    assert_eq!(done, [Ok(()), Ok(())]);
    for lists in [[&above], [&below]] {
        let [soft, hard] = judge(&root.der, server, &lists);
        soft.expect("nothing known of the other");
        expect(
            hard,
            Kind::RevocationUnknown,
            "no revocation list tells of the certificate, and the policy wants one",
        );
    }
    let bad = list_by(&[12], 2026, &root);
    for done in judge(&root.der, server, &[&above, &below, &bad]) {
        expect(done, Kind::CertificateRevoked, REVOKED);
    }
    // Its certificate does not say that it signs lists, which it does nevertheless.
    let mut less = params.clone();
    less.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let key = KeyPair::generate().expect("a key");
    let certificate = less.signed_by(&key, &root.issuer).expect("a certificate");
    let mute = Node {
        pem: certificate.pem(),
        der: certificate.into(),
        issuer: Issuer::new(params, key),
    };
    let below = list_by(&[1], 2026, &mute);
    for done in judge(&root.der, || numbered(&mute, &[&mute]), &[&above, &below]) {
        expect(
            done,
            Kind::RevocationUnknown,
            "the revocation list for the certificate is not signed by its issuer",
        );
    }
}

#[test]
fn revocation_lists() {
    let root = lister();
    let list = |serials: &[u64], until: i32| list_by(serials, until, &root);
    let server = || numbered(&root, &[]);
    let mut policy = Policy::new(Roots::Only(&root.der));
    let mut judge = |revocation| {
        policy.revocation = revocation;
        handshake(server(), &policy)
    };
    let (clean, bad) = (list(&[1, 2], 2026), list(&[1, 4711], 2026));
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
    let forged = list_by(&[], 2026, &forger);
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
