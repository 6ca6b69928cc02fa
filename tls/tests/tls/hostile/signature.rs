//! A server that signs with a scheme which the client has not offered.

use std::sync::Arc;

use rcgen::PKCS_RSA_SHA256;
use rustls::crypto::ring;
use rustls::sign::{CertifiedKey, Signer, SigningKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, SignatureAlgorithm, SignatureScheme};
use wskhttp_core::io::{Kind, Phase};
use wskhttp_tls::{Policy, Roots, TlsConfig};

use crate::support::certificates::Authority;
use crate::support::platform::PLATFORM;
use crate::support::wire::{Echo, Wire};
use crate::support::{HOST, connect, run, target};

/// A key that has its own mind about schemes.
#[derive(Debug)]
struct Stubborn(Arc<dyn SigningKey>, SignatureScheme);

impl SigningKey for Stubborn {
    fn choose_scheme(&self, _offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        self.0.choose_scheme(&[self.1])
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.0.algorithm()
    }
}

#[test]
fn a_scheme_that_was_not_offered() {
    let authority = Authority::new(&rcgen::PKCS_ECDSA_P256_SHA256);
    let leaf = authority.leaf(HOST, &PKCS_RSA_SHA256);
    let key = ring::sign::any_supported_type(&leaf.key).expect("a key");
    let mut policy = Policy::new(Roots::Only(authority.der()));
    policy.protocol.signatures = &[0x0804];
    let config = TlsConfig::with_policy(&PLATFORM, &policy).expect("a configuration");
    for (scheme, offered) in [
        (SignatureScheme::RSA_PSS_SHA256, true),
        (SignatureScheme::RSA_PSS_SHA384, false),
    ] {
        for version in [&TLS12, &TLS13] {
            let key = Arc::new(Stubborn(Arc::clone(&key), scheme));
            let certified = CertifiedKey::new(leaf.chain.clone(), key);
            let server = ServerConfig::builder_with_provider(ring::default_provider().into())
                .with_protocol_versions(&[version])
                .expect("versions")
                .with_no_client_auth()
                .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
            let wire = Wire::new(Echo::new(Arc::new(server)));
            let (done, _) = run(connect(wire, &config, target(HOST)));
            if offered {
                assert!(done.is_ok());
                continue;
            }
            let error = done.map(drop).expect_err("it is refused");
            assert_eq!((error.phase, error.kind), (Phase::Tls, Kind::TlsMisbehaved));
            assert_eq!(
                error.cause,
                "the server signed with a scheme that was not offered"
            );
        }
    }
}
