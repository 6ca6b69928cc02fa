use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    SignatureAlgorithm, date_time_ymd,
};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};

/// A key for tests, used nowhere else. The `ring` back end cannot make RSA keys.
pub(crate) const RSA: &[u8] = include_bytes!("../../data/rsa2048.pk8");

pub(crate) fn rsa() -> KeyPair {
    let key = PrivatePkcs8KeyDer::from(RSA);
    KeyPair::from_pkcs8_der_and_sign_algo(&key, &rcgen::PKCS_RSA_SHA256).expect("a key")
}

pub(crate) fn key(algorithm: &'static SignatureAlgorithm) -> KeyPair {
    if algorithm == &rcgen::PKCS_RSA_SHA256 {
        return rsa();
    }
    KeyPair::generate_for(algorithm).expect("a key")
}

/// A certificate authority, and what it issues: valid from 2020 to 2030.
pub(crate) struct Authority {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

/// A leaf and its key.
pub(crate) struct Leaf {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
}

impl Authority {
    pub(crate) fn new(algorithm: &'static SignatureAlgorithm) -> Self {
        let mut params = CertificateParams::default();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2030, 1, 1);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(DnType::CommonName, "test authority");
        let key = key(algorithm);
        let certificate = params.self_signed(&key).expect("a certificate").into();
        Self {
            certificate,
            issuer: Issuer::new(params, key),
        }
    }

    pub(crate) fn der(&self) -> &[u8] {
        &self.certificate
    }

    pub(crate) fn leaf(&self, name: &str, algorithm: &'static SignatureAlgorithm) -> Leaf {
        self.issue(params(name), algorithm)
    }

    /// A client's certificate.
    pub(crate) fn client(&self, algorithm: &'static SignatureAlgorithm) -> Leaf {
        let mut params = params("client");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.issue(params, algorithm)
    }

    /// A server for `name` that demands a client certificate of this authority.
    pub(crate) fn demanding(
        &self,
        name: &str,
        version: &'static SupportedProtocolVersion,
    ) -> Arc<ServerConfig> {
        let provider = Arc::new(ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).expect("a root");
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                .build()
                .expect("a verifier");
        let leaf = self.leaf(name, &rcgen::PKCS_ECDSA_P256_SHA256);
        ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .expect("versions")
            .with_client_cert_verifier(verifier)
            .with_single_cert(leaf.chain, leaf.key)
            .expect("a leaf")
            .into()
    }

    pub(crate) fn issue(
        &self,
        params: CertificateParams,
        algorithm: &'static SignatureAlgorithm,
    ) -> Leaf {
        let key = key(algorithm);
        let leaf = params.signed_by(&key, &self.issuer).expect("a leaf");
        Leaf {
            chain: vec![leaf.into()],
            key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        }
    }
}

pub(crate) fn self_signed(name: &str) -> Leaf {
    let key = key(&rcgen::PKCS_ECDSA_P256_SHA256);
    let leaf = params(name).self_signed(&key).expect("a leaf");
    Leaf {
        chain: vec![leaf.into()],
        key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
    }
}

pub(crate) fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2030, 1, 1);
    params
        .extended_key_usages
        .push(ExtendedKeyUsagePurpose::ServerAuth);
    params
}

impl Leaf {
    /// A server with this leaf that speaks what `provider` and `versions` say.
    pub(crate) fn server(
        self,
        provider: CryptoProvider,
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> Arc<ServerConfig> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(versions)
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(self.chain, self.key)
            .expect("a leaf");
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Arc::new(config)
    }

    /// A server with this leaf that speaks everything.
    pub(crate) fn any_server(self) -> Arc<ServerConfig> {
        self.server(ring::default_provider(), rustls::ALL_VERSIONS)
    }
}
