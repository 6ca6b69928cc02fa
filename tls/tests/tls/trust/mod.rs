//! Chains that must be refused, each by its own rule, in a handshake; and policies.

mod authorities;
mod chains;
mod clock;
mod effort;
mod names;
mod pins;
mod policy;
mod revocation;
mod server;
mod stapling;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PKCS_ECDSA_P256_SHA256,
    date_time_ymd,
};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use wskhttp_core::io::{Error, Kind, Phase};
use wskhttp_tls::{Policy, TlsConfig};

use crate::support::certificates::Leaf;
use crate::support::platform::PLATFORM;
use crate::support::wire::{Echo, Wire};
use crate::support::{HOST, connect, run, target};

/// An authority that can be below another.
struct Node {
    der: CertificateDer<'static>,
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

fn ca(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2030, 1, 1);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn node(params: CertificateParams, above: Option<&Node>) -> Node {
    let key = KeyPair::generate().expect("a key");
    let certificate = match above {
        None => params.self_signed(&key),
        Some(above) => params.signed_by(&key, &above.issuer),
    }
    .expect("a certificate");
    Node {
        pem: certificate.pem(),
        der: certificate.into(),
        issuer: Issuer::new(params, key),
    }
}

fn root() -> Node {
    node(ca("root"), None)
}

fn leaf(params: CertificateParams, above: &Node, others: &[&Node]) -> Leaf {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
    let certificate = params.signed_by(&key, &above.issuer).expect("a leaf");
    let mut chain = vec![certificate.into()];
    chain.extend(others.iter().map(|node| node.der.clone()));
    Leaf {
        chain,
        key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
    }
}

/// What a handshake with `leaf` under `policy` comes to.
fn handshake(leaf: Leaf, policy: &Policy<'_>) -> Result<(), Error> {
    let config = TlsConfig::with_policy(&PLATFORM, policy).expect("a configuration");
    let wire = Wire::new(Echo::new(leaf.any_server()));
    run(connect(wire, &config, target(HOST))).0.map(drop)
}

#[track_caller]
fn expect(done: Result<(), Error>, kind: Kind, cause: &str) {
    let error = done.expect_err("it is refused");
    assert_eq!((error.phase, error.kind), (Phase::Tls, kind), "{error}");
    assert_eq!(error.cause, cause);
}

/// Changes the parameters of a chain's certificates.
type Change = fn(&mut CertificateParams);
