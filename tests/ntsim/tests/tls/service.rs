//! What the service's own key says of trust.

use wskhttp_client::{Kind, TlsOptions};
use wskhttp_ntsim::registry::{self, BINARY, DWORD, SERVICE};

use crate::support::tls::{Kind as Server, papers, root};
use crate::{STORES, a_while, by_own_trust, get, is, put, with_device};

#[test]
fn roots_of_the_service() {
    with_device(Server::Plain, |device| {
        let roots = format!(r"{SERVICE}\Parameters\Roots");
        registry::set(&roots, "a first", BINARY, b"\x30\x03nonsense");
        let half = [&papers().crossed.0[..], &root()[..20]].concat();
        registry::set(&roots, "half", BINARY, &half);
        is(by_own_trust(device), Kind::UnknownIssuer);
        let pem = pem("CERTIFICATE", &root());
        registry::set(&roots, "ours", BINARY, pem.as_bytes());
        registry::set(&roots, "text", BINARY, b"no certificate");
        a_while();
        by_own_trust(device).expect("an answer in spite of the others");
        registry::set(&roots, "ours", BINARY, &root());
        a_while();
        by_own_trust(device).expect("an answer");
    });
}

pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let text = base64(der);
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let groups = bytes.chunks(3).map(|group| {
        let number = (0..3).fold(0_usize, |number, at| {
            number << 8 | usize::from(group.get(at).copied().unwrap_or(0))
        });
        let digit = |at: usize| match at <= group.len() {
            true => char::from(DIGITS[number >> (18 - 6 * at) & 63]),
            false => '=',
        };
        (0..4).map(digit).collect::<String>()
    });
    groups.collect()
}

#[test]
fn parameters_of_the_service() {
    with_device(Server::Plain, |device| {
        let parameters = format!(r"{SERVICE}\Parameters");
        registry::set(&format!(r"{parameters}\Roots"), "ours", BINARY, &root());
        by_own_trust(device).expect("an answer");
        registry::set(&parameters, "Trust", DWORD, &3_u32.to_le_bytes());
        a_while();
        is(by_own_trust(device), Kind::UnknownIssuer);
        registry::set(&parameters, "Trust", DWORD, &4_u32.to_le_bytes());
        a_while();
        by_own_trust(device).expect("an answer");
        registry::set(&parameters, "Revocation", DWORD, &2_u32.to_le_bytes());
        a_while();
        is(by_own_trust(device), Kind::RevocationUnknown);
        let lists = format!(r"{parameters}\RevocationLists");
        registry::set(&lists, "ours", BINARY, &papers().clean_list);
        a_while();
        by_own_trust(device).expect("an answer");
        registry::set(&lists, "ours", BINARY, &papers().list);
        a_while();
        is(by_own_trust(device), Kind::CertificateRevoked);
    });
}

#[test]
fn revocation_lists_of_the_service() {
    with_device(Server::Plain, |device| {
        let parameters = format!(r"{SERVICE}\Parameters");
        let lists = format!(r"{parameters}\RevocationLists");
        let mode = |mode: u32| registry::set(&parameters, "Revocation", DWORD, &mode.to_le_bytes());
        let list = |name: &str, list: &[u8]| registry::set(&lists, name, BINARY, list);
        put(STORES, "ROOT", "AA", &root());
        mode(1);
        list("a first", b"\x30\x03nonsense");
        by_own_trust(device).expect("an answer without a list");
        // Of a value that is malformed at its end, nothing is used.
        let half = [&papers().list[..], &papers().clean_list[..20]].concat();
        list("half", &half);
        list("ours", &papers().clean_list);
        a_while();
        by_own_trust(device).expect("an answer in spite of the others");
        list("ours", pem("X509 CRL", &papers().list).as_bytes());
        a_while();
        is(by_own_trust(device), Kind::CertificateRevoked);
        list("ours", &papers().clean_list);
        mode(2);
        a_while();
        let error = by_own_trust(device).expect_err("what is malformed may be what revokes");
        assert_eq!(error.kind, Kind::InvalidRequest);
        assert!(error.cause.contains("RevocationLists"), "{error}");
        list("half", &papers().clean_list);
        a_while();
        is(by_own_trust(device), Kind::InvalidRequest);
        list("a first", &papers().clean_list);
        a_while();
        by_own_trust(device).expect("an answer");
        // Where nobody looks, nobody minds.
        list("half", b"none");
        mode(0);
        a_while();
        by_own_trust(device).expect("an answer");
    });
}

#[test]
fn a_clock_behind_the_last_good_time() {
    let parameters = || format!(r"{SERVICE}\Parameters");
    let noted = move || registry::get(&parameters(), "LastGoodTime");
    with_device(Server::Plain, move |device| {
        put(STORES, "ROOT", "AA", &root());
        registry::set(SERVICE, "Start", DWORD, &3_u32.to_le_bytes());
        assert_eq!(noted(), None);
        get(device, TlsOptions::new()).expect("an answer");
        assert_eq!(noted(), None, "a request's own roots prove no time");
        by_own_trust(device).expect("an answer");
        let bytes = noted().expect("the time of a good chain is kept");
        let time = u64::from_le_bytes(bytes.try_into().expect("a number"));
        assert!(time > 1_700_000_000, "{time}");
        registry::remove(&parameters());
        put(STORES, "ROOT", "BB", &root());
        a_while();
        by_own_trust(device).expect("an answer");
        assert!(noted().is_some(), "kept anew once it is gone");
    });
    // The certificates end in 2040. 1970 leaves the driver's own making, which the simulation's clock is
    // behind.
    for (year, strict, kind) in [
        (1970_u64, 0_u32, None),
        (1970, 1, Some(Kind::TlsInternal)),
        (2035, 0, None),
        (2045, 0, Some(Kind::CertificateExpired)),
        (2035, 1, Some(Kind::TlsInternal)),
    ] {
        with_device(Server::Plain, move |device| {
            put(STORES, "ROOT", "AA", &root());
            let time = (year - 1970) * 31_556_952;
            registry::set(&parameters(), "LastGoodTime", 11, &time.to_le_bytes());
            registry::set(&parameters(), "Clock", DWORD, &strict.to_le_bytes());
            match (by_own_trust(device), kind) {
                (Ok(()), None) => {}
                (Err(error), Some(kind)) => assert_eq!(error.kind, kind, "{year} {strict}"),
                (done, _) => panic!("{year} {strict}: {done:?}"),
            }
        });
    }
}
