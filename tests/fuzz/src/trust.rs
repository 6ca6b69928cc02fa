//! TLS: what a configuration or a server says of one good chain.

use std::sync::{Arc, LazyLock};

use wskhttp_core::io::{Error, Kind};
use wskhttp_tls::{Policy, Revocation, Roots, Stapling, StoredCertificate, TlsConfig};

use crate::tls::{NOW, PLATFORM};

const ROOT: &[u8] = include_bytes!("../seeds/tls_authority.der");
const SERVER: &[u8] = include_bytes!("../seeds/tls_server.der");

/// A value `Blob` of the registry: taken apart or refused, never more than there is.
pub fn tls_blob(data: &[u8]) {
    let Ok(stored) = StoredCertificate::parse(data) else {
        return;
    };
    let place = stored.certificate.as_ptr_range();
    let whole = data.as_ptr_range();
    assert!(whole.start <= place.start && place.end <= whole.end);
    let _ = (stored.is_for_servers(NOW), stored.sha256());
    if stored.is_root() {
        let policy = Policy::new(Roots::Only(stored.certificate));
        TlsConfig::with_policy(&PLATFORM, &policy).expect("a root is one");
    }
}

/// Revocation lists, DER or PEM: taken or refused; what passes in hard mode passes in soft mode, and
/// only the lists that the authority has signed make it pass.
pub fn tls_crl(data: &[u8]) {
    let judge = |revocation| {
        let mut policy = Policy::new(Roots::Only(ROOT));
        policy.revocation = revocation;
        let config = TlsConfig::with_policy(&PLATFORM, &policy)?;
        config.verify_chain(SERVER, &[], Some("example.test"), NOW)
    };
    let (soft, hard) = (judge(Revocation::Soft(data)), judge(Revocation::Hard(data)));
    if hard.is_ok() {
        assert_eq!(soft, Ok(()));
        let clean = include_bytes!("../seeds/tls_crl/clean");
        let der = data.starts_with(b"0");
        assert!(!der || data.windows(clean.len()).any(|part| part == clean));
    }
}

/// A stapled OCSP response: only those that the authority has signed pass, to the byte.
pub fn tls_ocsp(data: &[u8]) {
    const GOOD: [&[u8]; 2] = [
        include_bytes!("../seeds/tls_ocsp/good"),
        include_bytes!("../seeds/tls_ocsp/delegated"),
    ];
    let done = STAPLED.verify_stapled(SERVER, &[], data, Some("example.test"), NOW);
    assert_eq!(done.is_ok(), GOOD.contains(&data));
}

/// Pins: a chain passes if one of them is of a key in it. libFuzzer finds such digests: it sees what is
/// compared.
pub fn tls_pins(data: &[u8]) {
    const KEYS: [&[u8; 32]; 2] = [
        include_bytes!("../seeds/tls_pins/server"),
        include_bytes!("../seeds/tls_pins/authority"),
    ];
    let (pins, _) = data.as_chunks::<32>();
    let mut policy = Policy::new(Roots::Only(ROOT));
    policy.pins = pins;
    let config = TlsConfig::with_policy(&PLATFORM, &policy).expect("pins are any digests");
    let done = config.verify_chain(SERVER, &[], Some("example.test"), NOW);
    let refused = matches!(
        done,
        Err(Error {
            kind: Kind::PinMismatch,
            ..
        })
    );
    let pinned = pins.is_empty() || pins.iter().any(|pin| KEYS.contains(&pin));
    assert_eq!(refused, !pinned);
}

static STAPLED: LazyLock<Arc<TlsConfig>> = LazyLock::new(|| {
    let mut policy = Policy::new(Roots::Only(ROOT));
    policy.stapling = Stapling::Hard;
    TlsConfig::with_policy(&PLATFORM, &policy).expect("a configuration")
});
