//! The machine's certificate stores.

use std::time::Duration;

use sha1::{Digest, Sha1};
use wskhttp_client::{Kind, TlsOptions};
use wskhttp_ntsim::registry::{self, BINARY};
use wskhttp_ntsim::sleep;

use crate::support::tls::{Kind as Server, papers, root};
use crate::{STORES, a_while, blob, by_own_trust, get, is, put, refused, with_device};

const ENTERPRISE: &str = r"\Registry\Machine\SOFTWARE\Microsoft\EnterpriseCertificates";

const POLICIES: &str = r"\Registry\Machine\SOFTWARE\Policies\Microsoft\SystemCertificates";

#[test]
fn roots_of_the_machine() {
    for (stores, store) in [
        (STORES, "ROOT"),
        (STORES, "AuthRoot"),
        (POLICIES, "Root"),
        (
            r"\Registry\Machine\SOFTWARE\Microsoft\EnterpriseCertificates",
            "ROOT",
        ),
    ] {
        with_device(Server::Plain, move |device| {
            is(by_own_trust(device), Kind::UnknownIssuer);
            put(stores, store, "AA", &root());
            a_while();
            by_own_trust(device).expect("an answer");
            let path = put(stores, store, "BB", b"no certificate");
            a_while();
            by_own_trust(device).expect("an answer in spite of what is no certificate");
            registry::remove(path.replace("BB", "AA").as_str());
            a_while();
            is(by_own_trust(device), Kind::UnknownIssuer);
        });
    }
}

#[test]
fn what_the_machine_disallows() {
    with_device(Server::Plain, |device| {
        put(STORES, "ROOT", "AA", &root());
        by_own_trust(device).expect("an answer");
        let path = put(STORES, "Disallowed", "BB", &root());
        a_while();
        is(by_own_trust(device), Kind::CertificateInvalid);
        registry::remove(&path);
        let path = put(POLICIES, "Disallowed", "CC", &papers().leaf);
        a_while();
        is(by_own_trust(device), Kind::CertificateInvalid);
        // Roots of a request make no difference.
        refused(get(device, TlsOptions::new()), Kind::CertificateInvalid);
        registry::remove(&path);
        a_while();
        by_own_trust(device).expect("an answer");
        // An entry without a certificate: its name is the digest.
        let name: String = Sha1::digest(&papers().leaf)
            .iter()
            .map(|byte| format!("{byte:02X}"))
            .collect();
        let path = format!(r"{STORES}\Disallowed\Certificates\{name}");
        registry::set(&path, "Blob", BINARY, &blob(b"")[..32]);
        a_while();
        is(by_own_trust(device), Kind::CertificateInvalid);
    });
}

/// No more of a store is looked at, and none may be missing of what is disallowed.
#[test]
fn most_entries_of_a_store() {
    let fill = |store| {
        for entry in 0..2048 {
            put(STORES, store, &format!("{entry:040X}"), b"no certificate");
        }
    };
    with_device(Server::Plain, move |device| {
        fill("ROOT");
        put(STORES, "ROOT", "the last", &root());
        is(by_own_trust(device), Kind::UnknownIssuer);
        put(STORES, "ROOT", "00", &root());
        fill("Disallowed");
        a_while();
        by_own_trust(device).expect("an answer");
        put(STORES, "Disallowed", "the last", b"no certificate");
        a_while();
        is(by_own_trust(device), Kind::InvalidRequest);
    });
}

#[test]
fn authorities_of_the_machine() {
    for stores in [STORES, POLICIES, ENTERPRISE] {
        with_device(Server::Plain, move |device| {
            let (other, crossed) = &papers().crossed;
            put(STORES, "ROOT", "AA", other);
            is(by_own_trust(device), Kind::UnknownIssuer);
            put(stores, "CA", "BB", crossed);
            a_while();
            by_own_trust(device).expect("an answer");
            // Nothing in it is trusted for being there.
            registry::remove(&format!(r"{STORES}\ROOT\Certificates\AA"));
            a_while();
            is(by_own_trust(device), Kind::UnknownIssuer);
            put(STORES, "ROOT", "AA", other);
            put(ENTERPRISE, "Disallowed", "CC", crossed);
            a_while();
            is(by_own_trust(device), Kind::CertificateInvalid);
        });
    }
}

/// The root with another property.
fn with_property(name: &str, property: u32, value: &[u8]) {
    let mut bytes = blob(&root());
    bytes.extend(property.to_le_bytes());
    bytes.extend(1_u32.to_le_bytes());
    bytes.extend((value.len() as u32).to_le_bytes());
    bytes.extend(value);
    let path = format!(r"{STORES}\ROOT\Certificates\{name}");
    registry::set(&path, "Blob", BINARY, &bytes);
}

/// Midnight of 1 January, in FILETIME.
fn filetime(year: u64) -> [u8; 8] {
    (((year - 1970) * 31_556_952 + 11_644_473_600) * 10_000_000).to_le_bytes()
}

#[test]
fn roots_that_are_withdrawn() {
    // CERT_DISALLOWED_FILETIME_PROP_ID.
    const SINCE: u32 = 104;
    with_device(Server::Plain, |device| {
        // The clock of the simulation is in 2025, the driver's making is not.
        with_property("AA", SINCE, &filetime(2026));
        is(by_own_trust(device), Kind::UnknownIssuer);
        with_property("AA", SINCE, &filetime(2032));
        a_while();
        by_own_trust(device).expect("an answer before it is withdrawn");
        sleep(Duration::from_secs(8 * 31_556_952));
        is(by_own_trust(device), Kind::UnknownIssuer);
    });
}

#[test]
fn roots_for_some_servers() {
    with_device(Server::Plain, |device| {
        with_property("AA", 84, b"names");
        is(by_own_trust(device), Kind::UnknownIssuer);
        put(STORES, "AuthRoot", "BB", &root());
        a_while();
        by_own_trust(device).expect("an answer");
    });
}
