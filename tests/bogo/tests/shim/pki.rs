//! Certificates of a test, in files for the shim.

use std::fs;
use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::crypto::CryptoProvider;
use rustls::{ALL_VERSIONS, ServerConfig};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

pub(crate) struct Pki {
    pub(crate) root: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
    files: PathBuf,
}

impl Pki {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        let root = params.self_signed(&key).expect("a root");
        let files = std::env::temp_dir().join(format!("bogo-{name}-{}", std::process::id()));
        fs::create_dir_all(&files).expect("a directory");
        fs::write(files.join("root.pem"), root.pem()).expect("written");
        Self {
            root: root.into(),
            issuer: Issuer::new(params, key),
            files,
        }
    }

    pub(crate) fn trust(&self) -> String {
        self.file("root.pem")
    }

    pub(crate) fn file(&self, name: &str) -> String {
        self.files.join(name).to_str().expect("text").to_owned()
    }

    pub(crate) fn leaf(
        &self,
        algorithm: &'static rcgen::SignatureAlgorithm,
    ) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
        let mut params = CertificateParams::new(["test".to_owned()]).expect("a name");
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2100, 1, 1);
        let key = KeyPair::generate_for(algorithm).expect("a key");
        let leaf = params.signed_by(&key, &self.issuer).expect("a leaf");
        let key_der = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        fs::write(self.files.join("client.pem"), leaf.pem()).expect("written");
        fs::write(self.files.join("client.key"), key.serialize_pem()).expect("written");
        (leaf.into(), key_der)
    }

    pub(crate) fn server(&self, provider: CryptoProvider) -> ServerConfig {
        let (leaf, key) = self.leaf(&rcgen::PKCS_ECDSA_P256_SHA256);
        ServerConfig::builder_with_provider(provider.into())
            .with_protocol_versions(ALL_VERSIONS)
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![leaf], key)
            .expect("a leaf")
    }
}

impl Drop for Pki {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.files);
    }
}
